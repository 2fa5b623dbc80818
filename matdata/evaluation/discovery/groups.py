"""Scores of a ranking within each value of a column: the batch, the role of a structure, …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from matdata.evaluation.column_groups import Groups
from matdata.evaluation.discovery.metrics import reliability, rolling_error, scores_on
from matdata.evaluation.discovery.ranking import Float, Int, Ranking
from matdata.evaluation.polymorphs import pair_ranking

#: True distances at which rolling errors are recorded, eV/atom.
CENTRES = np.round(np.arange(-0.2, 0.4001, 0.02), 2)


def scores_of_polymorphs(
    formulas: npt.NDArray[np.str_], predicted: Float, true: Float
) -> dict[str, float]:
    """Pairs of candidates of one reduced formula by whether their order is predicted.

    See `matdata.evaluation.polymorphs.PairRanking`; candidates without a predicted or a true
    distance are left out.
    """
    both = np.isfinite(predicted) & np.isfinite(true)
    pairs = pair_ranking(formulas[both].tolist(), true[both], predicted[both])
    return {**pairs._asdict(), "share": pairs.share}


def scores_of_groups(
    ranking: Ranking,
    true: Float,
    formulas: npt.NDArray[np.str_],
    groups: Mapping[str, Groups],
) -> dict[str, dict[str, dict[str, object]]]:
    """Scores by column and value: those of the confusion, the Brier score, the rolling error, and
    of pairs of polymorphs.

    Candidates without a true distance are left out.
    """
    known = np.isfinite(true)
    return {
        column: {
            value: _scores(ranking, true, formulas, rows[known[rows]])
            for value, rows in own.items()
        }
        for column, own in groups.items()
    }


def _scores(
    ranking: Ranking, true: Float, formulas: npt.NDArray[np.str_], rows: Int
) -> dict[str, object]:
    return {
        **scores_on(ranking, true, rows),
        "brier": reliability(ranking.probability[rows], true[rows]).brier,
        "polymorphs": scores_of_polymorphs(formulas[rows], ranking.mean[rows], true[rows]),
        "rolling": asdict(rolling_error(ranking.mean[rows], true[rows], CENTRES)),
    }
