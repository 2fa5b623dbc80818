"""Commands that are killed and run again must end as those that were left alone.

A scenario prepares a cache, names the command that is killed, and says what is compared. Moments
are spread evenly over the changes of files that the command makes, or over its time.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.crystals import many
from support.files import write_csv

from fuzz.caches import digests, halves
from fuzz.commands import Commands, Done

TINY = "width=16 gates=16 hidden=16 trunk=32 output=16 layers=1 heads=1 pool_heads=1"
TIMES = ("seconds", "created", "table_sha256")  # of a record: not the same in two runs
RECORDS = ("result.json", "normalizer.json", "test.json")
WEIGHTS = ("best.safetensors",)


@dataclass(frozen=True)
class Scenario:
    """A command to kill: its arguments, what must be there before, how moments are told."""

    name: str
    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    by_time: bool = False
    output: str = ""


def _train(name: str, *more: str) -> tuple[str, ...]:
    loop = ("epochs=6", "threads=1", "device=cpu", "checkpoint_seconds=0", "tensorboard=false")
    settings = [f"train.{one}" for one in (*loop, *more)] + [f"hyper.{one}" for one in TINY.split()]
    sets = [word for one in settings for word in ("--set", one)]
    return ("train", "roost", "forms", "--target", "gap", "--name", name, *sets)


BUILT = ("build", "{home}/some.csv", "--workers", "1", "--symmetry", "none")
OFM = ("featurize", "some", "ofm", "--workers", "1", "--shard-rows", "8")
FORMS = ("build", "{home}/forms.csv", "--features", "composition-set", "--split", "60/20/20")
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("build", ("build", "{home}/large.csv", "--workers", "2", "--symmetry", "none"), (),
                 by_time=True),
        Scenario("featurize-zarr", (*OFM, "--store", "zarr"), (BUILT,)),
        Scenario("featurize-hdf5", (*OFM, "--store", "hdf5"), (BUILT,)),
        Scenario("split", ("split", "some", "--method", "kfold", "--set", "k=5"), (BUILT,)),
        Scenario("export", ("export", "some", "{home}/out/x.npz", "--format", "npz"), (BUILT,),
                 output="out"),
        Scenario("hull", ("hull", "forms", "--energy", "gap/atom", "--formation"), (FORMS,)),
        Scenario("train", _train("a"), (FORMS,)),
        Scenario("train-stacked", _train("a", "ensemble=2", "members=stacked"), (FORMS,)),
        Scenario("evaluate", ("evaluate", "a", "--no-pictures", "--device", "cpu"),
                 (FORMS, _train("a"))),
    )
}  # fmt: skip


class Kills:
    """Scenarios at work in a folder.

    Parameters
    ----------
    commands
        The process that runs them.
    home
        An empty folder; inputs are written into it.

    Attributes
    ----------
    hits
        Commands that were killed before they ended.
    """

    def __init__(self, commands: Commands, home: Path) -> None:
        self.commands = commands
        self.home = home
        self.hits = 0
        self._ready: dict[tuple[tuple[str, ...], ...], Path] = {}
        self._whole: dict[str, tuple[Done, dict[str, Any]]] = {}
        write_csv(home / "some.csv", many(60))
        write_csv(home / "large.csv", many(520))
        (home / "forms.csv").write_text(_formulas())

    def _run(self, cache: Path, arguments: tuple[str, ...], **moment: Any) -> Done:
        words = [one.format(home=cache.parent) for one in arguments]
        return self.commands.run(*words, "--cache", str(cache), "--quiet", **moment)

    def _fresh(self, scenario: Scenario, name: str) -> Path:
        """A folder with the inputs and a cache in which the command can be given."""
        if scenario.before not in self._ready:
            base = self.home / f"base-{len(self._ready)}"
            _inputs(self.home, base)
            for arguments in scenario.before:
                done = self._run(base / "cache", arguments)
                assert done.code == 0, (arguments, done.err)
            self._ready[scenario.before] = base
        target = self.home / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self._ready[scenario.before], target)
        return target / "cache"

    def whole(self, scenario: Scenario) -> tuple[Done, dict[str, Any]]:
        """How the command ends when it is left alone, and what it leaves."""
        if scenario.name not in self._whole:
            if scenario.by_time:  # the first time compiles and fills caches of the system
                self._run(self._fresh(scenario, "whole"), scenario.arguments)
            cache = self._fresh(scenario, "whole")
            done = self._run(cache, scenario.arguments)
            assert done.code == 0, (scenario.arguments, done.err)
            self._whole[scenario.name] = done, left(cache, scenario)
        return self._whole[scenario.name]

    def kill(self, scenario: Scenario, moment: float) -> list[str]:
        """Kill at this share of the whole and run again; returns what is wrong."""
        alone, expected = self.whole(scenario)
        cache = self._fresh(scenario, "killed")
        event = max(1, round(moment * alone.events))
        when: dict[str, Any] = {"event": event}
        if scenario.by_time:
            when = {"seconds": moment * alone.seconds}
        done = self._run(cache, scenario.arguments, **when)
        if not done.killed:
            return [f"it was not killed but ended with {done.code}: {done.err}"] * (done.code != 0)
        self.hits += 1
        wrong = [f"half an artefact: {one}" for one in halves(cache)]
        wrong += _verified(self._run(cache, ("verify",)), "after the kill")
        again = self._run(cache, scenario.arguments)
        if again.code != 0:
            return [*wrong, f"run again, it ended with {again.code}: {again.err}"]
        found = left(cache, scenario)
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                wrong.append(f"{name} differs: {found.get(name)} for {expected.get(name)}"[:400])
        return wrong + _verified(self._run(cache, ("verify",)), "run again")


def _verified(done: Done, when: str) -> list[str]:
    return [] if done.code == 0 else [f"verify, {when}: {done.out}{done.err}"]


def moments(count: int, seed: int) -> Iterator[float]:
    """Shares of the whole, one at random in each of `count` equal stretches."""
    rng = random.Random(seed)
    for k in range(count):
        yield (k + rng.random()) / count


def left(cache: Path, scenario: Scenario) -> dict[str, Any]:
    """What a command leaves that must not depend on kills: digests, and records without times."""
    found: dict[str, Any] = dict(digests(cache))
    for run in sorted((cache / "runs").glob("[!.]*")):
        for name in WEIGHTS:
            if (run / name).exists():
                found[f"{run.name}/{name}"] = _digest(run / name)
        for name in RECORDS:
            if (run / name).exists():
                record = json.loads((run / name).read_text())
                found[f"{run.name}/{name}"] = _timeless(record)
    if scenario.output:
        for path in sorted((cache.parent / scenario.output).rglob("*")):
            found[path.relative_to(cache.parent).as_posix()] = _digest(path)
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"


def _timeless(record: Any) -> Any:
    """A record without times, without digests that cover them (of logs too), and whether reused.

    An evaluation that was killed after it opened the test part is a second one afterwards.
    """
    if isinstance(record, dict):
        left_out = (*TIMES, "digest", "files", "reused", "opened")
        return {k: _timeless(v) for k, v in record.items() if k not in left_out}
    return [_timeless(one) for one in record] if isinstance(record, list) else record


def _inputs(home: Path, target: Path) -> None:
    (target / "out").mkdir(parents=True)
    (target / "cache").mkdir()
    for path in home.glob("*.csv"):
        shutil.copyfile(path, target / path.name)


def _formulas() -> str:
    """Forty formulas of three elements with a number to learn."""
    rng = random.Random(0)
    symbols = ("Li", "Na", "K", "Mg", "Ca", "Fe", "Co", "Ni", "Cu", "Zn", "O", "S", "Cl", "Br")
    rows = ["material_id,formula,gap"]
    for k in range(40):
        parts = [f"{one}{rng.randint(1, 4)}" for one in rng.sample(symbols, 3)]
        rows.append(f"f-{k:02},{''.join(parts)},{rng.random() * 5:.4f}")
    return "\n".join(rows) + "\n"
