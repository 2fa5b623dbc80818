"""How a loader is asked for, and what it needs of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, did_you_mean
from matdata.features.base import CRYSTAL
from matdata.features.feature import Feature
from matdata.load.batching import Ranks
from matdata.load.normalizer import Normalizer
from matdata.load.targets import Missing


class DatasetLike(Protocol):
    """What a loader needs of a dataset."""

    @property
    def ref(self) -> str:
        """Exact reference."""

    @property
    def ids(self) -> npt.NDArray[Any]:
        """Material ids in the order of the rows."""

    @property
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """The table."""

    @property
    def units(self) -> Mapping[str, str]:
        """Units of its columns."""

    def feature(self, spec: str, **settings: object) -> Feature:
        """A feature that was built."""


#: Whole numbers that may be left to the loader.
MAY_BE_NONE = ("max_sites", "max_edges", "window", "prefetch")


@dataclass(frozen=True)
class LoadOptions:
    """How materials become batches.

    Attributes
    ----------
    batch_size
        Materials in a batch; with a budget the most there may be, 0 or None for no limit of
        their number.
    max_sites, max_edges
        Most entries of level ``site`` or ``edge`` in a batch; materials of like size are then put
        together.
    max_entries
        Most entries of other ragged levels, by the name of the level: ``{"facet": 4000}``. Any
        level of an input will do, those of a plugin's too.
    device
        ``cpu``, ``cuda``, … or ``numpy`` for batches of NumPy arrays.
    mode
        ``resident``, ``ram`` or ``stream``; chosen by size if None.
    window
        Materials that are shuffled together; if None those of 256 MB, in every mode.
    shuffle
        Whether each epoch has an order of its own.
    seed
        Decides, with the epoch, the order.
    drop_last
        Leave out a last batch that is smaller; not with a budget, under which all differ in size.
    missing
        Materials that lack a target: ``error``, ``drop``, or ``mask`` (what is known is kept).
    normalizer
        What targets go through in float64 before batches hold them as float32: a `Normalizer`, or
        the name of a kind, fitted to these materials. None leaves their units, and refuses
        targets that float32 does not tell apart.
    fraction
        Share of the materials to keep; smaller fractions are subsets of larger ones.
    sample_weights
        By material id, how likely a material is to be drawn; draws are with replacement.
    weights
        By material id, weight in the loss; 1 for those that are not named.
    rank, world_size, uneven
        Which of several processes this is; ``pad`` repeats the last ones, ``drop`` leaves out
        what cannot be shared evenly.
    input_settings
        By spec: settings that an input must have been built with, or views of it.
    prefetch
        Chunks that a thread holds ready; None for 2 where it pays, 0 for no thread.
    """

    batch_size: Any = 128
    max_sites: int | None = None
    max_edges: int | None = None
    max_entries: Mapping[str, int] = field(default_factory=dict)
    device: Any = "cpu"
    mode: str | None = None
    window: int | None = None
    shuffle: bool = False
    seed: int = 0
    drop_last: bool = False
    missing: str = "error"
    normalizer: str | Normalizer | None = None
    fraction: float = 1.0
    sample_weights: Mapping[str, float] | None = None
    weights: Mapping[str, float] | None = None
    rank: int = 0
    world_size: int = 1
    uneven: str = "pad"
    input_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prefetch: int | None = None

    def __post_init__(self) -> None:
        self._settle_entries()
        self._settle_numbers()
        least = 0 if self.limits else 1
        _need(self.batch_size >= least, "batch_size", self.batch_size, f"at least {least}")
        for name in ("max_sites", "max_edges", "window"):
            value = getattr(self, name)
            _need(value is None or value >= 1, name, value, "at least 1")
        _need(self.prefetch is None or self.prefetch >= 0, "prefetch", self.prefetch, "at least 0")
        _need(self.world_size >= 1, "world_size", self.world_size, "at least 1")
        if self.drop_last and self.limits:
            raise ConfigError(
                "drop_last=True does not go with max_sites, max_edges or max_entries",
                cause="batches under a budget differ in size: no last one is the smaller one",
                next_step="leave one of them out",
            )
        _need(0 < self.fraction <= 1, "fraction", self.fraction, "above 0 and at most 1")
        fits = self.normalizer is None or isinstance(self.normalizer, (str, Normalizer))
        _need(fits, "normalizer", self.normalizer, "the name of a kind, or a Normalizer")
        _need(self.missing in Missing, "missing", self.missing, " or ".join(Missing))
        _need(self.uneven in ("pad", "drop"), "uneven", self.uneven, "pad or drop")
        of = f"between 0 and world_size - 1 = {self.world_size - 1}"
        _need(0 <= self.rank < self.world_size, "rank", self.rank, of)

    def _settle_entries(self) -> None:
        """Check the budget of other levels; whole numbers of NumPy become Python's."""
        given = self.max_entries
        _need(isinstance(given, Mapping), "max_entries", given, "a limit by the name of a level")
        for level, most in given.items():
            name = f"max_entries[{level!r}]"
            whole = isinstance(most, (int, np.integer)) and not isinstance(most, bool)
            _need(whole and most >= 1, name, most, "a whole number, at least 1")
            own = {CRYSTAL: "batch_size", "site": "max_sites", "edge": "max_edges"}.get(level)
            _need(own is None, name, most, f"the limit of {level}s as {own}")
        limits = {str(level): int(given[level]) for level in sorted(given)}
        object.__setattr__(self, "max_entries", limits)

    def _settle_numbers(self) -> None:
        """Check types; whole numbers of NumPy become Python's."""
        if self.batch_size is None and self.limits:
            object.__setattr__(self, "batch_size", 0)
        for name in ("batch_size", "seed", "rank", "world_size", *MAY_BE_NONE):
            value = getattr(self, name)
            if value is None and name in MAY_BE_NONE:
                continue
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            _need(whole, name, value, "a whole number")
            object.__setattr__(self, name, int(value))
        for name in ("shuffle", "drop_last"):
            value = getattr(self, name)
            _need(isinstance(value, (bool, np.bool_)), name, value, "True or False")
        number = isinstance(self.fraction, (int, float, np.integer, np.floating))
        number = number and not isinstance(self.fraction, bool)
        _need(number, "fraction", self.fraction, "a number above 0 and at most 1")

    @property
    def limits(self) -> dict[str, int]:
        """The budget of a batch by level."""
        asked = {"site": self.max_sites, "edge": self.max_edges, **self.max_entries}
        return {level: most for level, most in asked.items() if most is not None}

    @property
    def ranks(self) -> Ranks:
        """Which process this is."""
        return Ranks(self.rank, self.world_size, self.uneven)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> LoadOptions:
        """Options from keywords.

        Raises
        ------
        ConfigError
            If one is unknown, with the closest that there is, or has a value it cannot take.
        """
        known = list(cls.__dataclass_fields__)
        for name in values:
            if name not in known:
                raise ConfigError(
                    f"loaders have no option {name!r}{did_you_mean(name, known)}",
                    next_step=f"options: {', '.join(known)}",
                )
        return cls(**values)


def _need(holds: bool, name: str, value: object, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{name}={value!r}: expected {expected}")


def by_id(
    values: Mapping[str, float], ids: npt.NDArray[np.str_], default: float
) -> npt.NDArray[np.float64]:
    """Values of materials that were given by id, (n,)."""
    return np.array([values.get(name, default) for name in ids.tolist()], dtype=np.float64)
