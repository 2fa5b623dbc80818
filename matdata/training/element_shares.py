"""Formulas as shares of the elements, and as the set of them."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.elements import symbols
from matdata.core.errors import ConfigError
from matdata.core.formula import parse_formula

#: H to Lr, the columns of the feature ``fractions``.
ELEMENTS = 103


def element_labels() -> tuple[str, ...]:
    """Symbols of all elements by atomic number from 1, H to Og: the labels of formulas."""
    return symbols()[1:]


def elements_present(formula: str, labels: Sequence[str]) -> list[float]:
    """Of each label 1 where the formula holds the element of that symbol, else 0.

    Raises
    ------
    StructureError
        If the text is no formula.
    """
    present = {symbols()[number] for number in parse_formula(formula)}
    return [float(label in present) for label in labels]


def element_shares(formula: str, size: int = ELEMENTS) -> list[float]:
    """Atomic fractions of a formula by atomic number from 1, ``size`` of them, whose sum is 1.

    Raises
    ------
    StructureError
        If the text is no formula.
    ConfigError
        If it has an element beyond the last.
    """
    amounts = parse_formula(formula)
    if max(amounts, default=0) > size:
        raise ConfigError(
            f"{formula} holds an element beyond number {size}, which has no share",
            next_step="leave such rows out when the dataset is built",
        )
    total = sum(amounts.values())
    return [amounts.get(number, 0.0) / total for number in range(1, size + 1)]
