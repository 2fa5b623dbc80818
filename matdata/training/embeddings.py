"""Embeddings of materials by the members of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from matdata.core.errors import PluginError, TrainError, first_few
from matdata.core.ledger import Reject
from matdata.features.embedding import Combine
from matdata.load.batch import Batch
from matdata.load.device_errors import device_errors
from matdata.training.contract import TorchTrainer
from matdata.training.data import View, device_of, loader_for
from matdata.training.predict import networks
from matdata.training.prediction_settings import check_prediction, prediction_settings
from matdata.training.process_state import process_state
from matdata.training.run import Run

Float32 = npt.NDArray[np.float32]
Ids = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False, repr=False)
class Embeddings:
    """Embeddings of materials.

    Attributes
    ----------
    ids : (n,) str
        Material ids, or the names under which materials were given, in their order.
    vectors : (n, d) float32
        What the last layers of the network read (`TorchTrainer.embeddings`), combined over the
        members of the run.
    combine
        How.
    members
        How many members the run has.
    rejects
        Materials without an embedding, each with its reason.
    about
        The run, and what it was trained on, see `matdata.training.run.Run.about`.
    correlations
        Of the first and of the second principal components with those of another run, where a map
        was drawn beside it.
    """

    ids: Ids
    vectors: Float32
    combine: Combine
    members: int
    rejects: tuple[Reject, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    correlations: tuple[float | None, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        count, width = self.vectors.shape
        return f"Embeddings({count:,} materials, {width:,} numbers each)"


def members_of(run: Run) -> int:
    """How many networks a run has."""
    return len(next(iter(run.weights().values())))


def embed_view(
    run: Run,
    view: View,
    ids: Ids,
    settings: Mapping[str, object] | None = None,
    combine: Combine = "joined",
) -> tuple[Float32, int]:
    """Embeddings of materials whose features are open, in the order of `ids`.

    Memory grows by the embeddings themselves; inputs are read batch by batch.

    Parameters
    ----------
    run
        A run of a network.
    view, ids
        As of `matdata.training.predict.predict_view`.
    settings
        Other settings of the loop (``device``, ``batch_size``).
    combine
        How the vectors of the members of an ensemble become one.

    Returns
    -------
    vectors : (n, d) float32
    members
        How many members the run has.

    Raises
    ------
    ConfigError
        If a setting is none of a prediction.
    PluginError
        If its network has no embedding.
    TrainError
        If the run has no weights yet, they do not fit the plugin, or an embedding is not finite.
    """
    check_prediction(settings or {})
    assert isinstance(run.trainer, TorchTrainer)
    chosen = prediction_settings(run.settings, settings or {})
    device = device_of(chosen)
    vectors: Float32 | None = None
    with process_state(chosen, device), device_errors(device), torch.no_grad():
        models = networks(run, device)
        loader = loader_for(view, ids, (), chosen, device=device, widen=True)
        place = {name: row for row, name in enumerate(ids.tolist())}
        places = np.array([place[name] for name in loader.ids.tolist()], dtype=np.int64)
        for batch in loader:
            rows = _combined(run, models, batch, combine).float().cpu().numpy()
            if vectors is None:
                vectors = np.empty((len(ids), rows.shape[1]), dtype=np.float32)
            vectors[places[batch.rows.cpu().numpy()]] = rows
    assert vectors is not None  # there is no loader of no materials
    _require_finite(run, ids, vectors)
    return vectors, len(models)


def _combined(run: Run, models: list[nn.Module], batch: Batch, combine: Combine) -> Tensor:
    """Embeddings of a batch by all members, as one vector per material."""
    trainer = run.trainer
    assert isinstance(trainer, TorchTrainer)
    used = models[:1] if combine == "first" else models
    by_member = [trainer.embeddings(model, batch) for model in used]
    for rows in by_member:
        if rows.dim() != 2 or len(rows) != len(batch):
            raise PluginError(
                f"{trainer.name} gave embeddings of shape {tuple(rows.shape)} for {len(batch)} "
                "materials",
                cause="a defect of the plugin: expected are rows, one per material",
            )
    return torch.stack(by_member).mean(0) if combine == "mean" else torch.cat(by_member, 1)


def _require_finite(run: Run, ids: Ids, vectors: Float32) -> None:
    bad = ids[~np.isfinite(vectors).all(1)]
    if len(bad):
        raise TrainError(
            f"run {run.name!r} has no finite embedding of {len(bad):,} of {len(ids):,} materials: "
            f"{first_few(bad)}",
            cause="inputs far outside those of the training part, or a training that diverged",
            next_step="look at the inputs of these materials, or train again under another --name",
        )
