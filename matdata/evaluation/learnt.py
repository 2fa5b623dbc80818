"""Columns that a run learnt: those of a test part are sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from matdata.core.errors import ConfigError
from matdata.core.expressions import parse_expression
from matdata.training.target import Target


def learnt_columns(targets: Sequence[Target], columns: Collection[str]) -> dict[str, str]:
    """By column that a target is read from the name of that target.

    Parameters
    ----------
    targets
        Of one or several runs.
    columns
        Those of a dataset, which need not have all that are read.
    """
    learnt: dict[str, str] = {}
    for target in targets:
        try:
            names = parse_expression(target.source, columns).columns()
        except ConfigError:  # another dataset need not have the column
            names = ()
        learnt |= dict.fromkeys(names, target.name)
    return learnt


def require_unlearnt(
    column: str, targets: Sequence[Target], columns: Collection[str], use: str
) -> None:
    """Refuse a column that holds true values of what is predicted.

    Parameters
    ----------
    use
        What it was to be used for, as the message ends (``"materials are not grouped by it"``).

    Raises
    ------
    ConfigError
        If it does.
    """
    if column in learnt_columns(targets, columns):
        raise ConfigError(
            f"{column!r} holds true values of what is predicted, so {use}",
            cause="those of a test part are sealed, and new materials have none",
            next_step="name a column that is known before a prediction",
        )
