from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from matdata.testing.trainers import TrainerContract


class TestALIGNN(TrainerContract):
    plugin = "alignn"
    hypers = {"width": 16, "embedding": 8, "alignn_layers": 1, "gcn_layers": 1}
    # batches of 8 leave batch normalisation noisy; a falling rate lets the error settle
    overfit: ClassVar[Mapping[str, Any]] = {**TrainerContract.overfit, "schedule": "cosine"}
