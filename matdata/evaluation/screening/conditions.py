"""Conditions of a screening: expressions over stored columns and predicted numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matdata.core.errors import ConfigError
from matdata.core.expressions import Expression, parse_expression
from matdata.evaluation.learnt import learnt_columns
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.tables import Columns
from matdata.training.prediction_columns import PredictionColumn, Statistic, column_of, columns_of
from matdata.training.run import Run
from matdata.training.target import Target

#: What a table of a screening has of each target that is no array.
SHOWN = frozenset({Statistic.CLASS, Statistic.PROBABILITY, Statistic.MEAN, Statistic.TOTAL})


def described(targets: Sequence[Target]) -> list[PredictionColumn]:
    """The predicted columns that conditions may name: those of targets without a shape."""
    plain = [target for target in targets if not target.shape]
    return [one for one in columns_of(plain) if one.statistic in SHOWN]


@dataclass(frozen=True)
class Conditions:
    """Conditions that all must hold.

    Attributes
    ----------
    expressions
        Each of them.
    stored
        Columns of the dataset that they read, each once.
    """

    expressions: tuple[Expression, ...]
    stored: tuple[str, ...]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        dataset: DatasetFolder,
        targets: Sequence[Target],
        runs: Sequence[Run],
    ) -> Conditions:
        """Parse conditions and check what they name.

        Parameters
        ----------
        texts
            Expressions.
        dataset
            Whose columns they may name.
        targets
            Predicted and derived targets.
        runs
            Whose learnt columns they may not: these hold the true values of test parts.

        Raises
        ------
        ConfigError
            If one is no expression, or names no such column.
        """
        predicted = [one.name for one in described(targets)]
        stored = [name for name in dataset.columns if name not in predicted]
        arrays = {column_of(one, Statistic.MEAN).name for one in targets if one.shape}
        targets_of_runs = [target for run in runs for target in run.schema.targets]
        learnt = learnt_columns(targets_of_runs, dataset.columns)
        expressions = []
        for text in texts:
            expression = _parsed(text, [*stored, *predicted, *arrays], dataset.ref)
            for name in expression.columns():
                _require_number(name, arrays, expression)
                _require_unlearnt(name, learnt, expression)
            expressions.append(expression)
        names = dict.fromkeys(name for one in expressions for name in one.columns())
        return cls(tuple(expressions), tuple(name for name in names if name in stored))

    def hold(self, columns: Columns, count: int) -> list[bool]:
        """Whether all are known to be true, row by row.

        Raises
        ------
        ConfigError
            If one is no condition, or compares what cannot be compared.
        """
        marks = [one.holds(columns, range(count)) for one in self.expressions]
        return [all(row) for row in zip(*marks, strict=True)]

    def missing(self, columns: Columns) -> dict[str, int]:
        """By name of a column that they read the rows in which it has no value, where there are
        some.
        """
        names = dict.fromkeys(name for one in self.expressions for name in one.columns())
        counts = {name: sum(cell is None for cell in columns[name]) for name in names}
        return {name: number for name, number in counts.items() if number}


def _parsed(text: str, known: Sequence[str], ref: str) -> Expression:
    return parse_expression(text, known, f"{ref}, with what is predicted for it,")


def _require_number(name: str, arrays: set[str], expression: Expression) -> None:
    if name in arrays:
        raise ConfigError(
            f"{expression.given[:80]!r}: {name!r} is an array, and conditions compare numbers",
            next_step="a rule makes numbers of arrays (--rule enz); their names begin with "
            "prediction_",
        )


def _require_unlearnt(name: str, learnt: dict[str, str], expression: Expression) -> None:
    if name in learnt:
        raise ConfigError(
            f"{expression.given[:80]!r}: {name!r} holds true values of what is predicted",
            cause="those of a test part are sealed, and candidates have none",
            next_step=f"write prediction_{learnt[name]}_mean for what is predicted",
        )
