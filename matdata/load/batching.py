"""From the order of an epoch to batches: a number of crystals, or a budget of entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, offsets_of
from matdata.core.errors import ConfigError
from matdata.load.order import of_rank, permutation

#: Materials that are sorted by size together: more fill batches better, fewer mix them better.
POOL = 4096


@dataclass(frozen=True, eq=False)
class Plan:
    """The batches of one epoch and one process.

    Attributes
    ----------
    rows : (m,) int64
        Materials of all batches, one after another.
    bounds : (batches + 1,) int64
        Where batches begin in `rows`.
    """

    rows: Int
    bounds: Int

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, batch: int) -> Int:
        return self.rows[self.bounds[batch] : self.bounds[batch + 1]]

    def thinned(self, first: int, every: int) -> Plan:
        """Every so many batches."""
        chosen = list(self)[first::every]
        return Plan(np.concatenate([self.rows[:0], *chosen]), offsets_of([*map(len, chosen)]))

    def __iter__(self) -> Iterator[Int]:
        return (self[batch] for batch in range(len(self)))


@dataclass(frozen=True)
class Ranks:
    """Which of several processes this one is, and what happens to what cannot be shared evenly."""

    rank: int = 0
    world_size: int = 1
    uneven: str = "pad"

    def of(self, sequence: Int) -> Int:
        """The part of this process."""
        return of_rank(sequence, self.rank, self.world_size, self.uneven)


def fixed(parts: list[Int], batch_size: int, drop_last: bool, ranks: Ranks) -> Plan:
    """Batches of `batch_size` materials; the last may be smaller, or is dropped."""
    rows = ranks.of(np.concatenate(parts))
    bounds = np.append(np.arange(0, len(rows), batch_size), len(rows)).astype(np.int64)
    if drop_last and len(bounds) > 1 and bounds[-1] - bounds[-2] < batch_size:
        bounds = bounds[:-1]
    return Plan(rows[: bounds[-1]], bounds)


@dataclass(frozen=True, eq=False)
class Budget:
    """The most that a batch may hold.

    Attributes
    ----------
    limits
        Most entries by level (``site``, ``edge``, any of an input); ``crystal`` limits the number
        of materials.
    sizes
        Entries of each material by level.
    """

    limits: Mapping[str, int]
    sizes: Mapping[str, npt.NDArray[np.int64]]

    def check(self, ids: npt.NDArray[np.str_]) -> None:
        """Refuse a material that fits into no batch.

        Raises
        ------
        ConfigError
            With the largest such material and the least budget that would do.
        """
        for level, limit in self.limits.items():
            size = self.sizes[level]
            if len(size) and size.max() > limit:
                over = int((size > limit).sum())
                largest = int(size.argmax())
                raise ConfigError(
                    f"{ids[largest]} has {size[largest]} {level}s, a batch may hold {limit} "
                    f"({over} materials do not fit)",
                    next_step=f"{_option(level, int(size[largest]))} or more, or leave out what "
                    "is larger",
                )

    def cut(self, rows: Int) -> Iterator[Int]:
        """Split a sequence greedily into the longest batches within the budget."""
        ends = {level: offsets_of(self.sizes[level][rows]) for level in self.limits}
        first = 0
        while first < len(rows):
            reach = [
                int(np.searchsorted(ends[level], ends[level][first] + limit, side="right")) - 1
                for level, limit in self.limits.items()
            ]
            last = min(reach)
            yield rows[first:last]
            first = last


def _option(level: str, most: int) -> str:
    """The option that sets the limit of a level."""
    if level in ("site", "edge"):
        return f"max_{level}s={most}"
    return f"max_entries={{{level!r}: {most}}}"


def budgeted(
    parts: list[Int],
    budget: Budget,
    ranks: Ranks,
    seed: int,
    epoch: int,
    shuffle: bool,
) -> Plan:
    """Batches under a budget.

    When shuffled, materials of like size come together: up to `POOL` consecutive ones of a window
    are sorted by their largest share of the budget and cut, and the batches of a window are put
    into a drawn order. Whole batches go to the processes in turn. There is no `drop_last`: all
    batches differ in size, and `LoadOptions` refuses it with a budget.
    """
    batches: list[Int] = []
    for k, part in enumerate(parts):
        within = [
            batch
            for first in range(0, len(part), POOL)
            for batch in budget.cut(_by_size(part[first : first + POOL], budget, shuffle))
        ]
        count = len(within)
        order = permutation(count, seed, epoch, "batches", k) if shuffle else range(count)
        batches += [within[place] for place in order]
    chosen = ranks.of(np.arange(len(batches)))
    own = [batches[place] for place in chosen]
    rows = np.concatenate([np.empty(0, np.int64), *own])
    return Plan(rows, offsets_of([len(batch) for batch in own]))


def _by_size(rows: Int, budget: Budget, shuffle: bool) -> Int:
    if not shuffle:
        return rows
    share = np.max([budget.sizes[level][rows] / n for level, n in budget.limits.items()], axis=0)
    return rows[np.argsort(share, kind="stable")]
