"""What a user asks about one target, beside its name; unchecked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, did_you_mean, first_few
from matdata.core.settings import Settings
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.axis import Axis
from matdata.training.contract import Scaling, Target, Task
from matdata.training.objectives import OBJECTIVES, task_of
from matdata.training.target_cells import cells_of

Ids = npt.NDArray[np.str_]
#: Words of `--target-option TARGET.KEY=VALUE` that are no options of the objective.
NORMALIZER, WEIGHTS = "normalizer", "axis_weights"
#: How an axis weighs the numbers of a target.
RULES = ("none", "trapezoid")


@dataclass(frozen=True)
class TargetRequest:
    """What is asked of one target.

    Attributes
    ----------
    objective
        Name of its objective; that of the run if empty.
    axis
        Its axis, or the column of the table that holds the same list of numbers in each row.
    axis_weights
        ``none`` or ``trapezoid``: how much each point of the axis counts.
    normalizer
        ``none``, ``scalar`` or ``pointwise``; empty for the default.
    options
        Of the objective, as text or values.
    given
        A target as a whole, whose unit, size and shape the table must agree with.
    """

    objective: str = ""
    axis: Axis | str | None = None
    axis_weights: str = "none"
    normalizer: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    given: Target | None = None

    def __post_init__(self) -> None:
        if self.axis_weights not in RULES:
            raise ConfigError(
                f"no rule {self.axis_weights!r} weighs an axis"
                + did_you_mean(self.axis_weights, RULES),
                next_step=f"choose one of: {', '.join(RULES)}",
            )

    @property
    def task(self) -> Task | None:
        """The kind of target that its objective learns; None if it names none."""
        if self.objective:
            return task_of(self.objective)
        return None if self.given is None or self.given.task == "regression" else self.given.task

    @classmethod
    def of(cls, target: Target) -> TargetRequest:
        """What a target asks for that was written in Python."""
        return cls(
            objective=target.objective,
            axis=target.axis,
            normalizer="" if target.normalizer == "pointwise" else target.normalizer,
            options=target.options,
            given=target,
        )

    @classmethod
    def from_mapping(cls, name: str, values: Mapping[str, Any]) -> TargetRequest:
        """Of a mapping such as ``{"objective": "huber", "options": {"delta": 0.5}}``.

        Raises
        ------
        ConfigError
            If a key is unknown.
        """
        known = ("objective", "axis", WEIGHTS, NORMALIZER, "options")
        for key in values:
            if key not in known:
                raise ConfigError(
                    f"target {name!r} has no {key!r}{did_you_mean(key, known)}",
                    next_step=f"it may have: name, {', '.join(known)}",
                )
        axis = values.get("axis")
        return cls(**{**values, "axis": Axis(**axis) if isinstance(axis, Mapping) else axis})


def target_requests(
    targets: Sequence[str],
    objectives: Sequence[str] = (),
    axes: Sequence[str] = (),
    options: Sequence[str] = (),
) -> dict[str, TargetRequest]:
    """What options of the command line ask of targets.

    Parameters
    ----------
    targets
        Names of all targets.
    objectives, axes
        Texts ``TARGET=NAME`` and ``TARGET=COLUMN``.
    options
        Texts ``TARGET.KEY=VALUE``.

    Raises
    ------
    ConfigError
        If a text names no target, or says one thing twice.
    """
    asked: dict[str, dict[str, Any]] = {}

    def put(target: str, key: str, value: str, into: dict[str, Any]) -> None:
        if key in into:
            raise ConfigError(f"{key} of target {target!r} is given twice")
        into[key] = value

    for option, key, texts in (("--objective", "objective", objectives), ("--axis", "axis", axes)):
        for text in texts:
            target, value = _split(text, targets, "=", option, "TARGET=NAME")
            put(target, key, value, asked.setdefault(target, {}))
    for text in options:
        target, rest = _split(text, targets, ".", "--target-option", "TARGET.KEY=VALUE")
        key, equals, value = rest.partition("=")
        if not equals:
            raise ConfigError(f"--target-option {text}: expected TARGET.KEY=VALUE")
        own = asked.setdefault(target, {})
        into = own if key in (NORMALIZER, WEIGHTS) else own.setdefault("options", {})
        put(target, key, value, into)
    return {name: TargetRequest.from_mapping(name, values) for name, values in asked.items()}


def texts_of(requests: Mapping[str, TargetRequest]) -> dict[str, list[str]]:
    """What `target_requests` reads, by name of the option: ``objective``, ``axis``,
    ``target_option``.
    """
    options = []
    for name, request in requests.items():
        own = {WEIGHTS: request.axis_weights, NORMALIZER: request.normalizer, **request.options}
        default = {WEIGHTS: "none", NORMALIZER: ""}
        options += [f"{name}.{key}={own[key]}" for key in own if own[key] != default.get(key)]
    return {
        "objective": [f"{name}={one.objective}" for name, one in requests.items() if one.objective],
        "axis": [f"{name}={one.axis}" for name, one in requests.items() if one.axis is not None],
        "target_option": options,
    }


def _split(text: str, targets: Sequence[str], mark: str, option: str, form: str) -> tuple[str, str]:
    """The target that a text begins with, and what follows the mark; names may hold marks."""
    fitting = [name for name in targets if text.startswith(name + mark)]
    if not fitting:
        name = text.partition(mark)[0]
        raise ConfigError(
            f"{option} {text} begins with no target of this run{did_you_mean(name, targets)}",
            next_step=f"write {form}; targets: {', '.join(targets)}",
        )
    target = max(fitting, key=len)
    return target, text[len(target) + len(mark) :]


def apply_request(
    target: Target, asked: TargetRequest | None, dataset: DatasetFolder, ids: Ids
) -> Target:
    """The target of a column with what is asked of it.

    Parameters
    ----------
    target
        As its column says.
    ids
        Materials of training and validation, whose axis must be one.

    Raises
    ------
    ConfigError
        If the column is another one than is asked for, or rows have different axes.
    """
    if asked is None:
        return target
    _require_agreement(target, asked.given)
    axis = asked.axis
    if isinstance(axis, str):
        axis = read_axis(dataset, target, axis, ids)
    if asked.axis_weights == "trapezoid":
        if axis is None:
            raise ConfigError(
                f"target {target.name!r} has no axis to be weighted",
                next_step=f"name its column: --axis {target.name}=COLUMN",
            )
        axis = axis.with_trapezoid()
    unit = target.unit
    if asked.given is not None and unit == "1":
        unit = asked.given.unit
    return replace(
        target,
        unit=unit,
        axis=axis,
        objective=asked.objective,
        normalizer=cast(Scaling, asked.normalizer or target.normalizer),
        options=_typed(asked.objective, asked.options),
    )


def _typed(objective: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as values, those that are given alone."""
    if not options:
        return {}
    if not objective:
        raise ConfigError(
            f"{', '.join(options)} is an option of an objective; none is named",
            next_step="name it: --objective TARGET=NAME",
        )
    kind: type[Settings] = OBJECTIVES.get(objective).Options
    values = kind.from_mapping(options).to_dict()
    return {name: values[name] for name in options}


