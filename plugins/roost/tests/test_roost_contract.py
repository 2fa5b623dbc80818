from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestRoost(TrainerContract):
    plugin = "roost"
    hypers = {"width": 16, "layers": 1, "gates": 16, "hidden": 16, "trunk": "32", "output": "16"}
    # The sample holds several prototypes of one formula, which a composition cannot tell apart.
    overfit_error = 0.6


class TestRoostOfMeans(TrainerContract):
    plugin = "roost"
    hypers = {
        "width": 16,
        "layers": 1,
        "hidden": 16,
        "pooling": "mean",
        "message_residual": "false",
        "output_network": "false",
    }
    overfit_error = 0.6
