from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestExample(TrainerContract):
    plugin = "example"
    hypers = {"width": 16}
    # compositions of the sample repeat the same elements: the heart is learnt, but not quickly
    overfit = {"epochs": 300, "lr": 0.03, "batch_size": 8}
