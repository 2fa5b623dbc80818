from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from matdata.testing.trainers import TrainerContract


class TestQuotient(TrainerContract):
    plugin = "quotient"
    hypers = {"width": 16, "update": 16, "layers": 2, "hidden": 16}
    # batches of 8 leave batch normalisation noisy; a falling rate lets the error settle
    overfit: ClassVar[Mapping[str, Any]] = {**TrainerContract.overfit, "schedule": "cosine"}
