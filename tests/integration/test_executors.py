"""Builds whose tasks run on an executor of the caller: the same bytes as without."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from support.crystals import many
from support.executors import Dropping, InCaller
from support.files import write_csv

import matdata as md

FEATURES = ("ofm", "space-group", "fractions")  # compiled kernels, Python code, formulas


@pytest.fixture(autouse=True)
def _small_tasks(monkeypatch):
    """Symmetry is shared from the first crystal on, not from as many as make it worth while."""
    monkeypatch.setattr("matdata.curate.survey.SYMMETRY_POOL", 1)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("source") / "some.csv", many(1100))


def _artefacts(cache: Path) -> dict[str, bytes]:
    """Every byte of every artefact; locks and receipts (time stamps) are no part of them."""
    return {
        path.relative_to(cache).as_posix(): path.read_bytes()
        for path in sorted(cache.rglob("*"))
        if path.is_file() and path.name != "receipt.json" and not path.name.startswith(".lock")
    }


def _build(source: Path, cache: Path, **options: object) -> dict[str, bytes]:
    made = md.build(source, cache=cache, shard_rows=200, **options)
    made.featurize(*FEATURES, shard_rows=200, **options)
    return _artefacts(cache)


@pytest.fixture(scope="module")
def alone(source, tmp_path_factory):
    return _build(source, tmp_path_factory.mktemp("alone"), workers=1)


@pytest.mark.slow
def test_threads_of_the_caller(source, alone, tmp_path):
    with ThreadPoolExecutor(2) as executor:
        assert _build(source, tmp_path, executor=executor, workers=2) == alone
        assert executor.submit(len, "open").result() == 4


@pytest.mark.slow
def test_processes_of_the_caller(source, alone, tmp_path):
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        assert _build(source, tmp_path, executor=executor, workers=2) == alone


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["threads", "processes", "dask"])
def test_schedulers_by_name(source, alone, scheduler, tmp_path):
    assert _build(source, tmp_path, scheduler=scheduler, workers=2) == alone


@pytest.mark.slow
def test_a_strangers_executor_is_given_every_kind_of_task(source, alone, tmp_path):
    executor = InCaller()
    assert _build(source, tmp_path, executor=executor) == alone
    assert set(executor.functions) == {"read", "survey_part", "compute_pass"}
    shards = -(-len(md.open("some", cache=tmp_path)) // 200)
    assert executor.functions.count("compute_pass") == len(FEATURES) * shards


@pytest.mark.slow
def test_lost_workers_of_every_stage_are_printed_and_on_record(source, alone, tmp_path, capsys):
    dropping = Dropping()
    assert _build(source, tmp_path, executor=dropping, quiet=False) == alone
    printed = capsys.readouterr().err
    receipts = {path.relative_to(tmp_path).parts[0]: json.loads(path.read_text())
                for path in tmp_path.glob("*/*/*/receipt.json")}  # fmt: skip
    stages = {"snapshots": "read", "datasets": "survey_part", "features": "compute_pass"}
    assert receipts.keys() == stages.keys()
    for kind, name in stages.items():
        lines = receipts[kind]["lost_workers"]
        assert lines
        assert all(f"a worker was lost in {name} (CancelledError)" in line for line in lines)
        assert all(line in printed for line in lines)


@pytest.mark.slow
def test_what_is_no_executor_is_refused_before_anything_is_read(source, tmp_path):
    with pytest.raises(md.ConfigError, match="str is no executor"):
        md.build(source, cache=tmp_path, executor="tcp://scheduler")
    assert not _artefacts(tmp_path)


@pytest.mark.slow
def test_features_are_returned_in_the_order_that_was_asked_for(source, tmp_path):
    made = md.build(source, cache=tmp_path, workers=1, symmetry="none", split=None)
    features = made.featurize("ofm", "fractions", set={"ofm": {"period_tag": True}})
    assert [one.manifest["feature"] for one in features] == ["ofm", "fractions"]
    assert features[0].featurizer.settings.period_tag
    assert made.features() == ["fractions", "ofm"]
    with pytest.raises(md.FeatureError, match="did you mean 'ofm'"):
        made.featurize("ofn")
