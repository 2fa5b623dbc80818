"""The linear programme of a composition: the cheapest mixture of phases that has it.

    minimise c x  subject to  A x = q, x >= 0

with a column of fractions and an energy per phase. A revised simplex method with the inverse of
the basis as a dense matrix: a chemical system has few elements, and the first basis is the
elements themselves (G. B. Dantzig; R. G. Bland, Math. Oper. Res. 2, 103, 1977, for the rule that
cannot cycle).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from matdata.core.jit import inner

Array = np.ndarray[Any, Any]

#: A phase lowers the energy if its reduced cost is below this times the size of the potentials.
TOLERANCE = 1e-13
#: A row limits a step if its pivot is above this.
PIVOT = 1e-11


@inner
def entering(columns: Array, prices: Array, count: int, potentials: Array, bland: bool) -> int:
    """The column to bring into the basis, or -1 if none lowers the energy.

    The one of lowest reduced cost, the first of equals; with `bland` the first that has one.
    Columns of infinite price never enter.
    """
    largest = 1.0
    for i in range(len(potentials)):
        largest = max(largest, abs(potentials[i]))
    best, at = -TOLERANCE * largest, -1
    for j in range(count):
        reduced = prices[j]
        for i in range(len(potentials)):
            reduced -= potentials[i] * columns[j, i]
        if reduced < best:
            best, at = reduced, j
            if bland:
                return at
    return at


@inner
def leaving(step: Array, amounts: Array, basis: Array, missing: Array) -> int:
    """The row of the basis that limits a step, or -1.

    An element without reference that is at zero must stay there: it leaves first. Of equal limits
    the column that comes first leaves.
    """
    row, limit = -1, np.inf
    for i in range(len(step)):
        unreal = basis[i] < len(missing) and missing[basis[i]]
        if unreal and amounts[i] <= PIVOT and abs(step[i]) > PIVOT:
            return i
        if step[i] > PIVOT:
            ratio = max(amounts[i], 0.0) / step[i]
            if ratio < limit or (ratio == limit and basis[i] < basis[row]):
                row, limit = i, ratio
    return row


@inner
def pivot(inverse: Array, amounts: Array, step: Array, row: int) -> None:
    """Replace a column of the basis: `step` is the new column in terms of the old basis."""
    size = len(step)
    scale = 1.0 / step[row]
    for j in range(size):
        inverse[row, j] *= scale
    amounts[row] *= scale
    for i in range(size):
        factor = step[i]
        if i != row and factor != 0.0:
            for j in range(size):
                inverse[i, j] -= factor * inverse[row, j]
            amounts[i] -= factor * amounts[row]


@inner
def descend(
    columns: Array, prices: Array, costs: Array, count: int, missing: Array,
    basis: Array, inverse: Array, amounts: Array,
) -> None:  # fmt: skip
    """Exchange columns until none lowers the energy.

    Parameters
    ----------
    columns : (count or more, k)
        Fractions of each column; the first k are the elements.
    prices, costs : (count or more,)
        Energy of a column: to decide what enters, and of those in the basis.
    missing : (k,)
        Whether an element has no reference, so that its column stands for nothing.
    basis : (k,), inverse : (k, k), amounts : (k,)
        Columns of the basis, the inverse of their matrix, and their amounts; changed in place.
    """
    size = len(basis)
    potentials, step = np.empty(size), np.empty(size)
    most = 200 + 20 * (count + size)
    for turn in range(most):
        for i in range(size):
            value = 0.0
            for r in range(size):
                value += costs[basis[r]] * inverse[r, i]
            potentials[i] = value
        at = entering(columns, prices, count, potentials, turn > 50 + 5 * size)
        if at < 0:
            return
        for r in range(size):
            value = 0.0
            for i in range(size):
                value += inverse[r, i] * columns[at, i]
            step[r] = value
        row = leaving(step, amounts, basis, missing)
        if row < 0:
            return
        pivot(inverse, amounts, step, row)
        basis[row] = at


@inner
def refine(columns: Array, target: Array, basis: Array, inverse: Array, amounts: Array) -> None:
    """A step of iterative refinement of the amounts."""
    size = len(basis)
    rest = target.copy()
    for r in range(size):
        for i in range(size):
            rest[i] -= amounts[r] * columns[basis[r], i]
    for r in range(size):
        for i in range(size):
            amounts[r] += inverse[r, i] * rest[i]
