"""The target of a column, with the request for it applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.objectives import OBJECTIVES
from matdata.training.target import Scaling, Target
from matdata.training.target_axis import read_axis
from matdata.training.target_request import TargetRequest

Ids = npt.NDArray[np.str_]


def apply_request(
    target: Target, asked: TargetRequest | None, dataset: DatasetFolder, ids: Ids
) -> Target:
    """The target of a column, with the request for it applied.

    Parameters
    ----------
    target
        As inferred from its column.
    ids
        Materials of training and validation, whose axis must be one.

    Raises
    ------
    ConfigError
        If the column is another one than is asked for, or rows have different axes.
    """
    asked = asked or TargetRequest()
    _require_agreement(target, asked.given)
    axis = asked.axis or _stored_axis(dataset, target)
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


def _stored_axis(dataset: DatasetFolder, target: Target) -> str | None:
    """The column that the dataset names as the axis of a target."""
    is_curve = target.task == "regression" and len(target.shape) == 1
    return dataset.axes.get(target.source) if is_curve else None


def _typed(objective: str, options: Mapping[str, object]) -> dict[str, object]:
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
    """Refuse a column that does not agree with a target given in Python."""
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
