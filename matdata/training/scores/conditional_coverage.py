"""Where intervals hold fewer true values than they do on average: marginal coverage hides it.

Two views: materials whose chemical system was in the training part or not, and the worst slab of
compositions, a set ``a <= v . x <= b`` of atomic fractions x along a direction v.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.errors import StructureError
from matdata.core.formula import parse_formula
from matdata.store.dataset_folder import DatasetFolder

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
#: Least share of the materials that a slab holds, and directions that are tried.
SHARE, DIRECTIONS = 0.1, 1000
#: Share of the materials by which the slab is chosen; its coverage is that of the others.
CHOOSING = 0.25
#: Materials from which on a slab can be chosen by some and measured on others.
LEAST = 200
#: Numbers that the search holds at once.
AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is known of materials beside predictions and true values.

    Attributes
    ----------
    seen : (n,)
        Whether the chemical system of each is that of a training material.
    fractions : (n, elements)
        Atomic fractions; rows of NaN where there is no formula.
    """

    seen: Bool
    fractions: Float

    def at(self, rows: npt.NDArray[np.generic]) -> Surroundings:
        """Those of some materials, by a mask or places."""
        return Surroundings(self.seen[rows], self.fractions[rows])


def surroundings_of(
    dataset: DatasetFolder, ids: npt.NDArray[np.str_], train: npt.NDArray[np.str_]
) -> Surroundings | None:
    """Of materials of a dataset, given those of the training part; None without formulas."""
    columns = dataset.columns
    if "chemsys" not in columns or "formula" not in columns:
        return None
    systems, formulas = columns["chemsys"], columns["formula"]
    known = {systems[row] for row in dataset.rows(train).tolist()} - {None}
    rows = dataset.rows(ids).tolist()
    seen = np.array([systems[row] in known for row in rows], dtype=np.bool_)
    return Surroundings(seen, atomic_fractions([formulas[row] for row in rows]))


def atomic_fractions(formulas: Sequence[object]) -> Float:
    """Fractions (n, elements) of the elements that occur; NaN for what is no formula."""
    amounts: list[dict[int, float]] = []
    for formula in formulas:
        try:
            amounts.append(parse_formula(str(formula)) if formula is not None else {})
        except StructureError:
            amounts.append({})
    numbers = sorted({number for one in amounts for number in one})
    place = {number: column for column, number in enumerate(numbers)}
    fractions = np.full((len(amounts), len(numbers)), np.nan)
    for row, one in enumerate(amounts):
        if one:
            fractions[row] = 0.0
            total = sum(one.values())
            for number, amount in one.items():
                fractions[row, place[number]] = amount / total
    return fractions


def conditional_coverage(within: Float, surroundings: Surroundings) -> dict[str, object]:
    """Coverage by chemical system and in the worst slab.

    Parameters
    ----------
    within : (n,)
        Share of the true values of each material that lie in their intervals; 0 or 1 for numbers.
    surroundings
        Of these materials.

    Returns
    -------
    dict
        ``chemical_systems``: for ``seen`` and ``unseen`` in the training part ``materials`` and
        ``coverage``, NaN where there are none; ``worst_slab`` (`worst_slab`), None of fewer than
        `LEAST` materials.
    """
    seen = surroundings.seen
    parts = {"seen": within[seen], "unseen": within[~seen]}
    has_formula = np.isfinite(surroundings.fractions).all(1)
    return {
        "chemical_systems": {
            name: {
                "materials": len(part),
                "coverage": float(part.mean()) if len(part) else float("nan"),
            }
            for name, part in parts.items()
        },
        "worst_slab": worst_slab(within[has_formula], surroundings.fractions[has_formula]),
    }


def worst_slab(within: Float, points: Float, seed: int = 0) -> dict[str, object] | None:
    """Coverage in the slab of least coverage, chosen on one part of the materials, measured on
    the rest, so that chance does not make it low.

    Cauchois, Gupta and Duchi, J. Mach. Learn. Res. 22, 81 (2021), 4.1; the two parts as Romano,
    Sesia and Candès (NeurIPS 2020) take them: a quarter chooses. Directions are drawn on the
    sphere, equally for equal sizes.

    Parameters
    ----------
    within : (n,)
        As of `conditional_coverage`.
    points : (n, d)
        Where the materials lie.
    seed
        Of the directions and the parts.

    Returns
    -------
    dict
        ``coverage``, ``materials`` in the slab, of which it is measured, and ``share``, the least
        share of the materials that it was chosen to hold; None for fewer than `LEAST` materials,
        or if the slab holds none of the rest.
    """
    if len(within) < LEAST:
        return None
    random = np.random.default_rng(seed)
    order = random.permutation(len(within))
    choosing, rest = np.split(order, [round(CHOOSING * len(order))])
    directions = random.normal(size=(DIRECTIONS, points.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    least = max(1, round(SHARE * len(choosing)))
    best = (np.inf, 0, 0.0, 0.0)
    step = max(1, AT_ONCE // len(choosing))
    for start in range(0, DIRECTIONS, step):
        along = directions[start : start + step] @ points[choosing].T
        ranks = np.argsort(along, axis=1, kind="stable")
        means, first, last = least_mean_windows(within[choosing][ranks], least)
        k = int(np.argmin(means))
        if means[k] < best[0]:
            ordered = along[k][ranks[k]]
            best = (float(means[k]), start + k, float(ordered[first[k]]), float(ordered[last[k]]))
    along_rest = points[rest] @ directions[best[1]]
    inside = (along_rest >= best[2]) & (along_rest <= best[3])
    if not inside.any():
        return None
    return {
        "coverage": float(within[rest][inside].mean()),
        "materials": int(inside.sum()),
        "share": SHARE,
    }


def least_mean_windows(
    values: Float, least: int
) -> tuple[Float, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of each row the contiguous window of at least so many values whose mean is least.

    By Dinkelbach's iteration (Management Science 13, 492, 1967): for a mean m the window with the
    least sum of ``values - m`` is found in one pass; its mean is the next m, until it stays.

    Parameters
    ----------
    values : (r, n)
        Rows of n >= `least` values.

    Returns
    -------
    means, first, last : (r,)
        The mean, and the places of the first and the last value.
    """
    rows, n = values.shape
    sums = np.concatenate([np.zeros((rows, 1)), np.cumsum(values, axis=1)], axis=1)
    index, every = np.arange(n + 1), np.arange(rows)
    means = sums[:, -1] / n
    first = np.zeros(rows, dtype=np.int64)
    last = np.full(rows, n, dtype=np.int64)
    while True:
        shifted = sums - means[:, None] * index
        starts = np.maximum.accumulate(shifted[:, : n - least + 1], axis=1)
        ends = np.argmin(shifted[:, least:] - starts, axis=1) + least
        reach = np.where(index[None, : n - least + 1] <= (ends - least)[:, None],
                         shifted[:, : n - least + 1], -np.inf)  # fmt: skip
        begins = np.argmax(reach, axis=1)
        found = (sums[every, ends] - sums[every, begins]) / (ends - begins)
        better = found < means - 1e-12
        if not better.any():
            return means, first, last - 1
        means, first, last = (
            np.where(better, found, means),
            np.where(better, begins, first),
            np.where(better, ends, last),
        )
