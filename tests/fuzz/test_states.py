"""A cache in the hands of many: commands in any order, killed, at once, with damage and clocks."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fuzz import samples, seeds
from fuzz.caches import artefact_files, copied, digests, halves, move_clock
from fuzz.commands import Command, Commands, Done
from fuzz.zygote import folder as fast_folder

pytestmark = pytest.mark.slow

LONG = int(os.environ.get("MATDATA_FUZZ", "0"))
RUNNING: list[Commands] = []  # the process that runs commands, one for all examples
SEEN: dict[str, str] = {}  # digest of each file of an artefact, over all caches
EXPORTS: dict[tuple[str, str], bytes] = {}  # by digest of a dataset and format
INPUTS = ("one.jsonl", "two.jsonl", "forms.csv")
OPTIONS = ((), ("--symmetry", "none"), ("--dedupe", "none", "--seed", "3"))
ELEMENTS = ("element:cgcnn92", "--set", "element.per=element")  # of formulas as well
FEATURES = (("fractions",), ("composition-set",), ELEMENTS)
# Deduplication leaves five crystals of a file, all of which `stable` may put in one part: with seed
# 0 and two equal parts none of the files' parts is empty.
STABLE = ("--method", "stable", "--split", "50/50")
SPLITS = (("--seed", "1"), ("--seed", "2", "--split", "80/20"), STABLE)
FORMATS = ("csv", "parquet")
share = st.floats(0.01, 0.99)


def write_inputs(home: Path) -> None:
    """Two files of crystals, and one of formulas."""
    for name, stretch in (("one", 0.01), ("two", 0.02)):
        documents = []
        for k in range(20):
            document = seeds.document(k % 5)
            for row in document["structure"]["lattice"]["matrix"]:
                row[:] = [x * (1 + stretch * k) for x in row]
            documents.append({**document, "material_id": f"{name}-{k:02}"})
        (home / f"{name}.jsonl").write_text(seeds.lines(documents))
    rows = [[f"f-{k:02}", list(samples.FORMULAS)[k], k / 8] for k in range(12)]
    with open(home / "forms.csv", "w", newline="") as file:
        csv.writer(file).writerows([["material_id", "formula", "gap"], *rows])


@pytest.fixture(scope="module", autouse=True)
def _commands():
    with Commands() as running:
        RUNNING.append(running)
        yield
    RUNNING.clear()


class Caches(RuleBasedStateMachine):
    """One cache; every rule is something that a user, a machine or bad luck does to it."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="fuzz-", dir=fast_folder()))
        write_inputs(self.home)
        self.cache = self.home / "cache"
        self.copies = 0
        self.names: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "home"):
            shutil.rmtree(self.home, ignore_errors=True)

    def _command(self, *arguments: str, event: int = 0) -> Command:
        return Command((*arguments, "--cache", str(self.cache), "--quiet"), event)

    def _run(self, *arguments: str, event: int = 0) -> Done:
        return RUNNING[0].together(self._command(*arguments, event=event))[0]

    def _must(self, *arguments: str) -> Done:
        done = self._run(*arguments)
        assert done.code == 0, (arguments, done.err)
        return done

    def _build(self, source: str, options: tuple[str, ...]) -> tuple[str, ...]:
        return ("build", str(self.home / source), "--workers", "1", *options)

    @rule(source=st.sampled_from(INPUTS), options=st.sampled_from(OPTIONS))
    def build(self, source: str, options: tuple[str, ...]) -> None:
        self._must(*self._build(source, options))
        self.names.add(source.partition(".")[0])

    @rule(source=st.sampled_from(INPUTS), options=st.sampled_from(OPTIONS), when=share)
    def build_killed(self, source: str, options: tuple[str, ...], when: float) -> None:
        self._killed(self._build(source, options), when)
        self.names.add(source.partition(".")[0])

    def _killed(self, arguments: tuple[str, ...], when: float) -> None:
        """Kill a command at one of its changes of files, look at the cache, and run it again."""
        trial = copied(self.cache, self.home / "trial") if self.cache.exists() else None
        elsewhere = [*arguments, "--cache", str(self.home / "trial"), "--quiet"]
        whole = RUNNING[0].run(*elsewhere)
        shutil.rmtree(trial or self.home / "trial", ignore_errors=True)
        assert whole.code == 0, (arguments, whole.err)
        done = self._run(*arguments, event=max(1, round(when * whole.events)))
        assert done.killed or done.code == 0, (arguments, done.err)
        self.whole()
        self._must(*arguments)

    @precondition(lambda self: self.names)
    @rule(
        data=st.data(), feature=st.sampled_from(FEATURES), store=st.sampled_from(("zarr", "hdf5"))
    )
    def feature(self, data: st.DataObject, feature: tuple[str, ...], store: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.names)))
        arguments = ("featurize", name, *feature, "--store", store, "--workers", "1")
        if data.draw(st.booleans()):
            self._killed(arguments, data.draw(share))
        else:
            self._must(*arguments)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), options=st.sampled_from(SPLITS))
    def split(self, data: st.DataObject, options: tuple[str, ...]) -> None:
        name = data.draw(st.sampled_from(sorted(self.names)))
        if data.draw(st.booleans()):
            self._killed(("split", name, *options), data.draw(share))
        else:
            self._must("split", name, *options)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), kind=st.sampled_from(FORMATS))
    def export(self, data: st.DataObject, kind: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.names)))
        self._exported(name, kind, self._must)

    def _exported(self, name: str, kind: str, run) -> None:
        """Export; what is written must be what was written of this dataset before."""
        about = self._run("info", name, "--json")
        target = self.home / "out" / f"x.{kind}"
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir()
        done = run("export", name, str(target), "--format", kind)
        if done.code != 0:
            assert not any(target.parent.iterdir()), "half an export"
            return
        if about.code == 0:
            version = json.loads(about.out)
            key = str(version.get("dataset") or version.get("ref") or version), kind
            assert EXPORTS.setdefault(key, target.read_bytes()) == target.read_bytes()
        assert [path.name for path in target.parent.iterdir()] == [target.name]

    @rule(source=st.sampled_from(INPUTS), other=st.sampled_from(INPUTS))
    def at_once(self, source: str, other: str) -> None:
        builds = [self._command(*self._build(one, ())) for one in (source, other, source)]
        for done in RUNNING[0].together(*builds):
            assert done.code == 0, done.err
        self.names |= {source.partition(".")[0], other.partition(".")[0]}

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def added_at_once(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.names)))
        commands = [self._command("split", name, *one) for one in (SPLITS[0], SPLITS[2], SPLITS[0])]
        commands.append(self._command("featurize", name, *FEATURES[0], "--workers", "1"))
        for done in RUNNING[0].together(*commands):
            assert done.code == 0, done.err

    @precondition(lambda self: self.names)
    @rule(data=st.data(), gone=st.booleans())
    def damage(self, data: st.DataObject, gone: bool) -> None:
        """Flip a bit of a file, or remove it; then mend it."""
        path = data.draw(st.sampled_from(artefact_files(self.cache)), label="file")
        name = data.draw(st.sampled_from(sorted(self.names)))
        whole = path.read_bytes()
        if gone or not whole:
            path.unlink()
        else:
            place = data.draw(st.integers(0, len(whole) - 1))
            bit = 1 << data.draw(st.integers(0, 7))
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        found = self._run("verify")
        assert found.code == 1, f"verify sees nothing of {path}"
        assert path.name in found.out + found.err or path.parent.name in found.out, found.out
        assert "Traceback" not in found.err
        self._exported(name, "csv", self._run)
        for command in (("list",), ("info", name)):
            assert "Traceback" not in self._run(*command).err
        path.write_bytes(whole)

    @precondition(lambda self: self.names)
    @rule(days=st.integers(-4000, 4000))
    def clock(self, days: int) -> None:
        move_clock(self.cache, days * 86400.0)

    @precondition(lambda self: self.names)
    @rule()
    def copy(self) -> None:
        self.copies += 1
        old, self.cache = self.cache, copied(self.cache, self.home / f"cache-{self.copies}")
        shutil.rmtree(old)

    @invariant()
    def whole(self) -> None:
        """What is finished is whole, has the bytes it always has, and the cache says so."""
        if not hasattr(self, "cache") or not self.cache.exists():
            return
        assert halves(self.cache) == []
        for name, digest in digests(self.cache).items():
            assert SEEN.setdefault(name, digest) == digest, f"{name} has other bytes than before"
        checked, listed = RUNNING[0].together(self._command("verify"), self._command("list"))
        assert checked.code == 0, checked.out + checked.err
        assert listed.code == 0, listed.err
        assert "DAMAGED" not in listed.out
        assert ".building" not in listed.out + checked.out


Caches.TestCase.settings = settings(
    max_examples=min(LONG // 100, 50) or 3,
    stateful_step_count=25 if LONG else 7,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
test_states = Caches.TestCase
