"""Carries out what an item takes: builds, trains, evaluates, draws, and records the outcome.

What is on record already is not trained again: the same command continues one that was stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matdata import __version__, cli
from matdata.core.console import Console
from matdata.plugin import FitTrainer, SourceError, TrainError
from matdata.store.records import write_record
from matdata.training import TRAINERS
from matdata_recipes import places, train
from matdata_recipes.preset_data import DATA
from matdata_recipes.presets import Preset, changed
from matdata_recipes.reproduce import analyses, ours
from matdata_recipes.reproduce.asked import chosen, require_possible, require_seeds, require_there
from matdata_recipes.reproduce.items import Item, Need

#: Of the small scale: records of each file, epochs, members of ensembles.
LIMIT, EPOCHS, MEMBERS = 300, 2, 2


@dataclass(frozen=True)
class Plan:
    """One carrying out of an item.

    Attributes
    ----------
    item
        What is made.
    presets
        Its presets, or those that were asked for.
    seeds
        Of split and weights.
    given
        Files and folders that the user names.
    small
        Whether it only shows that everything works.
    cache
        Where datasets and runs go.
    results, analysed
        Folders of records.
    pictures
        Folder of pictures; None: none are drawn.
    threads
        Of torch.
    console
        Where progress is reported.
    """

    item: Item
    presets: tuple[Preset, ...]
    seeds: tuple[int, ...]
    given: tuple[Path, ...]
    small: bool
    cache: Path
    results: Path
    analysed: Path
    pictures: Path | None
    threads: int
    console: Console


def plan_of(
    item: Item,
    given: Sequence[str],
    cache: Path,
    console: Console,
    *,
    small: bool,
    only: str = "*",
    seeds: tuple[int, ...] = (),
    pictures: Path | None = None,
    threads: int = 1,
) -> Plan:
    """What is to be carried out; records of the small scale stay in the cache, and apart.

    Raises
    ------
    ConfigError
        If the item cannot be made, `only` leaves nothing or too little, or seeds are not such.
    SourceError
        If data are missing, with what to fetch.
    """
    require_possible(item)
    presets = chosen(item, only)
    require_seeds(seeds)
    home = cache / "recipes" / "small" if small else cache
    plan = Plan(
        item=item,
        presets=presets,
        seeds=seeds or ((0,) if small else item.seeds),
        given=tuple(Path(one).expanduser() for one in given),
        small=small,
        cache=home,
        results=home / "results" if small else places.written("results", cache),
        analysed=home / "analyses" if small else places.written("analyses", cache),
        pictures=pictures,
        threads=threads,
        console=console,
    )
    require_there(plan.given)
    _require_data(plan)
    return plan


def _needed(plan: Plan) -> list[Need]:
    needs = [*plan.item.needs]
    for preset in plan.presets:
        needs += [Need(file, DATA[preset.data].where) for file in preset.files]
    return list(dict.fromkeys(needs))


def _require_data(plan: Plan) -> None:
    lacking = [need for need in _needed(plan) if _located(need.file, plan) is None]
    if not lacking:
        return
    shown = ", ".join(need.file for need in lacking[:6]) + (", …" if len(lacking) > 6 else "")
    raise SourceError(
        f"{plan.item.ref} needs {len(lacking)} files that are not there: {shown}",
        next_step="fetch them and name their folder with --from, or fewer presets with --only: "
        + "; ".join(dict.fromkeys(need.where for need in lacking)),
    )


def _located(needed: str, plan: Plan) -> Path | None:
    """The file among those given: by its name or the end of its path, packed or not."""
    names = (needed, f"{needed}.gz", needed.removesuffix(".gz"))
    for path in plan.given:
        ends = [path / name for name in (*names, *(Path(name).name for name in names))]
        if path.is_dir():
            found = next((end for end in ends if end.exists()), None)
            if found is not None:
                return found
        if path.exists() and any(path.as_posix().endswith(f"/{name}") for name in names):
            return path
        if path.name in names and path.exists():
            return path
    alone = plan.given[0] if len(plan.given) == 1 and len(_needed(plan)) == 1 else None
    if alone is None or not alone.exists():
        return None
    # a file of another name; a folder only where a folder is needed
    return alone if alone.is_file() or not Path(needed).suffix else None


def carry_out(plan: Plan) -> None:
    """Do all of it.

    Raises
    ------
    MatdataError
        If a step fails; what was finished before is kept.
    """
    runs = []
    for preset in plan.presets:
        for seed in plan.seeds:
            runs.append(_trained(preset, seed, plan))
    checks: list[analyses.Check] = []
    if plan.item.analysis:
        checks = _analysed(plan)
    record = {
        "item": plan.item.ref,
        "matdata": __version__,
        "checks": [asdict(check) for check in checks],
        "runs": runs,
        "files": sorted(path.name for path in plan.given),
    }
    plan.analysed.mkdir(parents=True, exist_ok=True)
    write_record(plan.analysed / ours.file_of(plan.item), record)


def _analysed(plan: Plan) -> list[analyses.Check]:
    files = [_located(need.file, plan) for need in plan.item.needs]
    asked = analyses.Asked(
        item=plan.item,
        files=[file for file in files if file is not None],
        cache=plan.cache,
        pictures=plan.pictures,
        console=plan.console,
        limit=LIMIT if plan.small else None,
        seeds=plan.seeds,
        threads=plan.threads,
        presets=plan.presets,
    )
    return analyses.ANALYSES[plan.item.analysis](asked)


def _trained(preset: Preset, seed: int, plan: Plan) -> str:
    """Train and evaluate a preset; returns the name of its run."""
    run = preset.run(seed)
    given = train.parser().parse_args(_words(preset, seed, plan))
    if (plan.results / f"{run}.json").is_file() and plan.pictures is None:
        plan.console.say(f"{run}: on record")
    else:
        own = changed(preset, _small(preset), {}) if plan.small else preset
        for words in train.commands(own, given):
            _carry(_limited(words, preset) if plan.small else words, given)
    if plan.pictures is not None:
        for words in _steps(preset, seed, plan):
            _matdata([*words, "--cache", str(plan.cache)], plan)
        _collect(run, plan)
    return run


def _words(preset: Preset, seed: int, plan: Plan) -> list[str]:
    files = [str(_located(file, plan)) for file in preset.files]
    words = [preset.name, "--from", *files, "--seed", str(seed), "--cache", str(plan.cache)]
    words += ["--threads", str(plan.threads), "--results", str(plan.results)]
    words += ["--quiet"] if plan.console.quiet else []
    return words + (["--pictures"] if plan.pictures is not None else [])


def _small(preset: Preset) -> dict[str, object]:
    settings: dict[str, object] = {}
    if not issubclass(TRAINERS.get(preset.plugin), FitTrainer):
        settings["epochs"] = EPOCHS
    if preset.settings.get("ensemble", 1) > MEMBERS:
        settings["ensemble"] = MEMBERS
    if "gamma" in preset.settings:  # of the whole schedule
        settings["gamma"] = 0.99
    return settings


def _limited(words: Sequence[str], preset: Preset) -> list[str]:
    """A command that builds, with a limit; published folds are of whole tables."""
    builds = words[0] == "python" and "results" not in words[2]
    builds = builds or tuple(words[:2]) == ("matdata", "build")
    if builds and not DATA[preset.data].folds:
        return [*words, "--limit", str(LIMIT)]
    return list(words)


def _carry(words: Sequence[str], given: argparse.Namespace) -> None:
    own = contextlib.redirect_stdout(io.StringIO()) if given.quiet else contextlib.nullcontext()
    with own:  # `train` prints its commands whatever it is asked
        code = train.carry_out(words, given)
    if code:
        raise TrainError(
            f"`{shlex.join(words)}` ended with exit code {code}",
            next_step="its message stands above; the same command goes on from there",
        )


def _steps(preset: Preset, seed: int, plan: Plan) -> Iterator[list[str]]:
    run = preset.run(seed)
    for step in plan.item.steps:
        first = plan.item.presets[0]
        if "{first}" in step and preset == first:
            continue  # a run beside itself
        names = {"run": run, "dataset": DATA[preset.data].dataset, "first": first.run(seed)}
        names["seed"] = str(seed)
        yield [word.format(**names) for word in shlex.split(step)[1:]]


def _matdata(words: Sequence[str], plan: Plan) -> None:
    plan.console.say(f"$ matdata {shlex.join(words)}")
    code = cli.main([*words, "--quiet"])
    if code:
        raise TrainError(f"`matdata {shlex.join(words)}` ended with exit code {code}")


def _collect(run: str, plan: Plan) -> None:
    """Copy the pictures of a run."""
    assert plan.pictures is not None
    plan.pictures.mkdir(parents=True, exist_ok=True)
    for folder in sorted((plan.cache / "runs").glob(f"{run}*")):
        for path in sorted(folder.rglob("*.png")):
            shutil.copy(path, plan.pictures / f"{folder.name}-{path.stem}.png")
