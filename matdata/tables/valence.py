"""Which valence subshells an element has, as the 0/1 vectors o(c) of the orbital field matrix.

Position ``l_start + electrons - 1`` is 1 for each valence subshell: s^1 and s^2, p^1 to p^6, d^1 to
d^10, f^1 to f^14 (T. Lam Pham et al., Sci. Technol. Adv. Mater. 18, 756, 2017, Fig. 1).
"""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
import numpy.typing as npt

from matdata.core import elements

Rule = Literal["outermost", "noble_gas", "matminer"]
LETTERS = "spdf"
CAPACITY = {letter: 4 * l + 2 for l, letter in enumerate(LETTERS)}
PERIODS = 7
NOBLE_GASES = (2, 10, 18, 36, 54, 86)
#: Shells below the outermost one down to which a subshell still counts as valence.
DEPTH = {"s": 0, "p": 0, "d": 1, "f": 2}


def valence_labels(period_tag: bool) -> list[str]:
    """Names of the positions of a vector: ``s^1`` to ``f^14``, then ``period 1`` to 7."""
    names = [f"{letter}^{n}" for letter in LETTERS for n in range(1, CAPACITY[letter] + 1)]
    return names + ([f"period {row}" for row in range(1, PERIODS + 1)] if period_tag else [])


def valence_subshells(number: int, rule: Rule) -> list[tuple[str, int]]:
    """Valence subshells of an element, (letter, electrons), in Madelung order.

    An s or p subshell counts if it belongs to shell `n` (or one further out), d also if it
    belongs to shell ``n - 1``, f down to ``n - 2``.

    Parameters
    ----------
    number
        Atomic number.
    rule
        ``outermost``: `n` is the highest occupied shell, as published; ``matminer``: the shell of
        the subshell that is last in Madelung order, which is one further in for transition metals;
        ``noble_gas``: what the noble gas before the element does not have, as configurations are
        written ([Kr] 4d10). That is `outermost` but for Pd, whose highest shell is the core's.
    """
    shells = elements.configurations()[number]
    if not shells:
        return []
    if rule == "noble_gas":
        noble = max((z for z in NOBLE_GASES if z < number), default=0)
        core = {(n, letter) for n, letter, _ in elements.configurations()[noble]}
        return [(letter, count) for n, letter, count in shells if (n, letter) not in core]
    top = shells[-1][0] if rule == "matminer" else max(n for n, _, _ in shells)
    return [(letter, count) for n, letter, count in shells if n >= top - DEPTH[letter]]


@functools.cache
def valence_vectors(rule: Rule, period_tag: bool) -> npt.NDArray[np.float64]:
    """Vectors o(c) of all elements.

    Parameters
    ----------
    rule
        Which subshells are valence and which core, see `valence_subshells`.
    period_tag
        Whether seven positions for the period follow (lanthanides in 6, actinides in 7).

    Returns
    -------
    (119, 32) or (119, 39) float64
        By atomic number; all 0 for elements without a known configuration (and index 0).
    """
    labels = valence_labels(period_tag)
    position = {label: i for i, label in enumerate(labels)}
    vectors = np.zeros((elements.N_ELEMENTS + 1, len(labels)))
    for number in range(1, elements.N_ELEMENTS + 1):
        subshells = valence_subshells(number, rule)
        for letter, electrons in subshells:
            vectors[number, position[f"{letter}^{electrons}"]] = 1.0
        if period_tag and subshells:
            vectors[number, position[f"period {elements.rows()[number]}"]] = 1.0
    vectors.flags.writeable = False
    return vectors
