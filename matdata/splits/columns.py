"""The columns that splits read: aligned with sorted ids, with labels that compare equal.

Grouping and auditing compare values as text. `Columns.labels` returns texts that are equal when the
materials agree: formulas are reduced, ``225`` and ``225.0`` are one space group, and a missing
value is None, equal to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import parse_formula, reduced_amounts, reduced_formula
from matdata.core.errors import SplitError, StructureError, did_you_mean

Ids = npt.NDArray[np.str_]
Labels = list[str | None]


@dataclass(frozen=True)
class Columns:
    """A dataset's columns, read in the order of its sorted ids.

    Attributes
    ----------
    table
        Columns by name, in the dataset's own order of rows.
    order : (n,) int64
        Row of the dataset for each sorted id.
    """

    table: Mapping[str, Any]
    order: npt.NDArray[np.int64]

    def names(self) -> list[str]:
        """Available columns, and those that can be derived from the formula."""
        derived = DERIVED if "formula" in self.table else {}
        return [*self.table, *(name for name in derived if name not in self.table)]

    def values(self, name: str) -> list[Any]:
        """One column: n Python values in the order of the sorted ids, None where missing.

        Raises
        ------
        SplitError
            If there is no such column (with the closest known one), or its length is wrong.
        """
        if name not in self.table:
            raise SplitError(
                f"there is no column {name!r}{did_you_mean(name, self.names())}",
                cause="a typing error, or the dataset was built without this column",
                next_step=f"available columns: {', '.join(self.names()) or 'none'}",
            )
        values = _python_values(self.table[name])
        if len(values) != len(self.order):
            raise SplitError(
                f"column {name!r} holds {len(values)} values; expected one for each of the "
                f"{len(self.order)} materials"
            )
        return [None if is_missing(values[row]) else values[row] for row in self.order.tolist()]

    def labels(self, name: str) -> Labels:
        """One column (or one derived from ``formula``) as n texts that compare equal."""
        if name not in self.table and name in DERIVED and "formula" in self.table:
            return _mapped(self.values("formula"), DERIVED[name])
        return _mapped(self.values(name), _formula_label if name == "formula" else _label)

    def joint_labels(self, names: tuple[str, ...]) -> Labels:
        """Joint labels of several columns; None where any of them is missing."""
        columns = [self.labels(name) for name in names]
        if len(columns) == 1:
            return columns[0]
        rows = zip(*columns, strict=True)
        return [None if None in row else "\x1f".join(map(str, row)) for row in rows]


def aligned(ids: npt.ArrayLike, table: Mapping[str, object]) -> tuple[Ids, Columns]:
    """Check ids (n,) and sort them; the columns follow.

    Raises
    ------
    SplitError
        If there are no ids, one is missing, or one occurs twice.
    """
    raw_ids = _python_values(ids)
    missing = sum(is_missing(value) for value in raw_ids)
    if not raw_ids or missing:
        raise SplitError(
            f"{missing} of {len(raw_ids)} material ids are missing"
            if raw_ids
            else "there are no materials to split; expected at least two"
        )
    texts = np.array([str(value) for value in raw_ids], dtype=np.str_)
    order = np.argsort(texts, kind="stable")
    sorted_ids = texts[order]
    twice = np.unique(sorted_ids[1:][sorted_ids[1:] == sorted_ids[:-1]]).tolist()
    if twice:
        raise SplitError(
            f"{len(twice)} material ids occur more than once: {', '.join(twice[:10])}",
            cause="two sources were merged without renaming",
            next_step="make ids unique, for instance with a prefix per source",
        )
    return sorted_ids, Columns(table, order.astype(np.int64))


def is_missing(value: object) -> bool:
    """Whether a table value is None, empty text, NaN, NaT or pandas' NA."""
    if value is None or (isinstance(value, str) and not value):
        return True
    if isinstance(value, (str, int, list, tuple)):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas' NA refuses a truth value; so do arrays
        return type(value).__name__ == "NAType"


def _python_values(column: Any) -> list[Any]:
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        # tolist() of nanoseconds gives bare integers; microseconds give datetime objects
        column = column.astype("datetime64[us]")
    for method in ("to_pylist", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _mapped(values: list[Any], function: Callable[[Any], str | None]) -> Labels:
    label_of: dict[Any, str | None] = {None: None}  # many materials share a value: compute it once
    result = []
    for value in values:
        key = value if isinstance(value, (str, int, float, type(None))) else str(value)
        if key not in label_of:
            label_of[key] = function(value)
        result.append(label_of[key])
    return result


def _label(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return "-".join(sorted(map(str, value)))
    return str(value)


def _amounts(formula: object) -> dict[int, float] | None:
    try:
        return parse_formula(str(formula))
    except StructureError:
        return None


def _formula_label(formula: object) -> str:
    amounts = _amounts(formula)
    return str(formula) if amounts is None else reduced_formula(amounts)


def _chemsys(formula: object) -> str | None:
    amounts = _amounts(formula)
    symbols = elements.symbols()
    return "-".join(sorted(symbols[z] for z in amounts)) if amounts else None


def _anonymous_formula(formula: object) -> str | None:
    amounts = _amounts(formula)
    if not amounts:
        return None
    counts = sorted(reduced_amounts(amounts).values())
    letters = [chr(ord("A") + i) if i < 26 else f"<{i}>" for i in range(len(counts))]
    return "".join(
        letter + ("" if count == 1 else f"{count:g}")
        for letter, count in zip(letters, counts, strict=True)
    )


#: Labels that are derived from ``formula`` when the table has no column of that name.
DERIVED: dict[str, Callable[[Any], str | None]] = {
    "chemsys": _chemsys,
    "anonymous_formula": _anonymous_formula,
}
