"""Cells of targets: of a column as they are, of an expression evaluated for the rows asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matdata.core.errors import ConfigError
from matdata.core.expressions import Cells, parse_expression
from matdata.features.base import Featurizer
from matdata.training.target import Target


def cells_of(columns: Mapping[str, Sequence[Any]], target: Target, rows: Sequence[int]) -> Cells:
    """Cells of a target for some rows of a table; no other row is looked at.

    Parameters
    ----------
    columns
        A table, or a view of one that holds the target itself as a column.
    target
        The target.
    rows
        Rows of the table.

    Raises
    ------
    ConfigError
        If the table lacks a column that the target is computed from.
    """
    return parse_expression(target.source, columns).cells(columns, rows)


def refuse_leakage(
    columns: Iterable[str], targets: Iterable[Target], inputs: Mapping[str, Featurizer]
) -> None:
    """Check that no input is a column that a target is, or is computed from.

    Raises
    ------
    ConfigError
        Naming input and target.
    """
    names = list(columns)
    read = {target.name: parse_expression(target.source, names).columns() for target in targets}
    for spec, made in inputs.items():
        for name in made.columns():
            for target, sources in read.items():
                if name in sources:
                    raise ConfigError(
                        f"the input {spec!r} is what the target {target!r} is computed from",
                        cause="a model that reads its own target learns nothing else",
                        next_step="leave out that input, or learn another target",
                    )
