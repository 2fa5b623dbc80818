"""Scores of a ranking within each value of a column: the batch, the role of a structure, …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.evaluation.discovery.metrics import reliability, rolling_error, scores_on
from matdata.evaluation.discovery.ranking import Float, Int, Ranking
from matdata.evaluation.polymorphs import pair_ranking
from matdata.store.dataset_folder import DatasetFolder

#: By value of a column the places of its candidates.
Groups: TypeAlias = Mapping[str, Int]
#: Values of a column, at most: one with more distinguishes materials, not groups of them.
MOST_GROUPS = 100
MISSING = "(missing)"
#: True distances at which rolling errors are recorded, eV/atom.
CENTRES = np.round(np.arange(-0.2, 0.4001, 0.02), 2)


def groups_of(dataset: DatasetFolder, column: str, rows: Int) -> Groups:
    """Places of candidates by their value of a column, numbers in their order, texts by letter.

    Parameters
    ----------
    dataset
        The candidates.
    column
        One of its columns; a value that is missing counts as one.
    rows : (n,)
        Rows of the dataset; the places are places in this array.

    Raises
    ------
    ConfigError
        If it has more than `MOST_GROUPS` values, or holds lists or records.
    """
    cells = [dataset.columns[column][row] for row in rows.tolist()]
    places: dict[object, list[int]] = {}
    for place, cell in enumerate(cells):
        value = cell if isinstance(cell, (str, int, float)) and cell == cell else None
        if cell is not None and not isinstance(cell, (str, int, float)):
            raise ConfigError(
                f"column {column!r} holds no values to score by, but lists or records"
            )
        places.setdefault(value, []).append(place)
        if len(places) > MOST_GROUPS:
            raise ConfigError(
                f"column {column!r} has more than {MOST_GROUPS} values",
                cause="it distinguishes materials, not groups of them",
                next_step="name a column with few values, such as a batch",
            )
    ordered = sorted(places, key=_order)
    return {MISSING if v is None else str(v): np.array(places[v], np.int64) for v in ordered}


def _order(value: object) -> tuple[int, float, str]:
    if isinstance(value, (int, float)):
        return 0, float(value), ""
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))


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
