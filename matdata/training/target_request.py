"""What a user asks about one target, beside its name; unchecked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, did_you_mean
from matdata.training.axis import Axis
from matdata.training.objectives import task_of
from matdata.training.target import Target, Task

#: Words of `--target-option TARGET.KEY=VALUE` that are no options of the objective.
NORMALIZER, WEIGHTS = "normalizer", "axis_weights"
#: How an axis weighs the numbers of a target.
RULES = ("none", "trapezoid")


@dataclass(frozen=True)
class TargetRequest:
    """What a user requests for one target.

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
    options: Mapping[str, object] = field(default_factory=dict)
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
    def from_mapping(cls, name: str, values: JsonMapping) -> TargetRequest:
        """Of a mapping such as ``{"objective": "huber", "options": {"delta": 0.5}}``.

        Raises
        ------
        ConfigError
            If a key is unknown.
        """
        keys = ("objective", "axis", WEIGHTS, NORMALIZER, "options")
        for key in values:
            if key not in keys:
                raise ConfigError(
                    f"target {name!r} has no {key!r}{did_you_mean(key, keys)}",
                    next_step=f"it may have: name, {', '.join(keys)}",
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
        If a text names no target, or an option is given twice.
    """
    by_target: dict[str, JsonObject] = {}

    def put(target: str, key: str, value: str, into: JsonObject) -> None:
        """Set a key once.

        Raises
        ------
        ConfigError
            If it is set already.
        """
        if key in into:
            raise ConfigError(f"{key} of target {target!r} is given twice")
        into[key] = value

    for option, key, texts in (("--objective", "objective", objectives), ("--axis", "axis", axes)):
        for text in texts:
            target, value = _split(text, targets, "=", option, "TARGET=NAME")
            put(target, key, value, by_target.setdefault(target, {}))
    for text in options:
        target, rest = _split(text, targets, ".", "--target-option", "TARGET.KEY=VALUE")
        key, equals, value = rest.partition("=")
        if not equals:
            raise ConfigError(f"--target-option {text}: expected TARGET.KEY=VALUE")
        of_target = by_target.setdefault(target, {})
        into = of_target if key in (NORMALIZER, WEIGHTS) else of_target.setdefault("options", {})
        put(target, key, value, into)
    return {name: TargetRequest.from_mapping(name, values) for name, values in by_target.items()}


def texts_of(requests: Mapping[str, TargetRequest]) -> dict[str, list[str]]:
    """What `target_requests` reads, by name of the option: ``objective``, ``axis``,
    ``target_option``.
    """
    options = []
    for name, request in requests.items():
        values = {WEIGHTS: request.axis_weights, NORMALIZER: request.normalizer, **request.options}
        default = {WEIGHTS: "none", NORMALIZER: ""}
        options += [
            f"{name}.{key}={values[key]}" for key in values if values[key] != default.get(key)
        ]
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
