"""Candidates of a dataset, predicted and ranked; and the table of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matdata.core.documents import JsonObject
from matdata.core.ledger import Reject
from matdata.evaluation.derive.chain import Chain
from matdata.evaluation.derive.hull import FORMULA, RESULT
from matdata.evaluation.discovery.pictures import draw_discovery
from matdata.evaluation.discovery.ranking import Float, Ranking, rank
from matdata.evaluation.discovery.request import DiscoverRequest
from matdata.evaluation.discovery.score import Scored, score_of
from matdata.evaluation.discovery.submission import write_submission
from matdata.evaluation.pictures import Drawn
from matdata.store.tables import Columns
from matdata.training.predict import predict_dataset
from matdata.training.prediction import Predictions
from matdata.training.prediction_columns import MATERIAL_ID, PredictionColumn, Statistic
from matdata.training.prediction_files import write_predictions


@dataclass(frozen=True, eq=False)
class Discovery:
    """Ranked candidates.

    Attributes
    ----------
    request
        The request.
    ranking
        All materials of the dataset.
    rejects
        Those without a prediction, each with its reason.
    scored
        How good the ranking is, see `matdata.evaluation.discovery.score.score_of`; None if no true
        distance is known.
    formation : (n,)
        Predicted formation energies of all materials, eV/atom; NaN for those without a prediction.
    pictures
        Those that were written.
    """

    request: DiscoverRequest
    ranking: Ranking
    rejects: tuple[Reject, ...]
    scored: Scored | None
    formation: Float
    pictures: Drawn

    @property
    def score(self) -> JsonObject | None:
        """The score as it is on record; None if no true distance is known."""
        return None if self.scored is None else self.scored.document

    def __len__(self) -> int:
        return len(self.ranking.order)

    @property
    def outside(self) -> int:
        """Materials that are predicted, and that the reference does not reach."""
        return int((~np.isfinite(self.ranking.mean)).sum()) - len(self.rejects)

    def described(self) -> list[PredictionColumn]:
        """What the columns of predictions hold."""
        by = self.request.hull.spec
        unit = "eV/atom"
        return [
            PredictionColumn(RESULT, Statistic.MEAN, unit, derivation=by),
            PredictionColumn(RESULT, Statistic.TOTAL, unit, derivation=by),
            PredictionColumn(RESULT, Statistic.PROBABILITY, "1", label="stable", derivation=by),
        ]

    def columns(self) -> Columns:
        """The table, best first: rank, id, formula, distance, standard deviation, P(stable)."""
        ranking, dataset = self.ranking, self.request.dataset
        rows = ranking.order[: self.request.budget]
        mean, total, stable = (one.name for one in self.described())
        return {
            "rank": list(range(1, len(rows) + 1)),
            MATERIAL_ID: ranking.ids[rows].tolist(),
            FORMULA: [dataset.columns[FORMULA][row] for row in rows.tolist()],
            mean: ranking.mean[rows].tolist(),
            total: _cells(ranking.std[rows]),
            stable: _cells(ranking.probability[rows]),
        }


def _cells(values: Float) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


def discover_candidates(request: DiscoverRequest) -> Discovery:
    """Predict, rank, score where the truth is known, and write the table where one is asked for.

    Raises
    ------
    MatdataError
        If the run has no weights, no material can be predicted, the criterion needs a standard
        deviation that is not predicted, or the true values were opened with other weights.
    """
    run, dataset = request.run, request.dataset
    chain = Chain(run, request.derive, dataset)
    predictions = predict_dataset(run, dataset, settings=request.settings)
    formation, _ = _of_all(request, predictions, request.hull.source.name)
    mean, std = _of_all(request, chain.apply(predictions, request.settings), RESULT)
    ranking = rank(dataset.ids, mean, std, request.criterion)
    scored = score_of(request, ranking)
    pictures = draw_discovery(request, ranking, scored)
    discovery = Discovery(request, ranking, predictions.rejects, scored, formation, pictures)
    if request.output is not None and request.submission:
        write_submission(request.output, run, ranking.ids, formation, scored)
    elif request.output is not None:
        write_predictions(request.output, discovery.columns(), discovery.described(), run.about)
    return discovery


def _of_all(request: DiscoverRequest, predictions: Predictions, name: str) -> tuple[Float, Float]:
    """A target's means and standard deviations of all materials of the dataset, (n,) each; NaN for
    those without a prediction."""
    ids = request.dataset.ids
    target = next(one for one in predictions.targets if one.name == name)
    rows = request.dataset.rows(predictions.ids)
    mean, std = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    mean[rows] = predictions.column(target, predictions.mean)[:, 0]
    if predictions.total is not None:
        std[rows] = predictions.column(target, predictions.total)[:, 0]
    return mean, std
