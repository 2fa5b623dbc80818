"""The space of a search: a TOML file with a table per hyperparameter or setting of the loop."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matdata.core.errors import ConfigError, did_you_mean
from matdata.training.contract import FitTrainer, Trainer
from matdata.training.settings import TrainSettings, require_honoured, settings_from_pairs

KNOWN = ("low", "high", "step", "log", "choices")
TABLES = ("hyper", "train")
#: Bytes of a file, and parameters of a space, at most.
LARGEST, MOST = 100_000, 50
#: Whole numbers up to which each has a double of its own.
LARGEST_INT = 2**53
#: Settings that change no model, or what trials are compared by.
NOT_SEARCHED = frozenset(("validation", "seed", "monitor"))


@dataclass(frozen=True)
class Parameter:
    """What one parameter may be: from `low` to `high`, or one of some choices.

    Attributes
    ----------
    low, high
        Both ends can be taken.
    step
        Between values; 1 of a setting that is a whole number if not given.
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
        """Values that it can take: all choices, or the ends and one between them."""
        if self.choices:
            return self.choices
        assert self.low is not None
        assert self.high is not None
        if isinstance(self.low, int):
            return (self.low, self.high)
        inside = self.low + (self.step or 0.3819660 * (self.high - self.low))
        return (self.low, self.high, inside)


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
            what = (
                f"{table!r} is {entries!r}; expected a table"
                if table in TABLES
                else f"unknown key {table!r}{did_you_mean(table, TABLES)}"
            )
            raise ConfigError(
                f"{path}: {what}",
                next_step="a space has tables [hyper.NAME] and [train.NAME]",
            )
        for key, described in entries.items():
            name = f"{table}.{key.replace('-', '_')}"
            if name in space:
                raise ConfigError(f"{path}: {name} is there twice, with - and with _")
            space[name] = _parameter(f"{path}: {name}", described)
    if not 1 <= len(space) <= MOST:
        raise ConfigError(f"{path} has {len(space)} parameters; expected 1 to {MOST}")
    return {
        name: _possible(f"{path}: {name}", name, one, plugin) for name, one in sorted(space.items())
    }


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
            or not (abs(value) <= LARGEST_INT if isinstance(value, int) else math.isfinite(value))
        ):
            raise ConfigError(f"{where}: {key} is {str(value)[:40]}; expected a number")
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
    if step and abs((high - low) / step - round((high - low) / step)) > 1e-6:
        raise ConfigError(
            f"{where}: from low {low:g} no whole number of steps {step:g} leads to high {high:g}",
            next_step=f"high = {low + math.floor((high - low) / step) * step:g}",
        )
    if any(isinstance(one, float) for one in (low, high, step)):
        low, high = float(low), float(high)  # else both would be taken for whole numbers
    return Parameter(low, high, step, log)


def _choices(where: str, described: Mapping[str, object]) -> Parameter:
    choices = described["choices"]
    if set(described) != {"choices"}:
        raise ConfigError(f"{where}: choices take the place of {', '.join(KNOWN[:-1])}")
    scalars = (str, int, float, bool)
    if (
        not isinstance(choices, list)
        or not all(isinstance(one, scalars) for one in choices)
        or not 2 <= len(set(choices)) == len(choices)
    ):
        shown = str(choices)
        raise ConfigError(
            f"{where}: choices are {shown[:200] + (shown[200:] and '…')}; expected a list of two "
            "different values or more"
        )
    return Parameter(choices=tuple(choices))


def _possible(where: str, name: str, one: Parameter, plugin: type[Trainer]) -> Parameter:
    """The parameter, once the plugin, or the loop, takes its values: of a setting that need not be
    whole all numbers between the ends."""
    table, _, key = name.partition(".")
    taken: Any = None
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
            taken = getattr(TrainSettings.from_mapping(settings), key)
        else:
            taken = getattr(plugin.Hypers.from_mapping(hypers), key)
    if table == "train" and issubclass(plugin, FitTrainer):
        require_honoured(plugin.name, [key])
    if isinstance(taken, float) and one.low is not None and one.high is not None:
        return replace(one, low=float(one.low), high=float(one.high))
    return one


def _is_view(key: str) -> bool:
    return bool(TrainSettings.__dataclass_fields__[key].metadata.get("view"))
