"""The record of opened test parts, which is stored next to the version of the dataset."""

from __future__ import annotations

import multiprocessing

import pytest

from matdata.core.errors import StoreError, TrainError
from matdata.evaluation.openings import Opening, openings_path, read_openings, record_opening


def opening(training="t", weights="w", run="a"):
    return Opening("main", "s", run, training, weights, "2026-01-31T12:00:00Z")


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "1-abc"
    folder.mkdir()
    return folder


def test_a_training_opens_once_and_is_known_under_any_name(dataset):
    assert read_openings(dataset) == []
    assert record_opening(dataset, opening()) == (opening(), True)
    assert record_opening(dataset, opening(run="copy")) == (opening(), False)
    with pytest.raises(TrainError, match=r"other weights \(run 'a'\)"):
        record_opening(dataset, opening(weights="changed", run="copy"))
    other = opening("another seed", "v", "b")
    assert record_opening(dataset, other) == (other, True)
    assert read_openings(dataset) == [opening(), other]


def _open_some(dataset, worker):
    for number in range(10):
        record_opening(dataset, opening(f"{worker}-{number}"))


@pytest.mark.slow
def test_processes_lose_no_opening_of_each_other(dataset):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_open_some, args=(dataset, k)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    trainings = {one.training for one in read_openings(dataset)}
    assert trainings == {f"{k}-{number}" for k in range(4) for number in range(10)}


@pytest.mark.slow
def test_any_flipped_byte_is_reported(dataset):
    record_opening(dataset, opening())
    record_opening(dataset, opening("other"))
    path = openings_path(dataset)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        with pytest.raises(StoreError, match=r"openings\.jsonl is damaged"):
            read_openings(dataset)
    for end in (1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(StoreError, match=r"openings\.jsonl is damaged"):
            read_openings(dataset)


def test_any_change_is_reported_with_its_line(dataset):
    for name in "xyz":
        record_opening(dataset, opening(name))
    path = openings_path(dataset)
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in (
        [lines[0], lines[2]],
        [lines[0], lines[1].replace(b'"y"', b'"z"'), lines[2]],
        [lines[0], b"[" * 100_000 + b"\n"],
    ):
        path.write_bytes(b"".join(changed))
        with pytest.raises(StoreError, match=r"openings\.jsonl is damaged: line 2"):
            read_openings(dataset)
        with pytest.raises(StoreError):
            record_opening(dataset, opening("new"))


def test_an_opening_on_record_is_read_without_a_lock(dataset, monkeypatch):
    record_opening(dataset, opening())
    monkeypatch.delattr("matdata.evaluation.openings.holding")
    assert record_opening(dataset, opening(run="copy")) == (opening(), False)
