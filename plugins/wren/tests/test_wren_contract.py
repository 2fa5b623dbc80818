from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestWren(TrainerContract):
    plugin = "wren"
    hypers = {"layers": 1, "gates": 16, "hidden": 16, "trunk": "32", "output": "16"}
