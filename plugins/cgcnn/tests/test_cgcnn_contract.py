from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestCGCNN(TrainerContract):
    plugin = "cgcnn"
    hypers = {"width": 16, "layers": 2, "hidden": 16}
