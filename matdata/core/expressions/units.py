"""The unit of an expression, from those of its columns.

A column without a known unit has the unit ``1``; numbers that are written down take the unit of
what they stand beside. Sums and comparisons need equal units. A quotient has ``a/b``, a product
``a*b``; a logarithm or a root is written as such, ``log10(GPa)``, as Matbench names its targets, so
the reference of a logarithm is one unit of its argument. The column ``n_sites`` counts atoms, so
what is divided by it is per atom. A condition has the unit ``1``.
"""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.expressions.grammar import fail
from matdata.core.expressions.nodes import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Logic,
    Member,
    Name,
    Negative,
    Node,
    Not,
    text_of,
)

PLAIN = "1"
COUNTS = {"n_sites": "atom"}


def unit_of(node: Node, units: Mapping[str, str], text: str) -> str:
    """The unit of an expression, ``1`` where it has none.

    Parameters
    ----------
    node
        The expression.
    units
        Units of columns, where they are known.
    text
        The expression as it was written, for messages.

    Raises
    ------
    ConfigError
        If quantities of different units are added, subtracted or compared.
    """
    return _Units(units, text).unit(node) or PLAIN


class _Units:
    """Units of the parts of one expression; None for a number that is written down."""

    def __init__(self, units: Mapping[str, str], text: str) -> None:
        self._units = units
        self._text = text

    def unit(self, node: Node) -> str | None:
        """The unit of a part."""
        if isinstance(node, Name):
            return self._units.get(node.name) or PLAIN
        if isinstance(node, Constant):
            return None
        if isinstance(node, Negative):
            return self.unit(node.argument)
        if isinstance(node, Call):
            return self._of_call(node)
        if isinstance(node, Arithmetic):
            return self._of_arithmetic(node)
        self._check(node)
        return PLAIN

    def _of_call(self, node: Call) -> str | None:
        inner = self.unit(node.argument)
        if inner in (None, PLAIN) or node.function == "abs":
            return inner
        return f"{node.function}({inner})"

    def _of_arithmetic(self, node: Arithmetic) -> str | None:
        if node.operator in "+-":
            return self._common(node)
        left, right = self._counted(node.left), self._counted(node.right)
        return _product(left, right) if node.operator == "*" else _quotient(left, right)

    def _counted(self, node: Node) -> str | None:
        """The unit of a factor: a count of atoms is one of atoms."""
        if isinstance(node, Name) and node.name in COUNTS and node.name not in self._units:
            return COUNTS[node.name]
        return self.unit(node)

    def _common(self, node: Arithmetic | Comparison) -> str | None:
        """The one unit of both sides."""
        left, right = self.unit(node.left), self.unit(node.right)
        if left is None or right is None:
            return left or right
        if left != right:
            sides = [
                f"{text_of(side)} ({unit if unit != PLAIN else 'no unit'})"
                for side, unit in ((node.left, left), (node.right, right))
            ]
            fail(
                self._text,
                node.at,
                f"{sides[0]} {node.operator} {sides[1]} are of different units",
                "use columns of one unit, or multiply one by a number in the source",
            )
        return left

    def _check(self, node: Node) -> None:
        """Look at the units within a condition."""
        if isinstance(node, Comparison):
            self._common(node)
        elif isinstance(node, Logic):
            self.unit(node.left), self.unit(node.right)
        elif isinstance(node, (Not, Member)):
            self.unit(node.argument)


def _product(left: str | None, right: str | None) -> str | None:
    if left is None or right is None:
        return left or right
    if PLAIN in (left, right):
        return right if left == PLAIN else left
    for whole, part in ((left, right), (right, left)):
        if whole.endswith(f"/{part}"):
            return whole[: -len(part) - 1]
    return f"{left}*{right}"


def _quotient(left: str | None, right: str | None) -> str | None:
    if right is None or right == PLAIN:
        return left or right
    if left == right:
        return PLAIN
    below = f"({right})" if set(right) & set("*/") else right
    return f"{left or PLAIN}/{below}"
