"""The space of a search: a TOML file with a table per hyperparameter or setting of the loop."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.core.errors import ConfigError, did_you_mean
from matdata.training.contract import FitTrainer, Trainer
from matdata.training.settings import TrainSettings, require_honoured, settings_from_pairs

KNOWN = ("low", "high", "step", "log", "choices")
TABLES = ("hyper", "train")
#: Bytes of a file, and parameters of a space, at most.
LARGEST, MOST = 100_000, 50
#: Settings that change no model, or what trials are compared by.
NOT_SEARCHED = frozenset(("validation", "seed", "monitor"))


@dataclass(frozen=True)
class Parameter:
    """What one parameter may be: from `low` to `high`, or one of some choices.

    Attributes
    ----------
    low, high
        Whole numbers, or numbers; both ends can be taken.
    step
        Between values; 1 of whole numbers if not given.
    log
        Whether equal ratios are equally likely.
    choices
        In place of a range.
    """

    low: float | int | None = None
    high: float | int | None = None
    step: float | int | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def examples(self) -> tuple[Any, ...]:
        """Values that it can take: all choices, or the ends."""
        return self.choices or (self.low, self.high)


def read_space(path: str | Path, plugin: type[Trainer]) -> dict[str, Parameter]:
    """The parameters of a file by name, ``hyper.depth`` or ``train.lr``, checked.

    Parameters
    ----------
    path
        TOML: ``[hyper.depth]`` with ``low`` and ``high`` (and ``step`` or ``log``), or with
        ``choices``.
    plugin
        Whose hyperparameters they are.

    Raises
    ------
    ConfigError
        If the file cannot be read, a key or parameter is unknown (with the known ones), or a value
        is none that the parameter can take.
    """
    content = _read(Path(path))
    space: dict[str, Parameter] = {}
    for table, entries in content.items():
        if table not in TABLES or not isinstance(entries, Mapping):
            raise ConfigError(
                f"{path}: unknown key {table!r}{did_you_mean(table, TABLES)}",
                next_step="a space has tables [hyper.NAME] and [train.NAME]",
            )
        for key, described in entries.items():
            name = f"{table}.{key.replace('-', '_')}"
            space[name] = _parameter(f"{path}: {name}", described)
    if not 1 <= len(space) <= MOST:
        raise ConfigError(f"{path} has {len(space)} parameters; expected 1 to {MOST}")
    for name, one in space.items():
        _require_possible(f"{path}: {name}", name, one, plugin)
    return dict(sorted(space.items()))


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path} has more than {LARGEST:,} bytes; it is no space")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the space {path} cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error


def _parameter(where: str, described: object) -> Parameter:
    if not isinstance(described, Mapping):
        raise ConfigError(
            f"{where} is {described!r}; expected a table of {', '.join(KNOWN)}",
            next_step="a value that is not searched stands in --set, not in the space",
        )
    unknown = [key for key in described if key not in KNOWN]
    if unknown:
        raise ConfigError(
            f"{where}: unknown key {unknown[0]!r}{did_you_mean(unknown[0], KNOWN)}",
            next_step=f"known keys: {', '.join(KNOWN)}",
        )
    if "choices" in described:
        return _choices(where, described)
    low, high, step = (described.get(key) for key in ("low", "high", "step"))
    for key, value in (("low", low), ("high", high), *((("step", step),) if step else ())):
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not math.isfinite(value)
        ):
            raise ConfigError(f"{where}: {key} is {value!r}; expected a number")
    assert low is not None
    assert high is not None
    log = described.get("log", False)
    if not isinstance(log, bool):
        raise ConfigError(f"{where}: log is {log!r}; expected true or false")
    if not low < high or (log and low <= 0) or (step is not None and (step <= 0 or log)):
        raise ConfigError(
            f"{where}: low {low:g}, high {high:g}"
            + (f", step {step:g}" if step else "")
            + " is no range",
            cause="low is below high, and above 0 with log, which takes no step",
        )
    return Parameter(low, high, step, log)


def _choices(where: str, described: Mapping[str, object]) -> Parameter:
    choices = described["choices"]
    if set(described) != {"choices"}:
        raise ConfigError(f"{where}: choices take the place of {', '.join(KNOWN[:-1])}")
    scalars = (str, int, float, bool)
    if (
        not isinstance(choices, list)
        or len(choices) < 2
        or not all(isinstance(one, scalars) for one in choices)
    ):
        raise ConfigError(
            f"{where}: choices are {choices!r}; expected a list of two values or more"
        )
    return Parameter(choices=tuple(choices))


def _require_possible(where: str, name: str, one: Parameter, plugin: type[Trainer]) -> None:
    """Check that the plugin, or the loop, takes the values."""
    table, _, key = name.partition(".")
    for value in one.examples:
        settings, hypers = settings_from_pairs({name: value}, plugin)
        if table == "train":
            if key in NOT_SEARCHED or _is_view(key):
                raise ConfigError(
                    f"{where} is not searched",
                    cause="trials are compared on one validation part; devices, threads and logs "
                    "change no model",
                    next_step="give it by --set, the same for all trials",
                )
            TrainSettings.from_mapping(settings)
        else:
            plugin.Hypers.from_mapping(hypers)
    if table == "train" and issubclass(plugin, FitTrainer):
        require_honoured(plugin.name, [key])


def _is_view(key: str) -> bool:
    return bool(TrainSettings.__dataclass_fields__[key].metadata.get("view"))
