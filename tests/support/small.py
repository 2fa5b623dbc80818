"""All installed networks, with hyperparameters that make them small."""

from __future__ import annotations

from matdata.features import featurizer
from matdata.training import TRAINERS, trainer
from matdata.training.contract import TorchTrainer, Trainer


def _of_materials(name: str) -> bool:
    """Whether a trainer has a network that reads materials alone, no columns of a table."""
    kind = TRAINERS.get(name)
    if not issubclass(kind, TorchTrainer):
        return False
    return all("columns" not in featurizer(spec).requires for spec in kind().inputs())


NETWORKS = [name for name in TRAINERS.names() if _of_materials(name)]
SMALL: dict[str, dict[str, object]] = {
    "alignn": {"width": 16, "embedding": 8, "alignn_layers": 2, "gcn_layers": 1},
    "cgcnn": {"width": 16, "layers": 2, "hidden": 16},
    "crabnet": {"width": 8, "layers": 1, "heads": 2, "feedforward": 8, "hidden": "8,8,8,8"},
    "elemnet": {"layers": (16, 16, 8, 4)},
    "finder": {"width": 10, "functions": (8, 6), "pool": 7, "filters": 3, "dense": (12, 8, 8, 6)},
    "geocgnn": {"channels": 16, "blocks": 2, "gaussians": 8, "mesh": 2},
    "lgdcnn": {"width": 16, "hidden": 8, "filters": 16, "blocks": 1},
    "ocrystalnet": {"hidden": 16},
    "quotient": {"width": 16, "update": 16, "layers": 1, "hidden": 16},
    "ogcnn": {"hidden": 8, "encoder": 16, "output_hidden": 8},
    "rescnn": {"filters": (4, 6, 8, 8), "dense": (12, 10, 10, 6)},
    "roost": {"width": 16, "layers": 1, "gates": 16, "hidden": 16, "trunk": "32", "output": "16"},
    "schnet": {"channels": 16, "filters": 16, "interactions": 2},
    "wren": {"layers": 1, "gates": 16, "hidden": 16, "trunk": "32", "output": "16"},
}


def small(name: str) -> Trainer:
    """A trainer of a network."""
    return trainer(name, SMALL.get(name, {}))
