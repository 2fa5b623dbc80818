"""The values of an expression over some rows of a table.

A value that is missing in a column is missing in what is computed from it. Outside the domain of a
function (the logarithm of 0, the root of a negative number, a division by 0, a result that no
float64 holds) the result is missing as well, and marked. Conditions follow the three-valued logic
of SQL: what is not known stays unknown under ``not``, and a filter keeps what is known to be true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

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

Bool = npt.NDArray[np.bool_]
Kind = Literal["number", "text", "truth"]
#: How kinds are called in messages.
CALLED = {"number": "numbers", "text": "text", "truth": "true and false"}
_FUNCTIONS = {"log10": np.log10, "ln": np.log, "sqrt": np.sqrt, "abs": np.abs}
_ARITHMETIC = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_COMPARE = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True, eq=False)
class Values:
    """What a part of an expression is, row by row.

    Attributes
    ----------
    kind
        What its values are; None if all are missing, so that nothing decides.
    data : (n, size) float64, or (n,) bool, or (n,) object of texts
        Values, 0 where missing; `size` is 1 for scalars.
    present : (n,) bool
        Where there is a value.
    outside : (n,) bool
        Where there is none since the arguments are outside the domain of a function.
    array
        Whether a cell is an array.
    """

    kind: Kind | None
    data: npt.NDArray[Any]
    present: Bool
    outside: Bool
    array: bool = False

    def cells(self) -> list[Any]:
        """One cell a row: a number, list, text or truth value; None where it is missing."""
        values = self.data if self.array or self.data.ndim == 1 else self.data[:, 0]
        here = self.present.tolist()
        return [v if there else None for v, there in zip(values.tolist(), here, strict=True)]


def values_of(
    node: Node, columns: Mapping[str, Sequence[object]], rows: Sequence[int], text: str
) -> Values:
    """Evaluate an expression for some rows; no other row is looked at.

    Parameters
    ----------
    node
        The expression, whose names are columns.
    columns
        The table: one cell a row, None where it is missing.
    rows
        The rows.
    text
        The expression as it was written, for messages.

    Raises
    ------
    ConfigError
        If a column holds values of a kind that an operator does not take.
    """
    return _Evaluation(columns, rows, text).values(node)


class _Evaluation:
    """Evaluates the parts of one expression for the same rows."""

    def __init__(
        self, columns: Mapping[str, Sequence[object]], rows: Sequence[int], text: str
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._text = text

    def values(self, node: Node) -> Values:
        """Values of a part."""
        if isinstance(node, Name):
            return self._column(node)
        if isinstance(node, Constant):
            return self._literal(node)
        if isinstance(node, (Call, Negative)):
            return self._function(node)
        if isinstance(node, Arithmetic):
            return self._arithmetic(node)
        if isinstance(node, Comparison):
            return self._comparison(node, self.values(node.left), self.values(node.right))
        if isinstance(node, Member):
            return self._member(node)
        if isinstance(node, Not):
            inner = self._need(node.argument, "truth", node.at, "not")
            return Values("truth", ~inner.data, inner.present, inner.outside)
        return self._logic(node)

    def _nothing(self, kind: Kind | None) -> Values:
        n = len(self._rows)
        shape = (n, 1) if kind == "number" else (n,)
        dtype = {"number": np.float64, "text": np.object_}.get(kind or "", np.bool_)
        return Values(kind, np.zeros(shape, dtype), np.zeros(n, bool), np.zeros(n, bool))

    def _column(self, node: Name) -> Values:
        column = self._columns[node.name]
        cells = [column[row] for row in self._rows]
        present = np.array([cell is not None for cell in cells], dtype=bool)
        first = next((cell for cell in cells if cell is not None), None)
        outside = np.zeros(len(cells), dtype=bool)
        if first is None:
            return self._nothing(None)
        if isinstance(first, (str, bool)):
            kind: Kind = "truth" if isinstance(first, bool) else "text"
            if any(cell is not None and not isinstance(cell, type(first)) for cell in cells):
                fail(self._text, node.at, f"column {node.name!r} mixes {CALLED[kind]} with others")
            dtype = np.bool_ if kind == "truth" else np.object_
            filled = [type(first)() if cell is None else cell for cell in cells]
            return Values(kind, np.array(filled, dtype=dtype), present, outside)
        data = self._numbers(node, cells)
        present &= np.isfinite(data).all(1)
        data[~present] = 0.0
        return Values("number", data, present, outside, isinstance(first, (list, tuple)))

    def _numbers(self, node: Name, cells: list[Any]) -> npt.NDArray[np.float64]:
        """Cells of numbers, or of arrays of one length, as (n, size); NaN where missing."""
        try:
            arrays = [None if cell is None else np.array(cell, np.float64) for cell in cells]
        except (TypeError, ValueError):
            fail(self._text, node.at, f"column {node.name!r} holds values that are no numbers")
        shapes = {value.shape for value in arrays if value is not None}
        if len(shapes) > 1:
            fail(self._text, node.at, f"arrays of column {node.name!r} differ in length")
        (shape,) = shapes
        if len(shape) > 1:
            fail(self._text, node.at, f"column {node.name!r} holds lists of lists")
        nothing = np.full(shape or (1,), np.nan)
        flat = [nothing if value is None else value.reshape(-1) for value in arrays]
        return np.array(flat, dtype=np.float64).reshape(len(cells), len(nothing))

    def _literal(self, node: Constant) -> Values:
        n, value = len(self._rows), node.value
        kind: Kind = "number"
        if isinstance(value, (str, bool)):
            kind = "truth" if isinstance(value, bool) else "text"
        shape = (n, 1) if kind == "number" else (n,)
        data = np.full(shape, value, dtype=np.object_ if kind == "text" else None)
        return Values(kind, data, np.ones(n, bool), np.zeros(n, bool))

    def _need(self, node: Node, kind: Kind, at: int, what: str) -> Values:
        """Values of a part that must be of one kind."""
        values = self.values(node)
        if values.kind is None:
            return self._nothing(kind)
        if values.kind != kind:
            fail(
                self._text,
                at,
                f"{what} takes {CALLED[kind]}; {text_of(node)} is {CALLED[values.kind]}",
            )
        return values

    def _function(self, node: Call | Negative) -> Values:
        name = node.function if isinstance(node, Call) else "-"
        inner = self._need(node.argument, "number", node.at, name)
        with np.errstate(all="ignore"):
            results = _FUNCTIONS.get(name, np.negative)(inner.data)
        return self._made(results, inner.present, inner.outside, inner.array)

    def _arithmetic(self, node: Arithmetic) -> Values:
        left = self._need(node.left, "number", node.at, node.operator)
        right = self._need(node.right, "number", node.at, node.operator)
        sizes = {side.data.shape[1] for side in (left, right) if side.array}
        if len(sizes) > 1:
            fail(self._text, node.at, "the arrays of both sides differ in length")
        with np.errstate(all="ignore"):
            results = _ARITHMETIC[node.operator](left.data, right.data)
        present, outside = left.present & right.present, left.outside | right.outside
        return self._made(results, present, outside, left.array or right.array)

    def _made(
        self, results: npt.NDArray[np.float64], present: Bool, outside: Bool, array: bool
    ) -> Values:
        """Results, where arguments were there; those that are no finite numbers are outside."""
        finite = np.isfinite(results).all(1)
        lost = outside | (present & ~finite)
        here = present & finite
        return Values("number", np.where(here[:, None], results, 0.0), here, lost, array)

    def _comparison(self, node: Comparison | Member, left: Values, right: Values) -> Values:
        operator = node.operator if isinstance(node, Comparison) else "=="
        present, outside = left.present & right.present, left.outside | right.outside
        if left.kind is None or right.kind is None:
            return Values("truth", self._nothing("truth").data, present, outside)
        if left.kind != right.kind:
            sides = f"{CALLED[left.kind]} and {CALLED[right.kind]}"
            fail(self._text, node.at, f"{sides} cannot be compared")
        if left.array or right.array:
            fail(self._text, node.at, "arrays cannot be compared, only single numbers")
        if left.kind != "number" and operator not in ("==", "!="):
            fail(self._text, node.at, f"{CALLED[left.kind]} can only be equal (==) or not (!=)")
        truth = _COMPARE[operator](left.data, right.data)
        return Values(
            "truth", (truth[:, 0] if truth.ndim > 1 else truth) & present, present, outside
        )

    def _member(self, node: Member) -> Values:
        left = self.values(node.argument)
        parts = [self._comparison(node, left, self._literal(one)) for one in node.choices]
        return Values(
            "truth", np.any([part.data for part in parts], axis=0), left.present, left.outside
        )

    def _logic(self, node: Logic) -> Values:
        left = self._need(node.left, "truth", node.at, node.operator)
        right = self._need(node.right, "truth", node.at, node.operator)
        decides = node.operator == "or"  # one side that is so decides, whatever the other is
        decided = (left.present & (left.data == decides)) | (
            right.present & (right.data == decides)
        )
        present = decided | (left.present & right.present)
        data = decided if decides else present & ~decided
        return Values("truth", data, present, (left.outside | right.outside) & ~present)
