from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from matdata.testing.trainers import TrainerContract


class TestGeoCGNN(TrainerContract):
    plugin = "geocgnn"
    hypers = {"channels": 16, "blocks": 2, "gaussians": 16, "mesh": 2}
    # batches of 8 leave batch normalisation noisy; a falling rate lets the error settle
    overfit: ClassVar[Mapping[str, Any]] = {**TrainerContract.overfit, "schedule": "cosine"}