def _require_agreement(target: Target, given: Target | None) -> None:
    """Refuse a column that is not what a target in Python says."""
    if given is None:
        return
    pairs = {
        "unit": (given.unit, target.unit, "1"),
        "size": (given.size, target.size, 1),
        "shape": (given.shape, target.shape, ()),
        "classes": (given.classes, target.classes, ()),
    }
    for what, (asked, found, default) in pairs.items():
        if asked not in (found, default) and not (what == "unit" and found == "1"):
            raise ConfigError(
                f"target {target.name!r} is given with the {what} {asked!r}, its column has "
                f"{found!r}",
                next_step=f"leave out the {what}, which is read from the dataset",
            )


def read_axis(dataset: DatasetFolder, target: Target, column: str, ids: Ids) -> Axis:
    """The axis of a target: a column with the same list of numbers in each row.

    Raises
    ------
    ConfigError
        If there is no such column, it holds no lists, or rows differ, naming some.
    """
    if column not in dataset.columns:
        known = list(dataset.columns)
        raise ConfigError(
            f"{dataset.ref} has no column {column!r} for the axis of {target.name}"
            + did_you_mean(column, known),
            next_step=f"columns: {', '.join(known)}",
        )
    first = _require_one_grid(dataset, target, dataset.columns[column], column, ids)
    if not isinstance(first, (list, tuple)):
        raise ConfigError(
            f"column {column!r} holds no lists of numbers; an axis has one number per point",
            next_step="choose a column that holds the axis in each row",
        )
    return Axis(column, dataset.units.get(column, "1"), tuple(first))


def _require_one_grid(
    dataset: DatasetFolder, target: Target, cells: Any, column: str, ids: Ids, axis: Any = None
) -> Any:
    """The list that all rows with a value of the target have."""
    first, others = axis, []
    rows = [dataset.row(name) for name in ids.tolist()]
    truths = cells_of(dataset.columns, target, rows).cells
    for name, row, truth in zip(ids.tolist(), rows, truths, strict=True):
        if truth is None:
            continue
        first = cells[row] if first is None else first
        if cells[row] != first:
            others.append(name)
    if others:
        raise ConfigError(
            f"{len(others):,} rows have another axis {column!r} than the first: "
            f"{first_few(np.array(others))}",
            cause=f"numbers of {target.name} at other points cannot be learnt or scored together",
            next_step="interpolate all rows to one grid before the dataset is built, or leave "
            "those rows out",
        )
    return first


def require_same_axis(dataset: DatasetFolder, targets: tuple[Target, ...], ids: Ids) -> None:
    """Check that materials have the axis that the run was trained with.

    Raises
    ------
    ConfigError
        Naming some of those that have not.
    """
    for target in targets:
        if target.axis is None or target.axis.name not in dataset.columns:
            continue
        cells = dataset.columns[target.axis.name]
        if not any(isinstance(cell, list) for cell in cells):
            continue
        values = list(target.axis.values)
        _require_one_grid(dataset, target, cells, target.axis.name, ids, values)
