"""A dataset screened: what runs predict, what follows from it, and which materials are kept."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matdata.core.errors import FeatureError
from matdata.core.ledger import Reject
from matdata.evaluation.derive.state import State
from matdata.evaluation.derive.steps import rows_for
from matdata.evaluation.screening.pairs import ElementPairs
from matdata.evaluation.screening.request import ScreenRequest
from matdata.store.tables import Columns
from matdata.training.inputs import inputs_of
from matdata.training.predict import predict_dataset
from matdata.training.prediction import Predictions
from matdata.training.prediction_columns import MATERIAL_ID
from matdata.training.prediction_files import write_predictions

FORMULA = "formula"
#: Bytes that predicted arrays may take at a time, and the fewest materials of a block.
MEMORY, FEWEST = 2**28, 64
#: Arrays beside those of members: mean, and three standard deviations.
STATISTICS = 4
Ids = npt.NDArray[np.str_]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Screening:
    """What a screening found.

    Attributes
    ----------
    request
        The request.
    table
        All materials that are predicted, in the order of the dataset: ``material_id``,
        ``formula``, columns that conditions read, predicted numbers.
    kept : (n,) bool
        Those of which all conditions are known to be true.
    rejects
        Materials without a prediction, each with its reason.
    missing
        By column that a condition reads the number of materials that have no value there, where
        there are some; none of them is kept for it.
    """

    request: ScreenRequest
    table: Columns
    kept: npt.NDArray[np.bool_]
    rejects: tuple[Reject, ...]
    missing: dict[str, int]

    def __len__(self) -> int:
        return int(self.kept.sum())

    def columns(self) -> Columns:
        """The table of the materials that are kept."""
        rows = np.flatnonzero(self.kept).tolist()
        return {name: [cells[row] for row in rows] for name, cells in self.table.items()}

    @functools.cached_property
    def pairs(self) -> ElementPairs:
        """Elements, and pairs of them, in the compositions that are kept."""
        return ElementPairs.of(self.columns()[FORMULA])


def screen_dataset(request: ScreenRequest) -> Screening:
    """Predict in blocks, derive, and compare; write the table where one is asked for.

    Raises
    ------
    MatdataError
        If a run has no weights, no material can be predicted by all runs, or a condition compares
        what cannot be compared.
    """
    ids, rejects = _predictable(request)
    parts = [_block(request, block) for block in _blocks(request, ids)]
    table: Columns = {name: [cell for part in parts for cell in part[name]] for name in parts[0]}
    conditions = request.conditions
    screening = Screening(
        request,
        table,
        np.array(conditions.hold(table, len(ids)), dtype=np.bool_),
        rejects,
        conditions.missing(table),
    )
    if request.output is not None:
        columns = screening.columns()
        write_predictions(request.output, columns, request.described, request.about)
    return screening


def derived_predictions(request: ScreenRequest, ids: Ids) -> Predictions:
    """All that is predicted and derived for some materials, arrays included.

    Several runs are joined as mean and total standard deviation: their members are not those of
    one ensemble. The members of one run stay apart, as `matdata.predict` has them.
    """
    several = [
        predict_dataset(one.run, request.dataset, ids, settings=one.settings)
        for one in request.runs
    ]
    states = [State.of(one, {}) for one in several]
    state = states[0]
    if len(states) > 1:
        joined = {name: one for each in states for name, one in each.at("ensemble").items()}
        targets = tuple(target for each in states for target in each.targets)
        state = State(several[0].ids, targets, joined, {})
    state.rows = rows_for(request.steps, ids, request.dataset)
    for step, new in zip(request.steps, request.produced, strict=True):
        state.derive(step, new, {})
    return state.finish(several[0], {}, ())


def _predictable(request: ScreenRequest) -> tuple[Ids, tuple[Reject, ...]]:
    """Materials that all runs can predict, and the others with the reason of the first run."""
    ids, reasons = request.dataset.ids, dict[str, Reject]()
    for one in request.runs:
        for reject in inputs_of(one.run, request.dataset, ids).rejects:
            reasons.setdefault(reject.material_id, reject)
    chosen = ids[~np.isin(ids, list(reasons))]
    if not len(chosen):
        raise FeatureError("no material can be predicted by all runs")
    return chosen, tuple(reasons[name] for name in ids.tolist() if name in reasons)


def _blocks(request: ScreenRequest, ids: Ids) -> Iterator[Ids]:
    numbers = sum(
        target.size * (one.run.settings.ensemble + STATISTICS)
        for one in request.runs
        for target in one.run.schema.targets
    )
    rows = max(FEWEST, MEMORY // (8 * numbers))
    for start in range(0, len(ids), rows):
        yield ids[start : start + rows]


def _block(request: ScreenRequest, ids: Ids) -> Columns:
    """The table of some materials, without arrays."""
    columns = _without_arrays(derived_predictions(request, ids)).columns()
    dataset = request.dataset
    rows = dataset.rows(ids).tolist()
    names = dict.fromkeys((FORMULA, *request.conditions.stored))
    stored = {name: [dataset.columns[name][row] for row in rows] for name in names}
    predicted = {one.name: columns[one.name] for one in request.described}
    return {MATERIAL_ID: ids.tolist(), **stored, **predicted}


def _without_arrays(predictions: Predictions) -> Predictions:
    """The targets that are no arrays: cells of lists would take many times the memory."""
    kept = tuple(target for target in predictions.targets if not target.shape)
    columns = np.repeat(
        [not target.shape for target in predictions.targets],
        [target.size for target in predictions.targets],
    )

    def cut(values: Float | None) -> Float | None:
        return None if values is None else values[:, columns]

    return replace(
        predictions,
        targets=kept,
        mean=predictions.mean[:, columns],
        aleatoric=cut(predictions.aleatoric),
        epistemic=cut(predictions.epistemic),
        total=cut(predictions.total),
        members=predictions.members[..., columns],
        noise=None,
    )
