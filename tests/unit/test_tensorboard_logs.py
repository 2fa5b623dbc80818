"""What TensorBoard shows of a training that was resumed."""

from __future__ import annotations

import pytest

from matdata.training.logs import RunLog


def scalars(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = accumulator.EventAccumulator(str(folder))
    read.Reload()
    return {
        tag: [(event.step, event.value) for event in read.Scalars(tag)]
        for tag in read.Tags()["scalars"]
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
