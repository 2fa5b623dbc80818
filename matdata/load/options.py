"""Options of a loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.features.base import CRYSTAL
from matdata.load.batching import Ranks
from matdata.load.normalizer import Normalizer
from matdata.load.targets import Missing


@dataclass(frozen=True)
class LoadOptions(Settings):
    """How materials become batches."""

    from_text: ClassVar[bool] = False

    batch_size: int | None = setting(
        128,
        "materials in a batch; with a budget the most there may be, 0 or None for no limit of "
        "their number",
        minimum=0,
    )
    max_sites: int | None = setting(
        None,
        "most sites of a batch; materials of like size are then put together",
        minimum=1,
    )
    max_edges: int | None = setting(None, "most edges of a batch, likewise", minimum=1)
    max_entries: Mapping[str, int] = setting(
        {},
        "most entries of other ragged levels in a batch, by the name of the level, those of a "
        'plugin\'s too: {"facet": 4000}',
    )
    device: object = setting("cpu", "cpu, cuda, … or numpy for batches of NumPy arrays")
    mode: str | None = setting(
        None, "resident, ram or stream; chosen by size if None", verbatim=True
    )
    window: int | None = setting(
        None,
        "materials that are shuffled together; if None those of 256 MB, in every mode",
        minimum=1,
    )
    shuffle: bool = setting(False, "whether each epoch has an order of its own")
    seed: int = setting(0, "decides, with the epoch, the order")
    drop_last: bool = setting(
        False,
        "leave out a last batch that is smaller; not with a budget, under which all differ in size",
    )
    missing: str = setting(
        "error",
        "materials that lack a target: error, drop, or mask (what is known is kept)",
        choices=Missing,
    )
    normalizer: str | Normalizer | None = setting(
        None,
        "what targets go through in float64 before batches hold them as float32: a `Normalizer`, "
        "or the name of a kind, fitted to these materials; None leaves their units, and refuses "
        "targets that float32 does not tell apart",
        verbatim=True,
    )
    fraction: float = setting(
        1.0,
        "share of the materials to keep; smaller fractions are subsets of larger ones",
        above=0.0,
        maximum=1.0,
    )
    sample_weights: Mapping[str, float] | None = setting(
        None,
        "by material id, how likely a material is to be drawn; draws are with replacement",
    )
    weights: Mapping[str, float] | None = setting(
        None, "by material id, weight in the loss; 1 for those that are not named"
    )
    rank: int = setting(0, "which of several processes this is", minimum=0)
    world_size: int = setting(1, "how many processes there are", minimum=1)
    uneven: str = setting(
        "pad",
        "what cannot be shared evenly: pad repeats the last materials, drop leaves them out",
        choices=("pad", "drop"),
    )
    input_settings: Mapping[str, Mapping[str, object]] = setting(
        {}, "by spec: settings that an input must have been built with, or views of it"
    )
    prefetch: int | None = setting(
        None,
        "chunks that a thread holds ready; None for 2 where it pays, 0 for no thread",
        minimum=0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._settle_entries()
        if self.limits:
            object.__setattr__(self, "batch_size", self.batch_size or 0)
        elif not self.batch_size:
            raise ConfigError(
                f"setting 'batch_size' is {self.batch_size}; expected at least 1",
                next_step="give a size, or a budget (max_sites, max_edges)",
            )
        if self.drop_last and self.limits:
            raise ConfigError(
                "drop_last=True does not go with max_sites, max_edges or max_entries",
                cause="batches under a budget differ in size: no last one is the smaller one",
                next_step="leave one of them out",
            )
        if self.rank >= self.world_size:
            raise ConfigError(
                f"setting 'rank' is {self.rank}; expected between 0 and world_size - 1 = "
                f"{self.world_size - 1}"
            )

    def _settle_entries(self) -> None:
        """Check the budget of other levels; whole numbers of NumPy become Python's."""
        for level, most in self.max_entries.items():
            own = {CRYSTAL: "batch_size", "site": "max_sites", "edge": "max_edges"}.get(level)
            whole = isinstance(most, (int, np.integer)) and not isinstance(most, bool)
            if own or not whole or most < 1:
                expected = (
                    f"the limit of {level}s as {own}" if own else "a whole number, at least 1"
                )
                raise ConfigError(
                    f"setting 'max_entries' holds {level!r}: {most!r}; expected {expected}"
                )
        limits = {str(level): int(self.max_entries[level]) for level in sorted(self.max_entries)}
        object.__setattr__(self, "max_entries", limits)

    @property
    def size(self) -> int:
        """Materials in a batch; 0 for no limit of their number."""
        return self.batch_size or 0

    @property
    def limits(self) -> dict[str, int]:
        """The budget of a batch by level."""
        limits = {"site": self.max_sites, "edge": self.max_edges, **self.max_entries}
        return {level: most for level, most in limits.items() if most is not None}

    @property
    def ranks(self) -> Ranks:
        """Which process this is."""
        return Ranks(self.rank, self.world_size, self.uneven)


def by_id(
    values: Mapping[str, float], ids: npt.NDArray[np.str_], default: float
) -> npt.NDArray[np.float64]:
    """Values of materials that were given by id, (n,)."""
    return np.array([values.get(name, default) for name in ids.tolist()], dtype=np.float64)
