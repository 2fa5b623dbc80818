from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestSchNet(TrainerContract):
    plugin = "schnet"
    hypers = {"gaussians": 20, "channels": 16, "filters": 16, "interactions": 2}
