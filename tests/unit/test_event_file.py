"""Event files are those that TensorBoard reads."""

from __future__ import annotations

import pytest

from matdata.training.event_file import EventFile, crc32c
from matdata.training.logs import RunLog


def test_the_checksum_is_that_of_the_standard():
    """RFC 3720, appendix B.4."""
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def scalars(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = accumulator.EventAccumulator(str(folder))
    read.Reload()
    return {
        tag: [(event.step, event.value) for event in read.Scalars(tag)]
        for tag in read.Tags()["scalars"]
    }


def test_tensorboard_reads_what_is_written(tmp_path):
    file = EventFile(tmp_path)
    for step in (1, 300, 70_000):
        file.add({"train_loss": step / 8, "val error": -0.5}, step)
    file.close()
    assert scalars(tmp_path) == {
        "train_loss": [(1, 0.125), (300, 37.5), (70_000, 8750.0)],
        "val error": [(1, -0.5), (300, -0.5), (70_000, -0.5)],
    }


def test_a_training_that_goes_on_replaces_what_came_after_its_checkpoint(tmp_path):
    log = RunLog(tmp_path, tensorboard=True)
    for epoch in (1, 2, 3):
        log.add({"epoch": epoch, "step": 10 * epoch, "train_loss": 1.0, "seconds": 0.0})
    log.close()
    log = RunLog(tmp_path, epoch=2, tensorboard=True)
    log.add({"epoch": 3, "step": 30, "train_loss": 0.5, "seconds": 0.0})
    log.close()
    assert scalars(tmp_path / "tensorboard")["train_loss"] == [(10, 1.0), (20, 1.0), (30, 0.5)]
