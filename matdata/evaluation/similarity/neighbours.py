"""The training materials that are most similar to others by their embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.errors import TrainError, first_few
from matdata.core.ledger import Reject
from matdata.evaluation.similarity.embed import embeddings_of_dataset
from matdata.evaluation.similarity.embedded_query import EmbeddedQuery, embed_query, known_truth
from matdata.evaluation.similarity.request import NearestRequest
from matdata.evaluation.similarity.search import Metric, nearest
from matdata.evaluation.similarity.surprises import LOOKED_AT, Limits, limits_of, surprises
from matdata.store.tables import Columns
from matdata.training.embeddings import Embeddings, Float32, embed_view
from matdata.training.inputs import inputs_of
from matdata.training.predict import predict_view
from matdata.training.prediction_columns import (
    MATERIAL_ID,
    PredictionColumn,
    Statistic,
    column_of,
)
from matdata.training.prediction_files import rows_of, write_predictions
from matdata.training.target_cells import cells_of

if TYPE_CHECKING:
    import pandas as pd

Float = npt.NDArray[np.float64]
Ids = npt.NDArray[np.str_]
#: Name of the column of how near a material is.
VALUE: Mapping[Metric, str] = {"cosine": "similarity", "euclidean": "distance"}


@dataclass(frozen=True, eq=False, repr=False)
class Neighbours:
    """The nearest training materials of each material of a query.

    Attributes
    ----------
    request
        The request.
    query
        Its materials, with their predictions.
    ids
        Ids of the nearest training materials of each, nearest first; never the material itself.
    values
        How near they are: cosines (1 is equal), or Euclidean distances (0 is equal).
    flags
        For each by target whether the prediction is wrong though it is certain and similar
        materials are known; None where the true value is not known.
    limits
        What counts as wrong, certain and similar; None if no validation part or no standard
        deviation says it, or no true value is known.
    members
        How many members the run has.
    trained
        Training materials that were searched.
    """

    request: NearestRequest
    query: EmbeddedQuery
    ids: tuple[npt.NDArray[np.str_], ...]
    values: tuple[Float, ...]
    flags: tuple[Mapping[str, bool | None], ...]
    limits: Limits | None
    members: int
    trained: int

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Neighbours({len(self):,} materials, up to {self.request.top:,} neighbours each)"

    @property
    def queries(self) -> list[str]:
        """Names of the materials of the query."""
        names: list[str] = self.query.predictions.ids.tolist()
        return names

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """Materials of the query without an embedding, each with its reason."""
        return self.query.rejects

    def described(self) -> list[PredictionColumn]:
        """What the columns with true values hold."""
        return [column_of(t, Statistic.TRUTH) for t in self.request.run.schema.targets]

    def columns(self) -> Columns:
        """A table with a row per neighbour: ``query``, ``rank`` from 1, ``material_id``,
        ``similarity`` or ``distance``, ``formula``, true values, and the columns asked for."""
        counts = [len(ids) for ids in self.ids]
        names = np.concatenate(self.ids)
        return {
            "query": np.repeat(np.array(self.queries, dtype=np.str_), counts).tolist(),
            "rank": [rank for count in counts for rank in range(1, count + 1)],
            MATERIAL_ID: names.tolist(),
            VALUE[self.request.metric]: np.concatenate(self.values).tolist(),
            **self._known(names),
        }

    def _known(self, names: npt.NDArray[np.str_]) -> Columns:
        """What the dataset holds of training materials."""
        dataset, targets = self.request.dataset, self.request.run.schema.targets
        rows = dataset.rows(names).tolist()

        def cells(name: str) -> list[object]:
            column = dataset.columns[name]
            return [column[row] for row in rows]

        columns: Columns = {"formula": cells("formula")}
        for target, described in zip(targets, self.described(), strict=True):
            columns[described.name] = list(cells_of(dataset.columns, target, rows).cells)
        return {**columns, **{name: cells(name) for name in self.request.columns}}

    def records(self) -> list[JsonObject]:
        """Of each material of the query its prediction, flags and neighbours."""
        rows = iter(rows_of(self.columns()))
        predicted = rows_of(self.query.predictions.columns())
        records: list[JsonObject] = []
        for name, ids, flags, prediction in zip(
            self.queries, self.ids, self.flags, predicted, strict=True
        ):
            own = [{**next(rows)} for _ in ids]
            for row in own:
                del row["query"]
            del prediction[MATERIAL_ID]
            records.append(
                {"query": name, **prediction, "surprising": dict(flags), "neighbours": own}
            )
        return records

    def to_frame(self) -> pd.DataFrame:
        """`columns` as a pandas table.

        Examples
        --------
        >>> md.nearest("gap", "NaNiO2", columns=["doi"]).to_frame()
        """
        import pandas as pd

        return pd.DataFrame(self.columns())

    def write(self, path: str | Path) -> None:
        """Write `columns` in the format that the name ends in.

        Raises
        ------
        ConfigError
            If the ending stands for no format.
        StoreError
            If the file cannot be written.
        """
        write_predictions(Path(path), self.columns(), self.described(), self.request.run.about)


def find_nearest(request: NearestRequest) -> Neighbours:
    """The training materials that are nearest to those of a query.

    Raises
    ------
    MatdataError
        If the run has no weights or no embedding, no material can be read, or an embedding has
        the length 0 and no angle.
    """
    query = embed_query(request)
    trained = _trained(request)
    if request.metric == "cosine":
        _require_lengths(request, query.predictions.ids, query.vectors)
        trained = _with_length(trained)
    ids, values = _without_themselves(request, query, trained)
    limits = _limits(request, query, trained)
    flags: list[dict[str, bool | None]] = [{} for _ in ids]
    if limits is not None:
        closest = np.array([one[0] for one in values])
        flags = surprises(query.predictions, closest, limits, request.metric)
    result = Neighbours(
        request, query, ids, values, tuple(flags), limits, trained.members, len(trained)
    )
    if request.output is not None:
        result.write(request.output)
    return result


def _trained(request: NearestRequest) -> Embeddings:
    """Embeddings of the training part."""
    ids = np.sort(request.split.ids("train"))
    return embeddings_of_dataset(
        request.run, request.dataset, request.combine, request.settings, ids
    )


def _require_lengths(request: NearestRequest, names: Ids, vectors: Float32) -> None:
    empty = names[~vectors.any(1)]
    if len(empty):
        raise TrainError(
            f"the embedding of {first_few(empty)} by run {request.run.name!r} is zero, and has no "
            "angle",
            cause="all units of the layer are off, as in a network that has learnt nothing",
            next_step="--metric euclidean, or another run",
        )


def _with_length(trained: Embeddings) -> Embeddings:
    """Without training materials whose embedding is zero, which are similar to nothing."""
    keep = trained.vectors.any(1)
    return replace(trained, ids=trained.ids[keep], vectors=trained.vectors[keep])


def _without_themselves(
    request: NearestRequest, query: EmbeddedQuery, trained: Embeddings
) -> tuple[tuple[Ids, ...], tuple[Float, ...]]:
    """Ids of the nearest of each, and how near they are."""
    itself = 0 if query.own is None else int(np.isin(query.own, trained.ids).any())
    hits = nearest(query.vectors, trained.vectors, request.top + itself, request.metric)
    ids: list[Ids] = []
    values: list[Float] = []
    for row, (rows, near) in enumerate(zip(hits.rows, hits.values, strict=True)):
        names = trained.ids[rows]
        others = np.ones(len(names), dtype=bool) if query.own is None else names != query.own[row]
        ids.append(names[others][: request.top])
        values.append(near[others][: request.top])
    if not all(map(len, ids)):
        raise TrainError(
            f"run {request.run.name!r} knows no other material",
            cause="its training part has no second one with an embedding",
        )
    return tuple(ids), tuple(values)


def _limits(request: NearestRequest, query: EmbeddedQuery, trained: Embeddings) -> Limits | None:
    """What counts as wrong, certain and similar, where a true value is known."""
    true, run, split = query.predictions.true, request.run, request.split
    if true is None or np.isnan(true).all() or query.predictions.total is None:
        return None
    if not split.sizes.get("val"):
        return None
    every = np.sort(split.ids("val"))
    chosen = every[np.linspace(0, len(every) - 1, min(len(every), LOOKED_AT)).astype(np.int64)]
    given = inputs_of(run, request.dataset, chosen)
    vectors, _ = embed_view(run, given.view, given.ids, request.settings, request.combine)
    some = vectors.any(1) if request.metric == "cosine" else np.ones(len(vectors), dtype=bool)
    if not some.any():
        return None
    known = known_truth(run, request.dataset, split, given.ids[some])
    predictions = predict_view(run, given.view, given.ids[some], known, request.settings)
    return limits_of(predictions, vectors[some], trained.vectors, request.metric)
