"""Objectives: what a target's predictions are compared by, one file each; open to plugins."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from matdata.core.errors import ConfigError, PluginError
from matdata.core.registry import Registry

if TYPE_CHECKING:
    from matdata.training.objectives.base import Objective
    from matdata.training.target import Task

_HERE = "matdata.training.objectives"

#: Classes of objectives by name; `Objective.bind` makes one for a target.
OBJECTIVES: Registry[type[Objective]] = Registry(
    "objective",
    "matdata.objectives",
    {
        "cross_entropy": f"{_HERE}.cross_entropy:CrossEntropy",
        "element_distribution": f"{_HERE}.element_distribution:ElementDistribution",
        "huber": f"{_HERE}.huber:Huber",
        "l1": f"{_HERE}.l1:L1",
        "mse": f"{_HERE}.mse:SquaredError",
        "multi_label": f"{_HERE}.multi_label:MultiLabel",
        "robust_l1": f"{_HERE}.robust_l1:RobustL1",
        "robust_l2": f"{_HERE}.robust_l2:RobustL2",
        "sequence": f"{_HERE}.sequence:WordSequence",
    },
    ConfigError,
    base="matdata.training.objectives.base:Objective",
    needs=("version", "summary", "task"),
)

#: The objective of a target that names none, by the kind of target.
DEFAULTS: dict[Task, str] = {
    "regression": "robust_l1",
    "classification": "cross_entropy",
    "multi_label": "multi_label",
    "distribution": "element_distribution",
    "sequence": "sequence",
}


def task_of(objective: str) -> Task:
    """The kind of target that an objective learns.

    Raises
    ------
    ConfigError
        If it is unknown, with the closest known name.
    PluginError
        If the plugin that offers it is broken.
    """
    return OBJECTIVES.get(objective).task


def names_for(task: Task) -> list[str]:
    """The usable objectives for a kind of target, the default first."""
    names = []
    for name in OBJECTIVES.names():
        with contextlib.suppress(PluginError):
            if task_of(name) == task:
                names.append(name)
    return sorted(names, key=lambda name: (name != DEFAULTS[task], name))
