from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestMEGNet(TrainerContract):
    plugin = "megnet"
    hypers = {
        "centres": 20,
        "dense": (16, 8),
        "convolution": (16, 16, 8),
        "output": (8, 8),
        "blocks": 2,
    }
