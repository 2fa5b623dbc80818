"""Which materials are in which batch of an epoch, by the options of a loader."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.digest import digest_json
from matdata.load.batching import Budget, Plan, budgeted, fixed
from matdata.load.options import LoadOptions
from matdata.load.order import drawn, windows


class Planner:
    """Plans epochs.

    Parameters
    ----------
    ids
        The materials.
    options
        Order and batches.
    window
        Materials that are shuffled together.
    budget
        The most a batch may hold, if there is a budget.
    chances
        How likely each material is to be drawn; None for each once.
    """

    def __init__(
        self,
        ids: npt.NDArray[np.str_],
        options: LoadOptions,
        window: int,
        budget: Budget | None,
        chances: npt.NDArray[np.float64] | None,
    ) -> None:
        self.count = len(ids)
        self.window = window
        self._ids = ids
        self._options = options
        self._budget = budget
        self._chances = chances
        self._planned: tuple[int, list[Int], Plan] | None = None
        self._digest: str | None = None

    def identity(self) -> dict[str, object]:
        """What the order depends on, as JSON values."""
        chosen = self._options
        if self._digest is None:
            chances = None if self._chances is None else self._chances.tolist()
            self._digest = digest_json({"ids": self._ids.tolist(), "chances": chances})
        names = ("seed", "shuffle", "batch_size", "max_sites", "max_edges", "drop_last")
        ranks = ("rank", "world_size", "uneven")
        return {
            **{name: getattr(chosen, name) for name in (*names, *ranks)},
            **({"max_entries": dict(chosen.max_entries)} if chosen.max_entries else {}),
            "window": self.window,
            "materials": self._digest,
        }

    def windows(self, epoch: int) -> list[Int]:
        """Materials of an epoch, window by window."""
        return self._epoch(epoch)[0]

    def plan(self, epoch: int) -> Plan:
        """Batches of an epoch."""
        return self._epoch(epoch)[1]

    def _epoch(self, epoch: int) -> tuple[list[Int], Plan]:
        if self._planned is None or self._planned[0] != epoch:
            parts = self._windows(epoch)
            self._planned = epoch, parts, self._plan(epoch, parts)
        return self._planned[1], self._planned[2]

    def _windows(self, epoch: int) -> list[Int]:
        chosen = self._options
        parts = windows(self.count, self.window, chosen.seed, epoch, chosen.shuffle)
        if self._chances is None:
            return parts
        return drawn(parts, self._chances, chosen.seed, epoch)

    def _plan(self, epoch: int, parts: list[Int]) -> Plan:
        chosen = self._options
        if self._budget is None:
            return fixed(parts, chosen.size, chosen.drop_last, chosen.ranks)
        return budgeted(parts, self._budget, chosen.ranks, chosen.seed, epoch, chosen.shuffle)
