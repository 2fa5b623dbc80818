"""Embeddings and predictions of the materials of a query."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Reject
from matdata.evaluation.similarity.queries import MaterialIds
from matdata.evaluation.similarity.request import NearestRequest
from matdata.splits.base import Split
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.data import View, truth
from matdata.training.embeddings import Float32, embed_view
from matdata.training.evaluated import score_on_record
from matdata.training.inputs import RunInputs, inputs_of
from matdata.training.memory_features import memory_inputs
from matdata.training.predict import predict_view
from matdata.training.prediction import Predictions
from matdata.training.run import RECORD, Run

Ids = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class EmbeddedQuery:
    """The materials of a query that the run can read.

    Attributes
    ----------
    predictions
        Of all of them, under their names; ``true`` where it is known and may be read.
    vectors : (q, d) float32
        Their embeddings.
    own
        Their ids in the run's dataset; None if they are not of it.
    rejects
        Those that the run cannot read, each with its reason.
    """

    predictions: Predictions
    vectors: Float32
    own: Ids | None
    rejects: tuple[Reject, ...]


def embed_query(request: NearestRequest) -> EmbeddedQuery:
    """Read, embed and predict the materials of a query.

    Raises
    ------
    MatdataError
        If nothing of it can be predicted, or the run has no weights or no embedding.
    """
    run, materials = request.run, request.materials
    if isinstance(materials, MaterialIds):
        given = inputs_of(run, materials.dataset, materials.ids)
        return _embedded(request, given, given.ids, materials.dataset, own=True)
    if isinstance(materials, DatasetFolder):
        given = inputs_of(run, materials)
        own = materials.data_digest == request.dataset.data_digest
        return _embedded(request, given, given.ids, request.dataset, own)
    with request.workers() as workers:
        in_memory = memory_inputs(run, materials, workers)
    names = in_memory.names_of(in_memory.ids)
    return _embedded(request, in_memory, names, request.dataset, own=False)


def _embedded(
    request: NearestRequest, given: RunInputs, names: Ids, dataset: DatasetFolder, own: bool
) -> EmbeddedQuery:
    run, settings = request.run, request.settings
    vectors, _ = embed_view(run, given.view, given.ids, settings, request.combine)
    predictions = predict_view(run, given.view, given.ids, None, settings)
    if own:
        true = known_truth(run, dataset, request.split, given.ids)
        predictions = replace(predictions, true=true)
    return EmbeddedQuery(
        replace(predictions, ids=names), vectors, given.ids if own else None, given.rejects
    )


def known_truth(
    run: Run, dataset: DatasetFolder, split: Split, ids: Ids
) -> npt.NDArray[np.float64]:
    """True values (q, columns) of materials of the run's dataset, NaN where unknown.

    Those of the test part, and of materials in no part, are read only if the run was evaluated:
    a search opens no test part.
    """
    open_parts = ("train", "val", "test") if (run.folder / RECORD).is_file() else ("train", "val")
    if "test" in open_parts:
        score_on_record(run)  # refused if the weights changed since
    parts = [split.ids(part) for part in open_parts if part in split.sizes]
    allowed = np.isin(ids, np.concatenate(parts))
    targets = run.schema.targets
    true = np.full((len(ids), sum(target.columns for target in targets)), np.nan)
    if allowed.any():
        true[allowed] = truth(View.of(dataset, {}), ids[allowed], targets)
    return true
