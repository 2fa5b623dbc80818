"""Several `matdata work` on one cache: whole shards by leases, the bytes of `matdata featurize`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.killing import artefacts

import matdata as md
from matdata.core.digest import digest_json
from matdata.core.errors import ConfigError, FeatureError, StoreError
from matdata.core.worker_identity import worker_identity
from matdata.features.building import shards
from matdata.features.building import work as working
from matdata.features.building.shared_shards import SharedShards
from matdata.store.artefact import STAGING
from matdata.store.leases import Leases
from matdata.store.locks import LOCK
from matdata.store.records import read_record, write_record

pytestmark = pytest.mark.slow

FEATURES = ["fractions", "magpie"]
OPTIONS = {"shard_rows": 10, "workers": 1}
PATIENCE = 120

#: `matdata work` that stops before it records its first shard, says so, and waits to be let go on.
STUCK = """
import sys, time
from pathlib import Path
from matdata.cli import main
from matdata.features.building import work
reached, go_on, arguments = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
records = work.records_of
def stuck(steps, workers):
    for record in records(steps, workers):
        reached.touch()
        while not go_on.exists():
            time.sleep(0.01)
        yield record
work.records_of = stuck
sys.exit(main(arguments))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A cache with a dataset alone."""
    cache = tmp_path_factory.mktemp("built")
    md.build("sample:120", name="s", cache=cache, workers=1)
    return cache


@pytest.fixture(scope="module")
def whole(built, tmp_path_factory) -> dict[str, bytes]:
    """What one process makes of it."""
    cache = tmp_path_factory.mktemp("whole") / "cache"
    shutil.copytree(built, cache)
    md.featurize("s", FEATURES, cache=cache, **OPTIONS)
    return artefacts(cache)


@pytest.fixture
def cache(built, tmp_path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "cache"))


def arguments(cache: Path, *more: str) -> list[str]:
    asked = ["work", "s", "--features", ",".join(FEATURES), "--shard-rows", "10", "--workers", "1"]
    return [*asked, "--cache", str(cache), *more]


def start(cache: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "matdata.cli", *arguments(cache, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def start_stuck(cache: Path, tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], Path]:
    """One that holds a lease and computed its shard; the path that lets it go on."""
    reached, go_on = tmp_path / "reached", tmp_path / "go-on"
    command = [sys.executable, "-c", STUCK, str(reached), str(go_on), *arguments(cache, *more)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
    deadline = time.monotonic() + PATIENCE
    while not reached.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process, go_on


def work(cache: Path, **more: object) -> list[md.Feature]:
    return md.work("s", FEATURES, cache=cache, **OPTIONS, **more)


def hidden(cache: Path) -> list[str]:
    """What was left in the way."""
    marks = (LOCK, STAGING, ".tmp-")
    return [path.name for path in cache.rglob(".*") if path.name.startswith(marks)]


def test_one_process_alone_makes_the_bytes_of_featurize(whole, cache):
    features = work(cache)
    assert [feature.featurizer.spec for feature in features] == FEATURES
    assert artefacts(cache) == whole
    assert hidden(cache) == []


def test_one_that_comes_late_finds_it_unchanged(whole, cache, capsys):
    from matdata.cli import main

    md.featurize("s", FEATURES, cache=cache, **OPTIONS)
    assert main(arguments(cache, "--json", "--quiet")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["unchanged"] is True
    assert document["states"] == ["unchanged", "unchanged"]
    assert artefacts(cache) == whole


def test_shards_that_others_hold_are_left_to_them(cache, monkeypatch):
    """A process takes what is free first, and waits for the rest."""
    computed = []
    records = working.records_of

    def computing(steps, workers):
        for step in steps:
            shards = [task.shard for task in step.tasks]
            computed.extend(zip([job.featurizer.spec for job in step.jobs], shards, strict=True))
        return records(steps, workers)

    shared = working.shared_shards
    held = []

    def taken_by_another(job):
        shards = shared(job)
        if job.featurizer.spec == "fractions":
            held.append(Leases(job.home, shards.name).take("00001"))
        return shards

    def pause(seconds: float) -> None:
        held[0].release()

    monkeypatch.setattr(working, "records_of", computing)
    monkeypatch.setattr(working, "shared_shards", taken_by_another)
    monkeypatch.setattr(working.time, "sleep", pause)
    work(cache)
    assert computed[-1] == ("fractions", 1)
    assert sorted(computed) == [(spec, shard) for spec in FEATURES for shard in range(4)]


class Stopped(Exception):
    """Ends a worker where a kill would."""


def work_until(monkeypatch, cache: Path, place: object, name: str) -> None:
    """Work until a function is called."""

    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(place, name, stop)
        with pytest.raises(Stopped):
            work(cache)


def test_featurize_takes_over_what_workers_finished(whole, cache, monkeypatch):
    work_until(monkeypatch, cache, working._Shared, "finish")
    records = list(cache.glob("features/*/.building-*-shared/records/*"))
    assert len(records) == 8
    computed = []
    monkeypatch.setattr("matdata.features.building.shards.write_shard", computed.append)
    md.featurize("s", FEATURES, cache=cache, **OPTIONS)
    assert computed == []
    assert artefacts(cache) == whole
    assert hidden(cache) == []


@pytest.mark.parametrize("damage", ["part", "record", "record of another shard"])
def test_a_damaged_shard_of_a_worker_is_computed_again(whole, cache, monkeypatch, damage):
    work_until(monkeypatch, cache, working._Shared, "finish")
    for shared in cache.glob("features/*/.building-*-shared"):
        record = shared / "records" / "00001.json"
        if damage == "part":
            (shared / "ledger" / "00001.parquet").write_bytes(b"x")
        else:
            other = (shared / "records" / "00000.json").read_bytes()
            record.write_bytes(b"{}" if damage == "record" else other)
    work(cache)
    assert artefacts(cache) == whole


def test_other_bytes_of_the_same_shard_are_an_error(cache, monkeypatch):
    work_until(monkeypatch, cache, SharedShards, "record")
    (part,) = cache.glob("features/*/.building-*-shared/ledger/*")
    part.write_bytes(b"of another worker")
    with pytest.raises(StoreError, match="different bytes"):
        work(cache)


def test_a_process_unlike_those_at_work_is_refused(cache, monkeypatch):
    work_until(monkeypatch, cache, SharedShards, "record")
    with monkeypatch.context() as patched:
        other = {**worker_identity(), "numba": "0.1"}
        patched.setattr(working, "worker_identity", lambda: other)
        patched.setattr("matdata.core.worker_identity.worker_identity", lambda: other)
        shared = next(cache.glob("features/*/.building-*-shared"))
        lease = Leases(shared.parent, shared.name.removeprefix(STAGING)).take("00003")
        assert lease is not None
        with pytest.raises(ConfigError, match="differs from where the command was given in numba"):
            work(cache)
        lease.release()


@pytest.mark.parametrize("again", [md.work, md.featurize])
def test_shards_of_another_processor_are_computed_again(whole, cache, monkeypatch, again):
    work_until(monkeypatch, cache, working._Shared, "finish")
    other = {**worker_identity(), "machine": "another"}
    for shared in cache.glob("features/*/.building-*-shared"):
        write_record(shared / "identity.json", other)
        for path in (shared / "records").iterdir():
            content = read_record(path)
            write_record(path, {**content, "worker": digest_json(other)})
    computed = []
    write_shard = shards.write_shard

    def writing(task, *more):
        computed.append(task.shard)
        return write_shard(task, *more)

    monkeypatch.setattr(shards, "write_shard", writing)
    again("s", FEATURES, cache=cache, **OPTIONS)  # nobody is at work any more
    assert sorted(computed) == sorted([0, 1, 2, 3] * 2)
    assert artefacts(cache) == whole


def test_features_with_the_same_intermediates_are_computed_in_one_pass(cache, monkeypatch):
    features = ["ofm", "voronoi"]
    whole = Path(shutil.copytree(cache, cache.with_name("whole")))
    md.featurize("s", features, cache=whole, **OPTIONS)
    passes = []
    records = working.records_of

    def computing(steps, workers):
        passes.extend(len(step.jobs) for step in steps)
        return records(steps, workers)

    monkeypatch.setattr(working, "records_of", computing)
    md.work("s", features, cache=cache, **OPTIONS)
    assert passes == [2] * 4
    assert artefacts(cache) == artefacts(whole)


def test_a_feature_of_a_pass_that_another_process_holds_is_left_to_it(cache, monkeypatch):
    """Its companion is computed alone, once nothing else is free."""
    features = ["ofm", "voronoi"]
    whole = Path(shutil.copytree(cache, cache.with_name("whole")))
    md.featurize("s", features, cache=whole, **OPTIONS)
    shared, records, held, passes = working.shared_shards, working.records_of, [], []

    def taken_by_another(job):
        shards = shared(job)
        if job.featurizer.spec == "ofm":
            held.append(Leases(job.home, shards.name).take("00001"))
        return shards

    def computing(steps, workers):
        for step in steps:
            specs = [job.featurizer.spec for job in step.jobs]
            passes.append((specs, step.tasks[0].shard))
        return records(steps, workers)

    monkeypatch.setattr(working, "shared_shards", taken_by_another)
    monkeypatch.setattr(working, "records_of", computing)
    monkeypatch.setattr(working.time, "sleep", lambda seconds: held[0].release())
    md.work("s", features, cache=cache, **OPTIONS)
    assert sorted(passes[:3]) == [(features, shard) for shard in (0, 2, 3)]
    assert passes[3:] == [(["voronoi"], 1), (["ofm"], 1)]
    assert artefacts(cache) == artefacts(whole)


def test_rows_of_an_older_version_are_copied(cache, monkeypatch):
    features = ["ofm"]
    md.featurize("s", features, cache=cache, **OPTIONS)
    grown = Path(shutil.copytree(cache, cache.with_name("grown")))
    for place in (cache, grown):
        md.build("sample:130", name="s", cache=place, workers=1)
    md.featurize("s", features, cache=grown, reuse=False, **OPTIONS)
    reused = []
    record = SharedShards.record

    def recording(self, made):
        reused.append(made.reused)
        record(self, made)

    monkeypatch.setattr(SharedShards, "record", recording)
    md.work("s", features, cache=cache, **OPTIONS)
    assert sum(reused) > 0
    assert artefacts(cache) == artefacts(grown)
    assert hidden(cache) == []


def test_between_two_shards_nothing_of_it_goes(whole, cache, monkeypatch):
    """Neither `gc` nor `rm` take from under a process what it has joined."""
    kept = []
    step = working._Pass.step

    def sweeping(self):
        outcome = step(self)  # its leases are released
        kept.extend(one.why for one in md.gc(cache=cache).kept)
        with pytest.raises(StoreError, match="works on it"):
            md.rm("s", cascade=True, cache=cache)
        return outcome

    with monkeypatch.context() as patched:
        patched.setattr(working._Pass, "step", sweeping)
        work(cache)
    assert kept
    assert all(f"process {os.getpid()} works on it" in why for why in kept)
    assert artefacts(cache) == whole
    assert hidden(cache) == []


def test_what_vanished_processes_have_left_goes(whole, cache, monkeypatch):
    work_until(monkeypatch, cache, working._Shared, "finish")
    removed = md.gc(cache=cache).removed
    assert [one.kind for one in removed] == ["unfinished"] * len(FEATURES)
    work(cache)
    assert artefacts(cache) == whole
    assert hidden(cache) == []


@pytest.mark.parametrize("bad", [0, -1, 0.5])
def test_a_lease_of_no_time_is_refused(cache, bad):
    with pytest.raises(ConfigError, match="lease_timeout"):
        work(cache, lease_timeout=bad)


def test_an_unknown_feature_is_refused_before_anything_is_written(cache):
    with pytest.raises((FeatureError, ConfigError)):
        md.work("s", "no-such-feature", cache=cache)
    assert not list(cache.glob("features/*/*"))


@pytest.mark.slow
def test_several_processes_make_the_bytes_of_one(whole, cache):
    processes = [start(cache) for _ in range(3)]
    outputs = [process.communicate(timeout=PATIENCE) for process in processes]
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors
    assert artefacts(cache) == whole
    assert hidden(cache) == []


@pytest.mark.slow
def test_the_shard_of_a_killed_process_is_taken_by_another(whole, cache, tmp_path_factory):
    victim, _ = start_stuck(cache, tmp_path_factory.mktemp("stuck"), "--lease-timeout", "3600")
    other = start(cache)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    _, errors = other.communicate(timeout=PATIENCE)
    assert other.returncode == 0, errors
    assert artefacts(cache) == whole
    assert hidden(cache) == []


@pytest.mark.slow
def test_a_stopped_process_loses_its_shard_and_ends_well(whole, cache, tmp_path_factory):
    """It comes back when the feature is there, and its own shard is of no use any more."""
    victim, go_on = start_stuck(cache, tmp_path_factory.mktemp("stuck"), "--lease-timeout", "2")
    victim.send_signal(signal.SIGSTOP)
    work(cache)
    go_on.touch()
    victim.send_signal(signal.SIGCONT)
    output, errors = victim.communicate(timeout=PATIENCE)
    assert victim.returncode == 0, errors
    assert "is left to others: this one showed no sign of life for 2 s" in errors
    assert "unchanged" in output
    assert "Traceback" not in errors
    assert artefacts(cache) == whole
    assert hidden(cache) == []


@pytest.mark.slow
def test_featurize_and_work_live_beside_each_other(whole, cache, tmp_path_factory):
    victim, go_on = start_stuck(cache, tmp_path_factory.mktemp("stuck"))
    md.featurize("s", FEATURES, cache=cache, **OPTIONS)
    go_on.touch()
    output, errors = victim.communicate(timeout=PATIENCE)
    assert victim.returncode == 0, errors
    assert "unchanged" in output
    assert artefacts(cache) == whole
    assert hidden(cache) == []
