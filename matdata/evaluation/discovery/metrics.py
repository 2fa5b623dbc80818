"""How well stable materials are distinguished: confusion, enrichment, hits along a ranking.

Definitions are those of Goodall 2022 (eq. 6.2-6.4) and of Matbench Discovery. A score is NaN where
it is not defined; what has no prediction is not selected, so that a stable one counts as missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.evaluation.discovery.confusion import Confusion, ratio
from matdata.evaluation.discovery.ranking import Bool, Float, Int, Ranking

#: The most stable predicted that are scored on their own, as Matbench Discovery does.
MOST_STABLE = 10_000
#: True distances to the hull, eV/atom, that count as a hit (Goodall 2022, figure 6.6).
HIT_WITHIN = (0.01, 0.02, 0.03)


def first_of_each(labels: Sequence[str | None]) -> Bool:
    """Marks of the first material of each protostructure, (n,); one without a label is its own."""
    met: set[str] = set()
    first = np.ones(len(labels), dtype=bool)
    for row, label in enumerate(labels):
        if label:
            first[row] = label not in met
            met.add(label)
    return first


def subsets(
    ranking: Ranking, true: Float, unique: Bool | None, most: int = MOST_STABLE
) -> dict[str, dict[str, float]]:
    """Confusion scores on the whole set, on unique prototypes, and on the most stable predicted.

    Parameters
    ----------
    ranking
        Of n materials.
    true : (n,)
        True distances to the hull, eV/atom; materials with NaN are left out.
    unique : (n,) bool
        Unique prototypes; None if they are not known.
    most
        How many of the best ranked are scored; of unique prototypes where they are known, with
        the prevalence among those.

    Returns
    -------
    dict
        ``whole``, ``unique_prototypes`` (if known) and ``most_stable``: see `Confusion.scores`.
    """
    known = np.isfinite(true)
    among = known if unique is None else known & unique
    stable = true <= 0
    best = ranking.order[among[ranking.order]][:most]
    chosen = [("whole", np.flatnonzero(known))]
    if unique is not None:
        chosen.append(("unique_prototypes", np.flatnonzero(among)))
    chosen.append(("most_stable", best))
    base = Confusion.of(stable[among], ranking.selected[among]).prevalence
    return {
        name: scores_on(ranking, true, rows, base if name == "most_stable" else None)
        for name, rows in chosen
    }


def scores_on(
    ranking: Ranking, true: Float, rows: Int, prevalence: float | None = None
) -> dict[str, float]:
    """Scores of some of the materials; `rows` are their places, `prevalence` as in `Confusion`."""
    confusion = Confusion.of(true[rows] <= 0, ranking.selected[rows])
    errors = ranking.mean[rows] - true[rows]
    known = np.isfinite(errors)
    errors, around = errors[known], true[rows][known]
    variance = float(((around - around.mean()) ** 2).sum()) if len(errors) else 0.0
    return {
        **confusion.scores(prevalence),
        "without_prediction": int((~np.isfinite(ranking.mean[rows])).sum()),
        "mae": float(np.abs(errors).mean()) if len(errors) else float("nan"),
        "rmse": float(np.sqrt((errors**2).mean())) if len(errors) else float("nan"),
        "r2": 1.0 - ratio(float((errors**2).sum()), variance),
    }


@dataclass(frozen=True, eq=False)
class Along:
    """What the first n of a ranking hold, for each n up to k.

    Attributes
    ----------
    stable : (k,) int64
        How many are stable.
    precision, recall, enrichment : (k,)
        Shares of them, of all stable ones, and precision by prevalence.
    hits : dict
        By distance in eV/atom how many lie within it, (k,).
    """

    stable: Int
    precision: Float
    recall: Float
    enrichment: Float
    hits: dict[float, Int]


def along(ranking: Ranking, true: Float, within: Sequence[float] = HIT_WITHIN) -> Along:
    """Cumulative precision, recall, enrichment and hits along a ranking.

    Parameters
    ----------
    ranking
        Of n materials.
    true : (n,)
        True distances, eV/atom; materials with NaN are left out.
    within
        Distances that count as hits.
    """
    known = np.isfinite(true)
    order = ranking.order[known[ranking.order]]
    stable = np.cumsum(true[order] <= 0, dtype=np.int64)
    total = int((true[known] <= 0).sum())
    precision = stable / np.arange(1, len(order) + 1)
    prevalence = ratio(total, int(known.sum()))
    return Along(
        stable,
        precision,
        stable / total if total else np.full(len(order), np.nan),
        precision / prevalence if total else np.full(len(order), np.nan),
        {one: np.cumsum(true[order] <= one, dtype=np.int64) for one in within},
    )


@dataclass(frozen=True, eq=False)
class Rolling:
    """Mean absolute error against the true distance to the hull.

    Attributes
    ----------
    centre : (k,)
        True distances, eV/atom.
    count : (k,) int64
        Materials in the window about each.
    mae, standard_error : (k,)
        eV/atom; NaN where the window holds none, and fewer than two.
    """

    centre: Float
    count: Int
    mae: Float
    standard_error: Float


def rolling_error(predicted: Float, true: Float, centre: Float, window: float = 0.04) -> Rolling:
    """Mean absolute error in a window of true distances (Goodall 2022, figure 6.8).

    Parameters
    ----------
    predicted, true : (n,)
        Distances, eV/atom; materials with NaN in either are left out.
    centre : (k,)
        Middles of the window.
    window
        Its width, eV/atom; both ends belong to it.
    """
    both = np.isfinite(predicted) & np.isfinite(true)
    order = np.argsort(true[both], kind="stable")
    at = true[both][order]
    errors = np.abs(predicted[both] - true[both])[order]
    low = np.searchsorted(at, centre - window / 2, "left")
    high = np.searchsorted(at, centre + window / 2, "right")
    count, mean, sem = high - low, np.full(len(centre), np.nan), np.full(len(centre), np.nan)
    for k, (start, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if end > start:
            mean[k] = errors[start:end].mean()
        if end - start > 1:
            sem[k] = errors[start:end].std(ddof=1) / np.sqrt(end - start)
    return Rolling(centre, count.astype(np.int64), mean, sem)


@dataclass(frozen=True, eq=False)
class Reliability:
    """How far probabilities of stability can be believed.

    Attributes
    ----------
    brier
        Mean squared difference from what is true (1 or 0); NaN of no material.
    edges : (b + 1,)
        Of bins of probability.
    count : (b,) int64
        Materials in each.
    predicted, observed : (b,)
        Mean probability, and the share that is stable; NaN in empty bins.
    """

    brier: float
    edges: Float
    count: Int
    predicted: Float
    observed: Float


def reliability(probability: Float, true: Float, bins: int = 10) -> Reliability:
    """Brier score and reliability of probabilities of stability, (n,) each; NaN is left out."""
    both = np.isfinite(probability) & np.isfinite(true)
    chances, stable = probability[both], (true[both] <= 0).astype(np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, chances, "right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.int64)

    def means(values: npt.NDArray[np.float64]) -> Float:
        totals = np.bincount(place, values, minlength=bins)
        return np.where(count > 0, totals / np.maximum(count, 1), np.nan)

    brier = float(((chances - stable) ** 2).mean()) if len(chances) else float("nan")
    return Reliability(brier, edges, count, means(chances), means(stable))
