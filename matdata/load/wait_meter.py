"""How much of an epoch was spent waiting for data."""

from __future__ import annotations

from dataclasses import dataclass

ADVICE_ABOVE = 0.05


@dataclass
class Meter:
    """Wall time of an epoch, and the part of it spent inside the loader.

    Attributes
    ----------
    waited, total
        Seconds of the last epoch that was begun.
    batches
        Batches of it that were handed out.
    history
        Shares of the epochs that were finished.
    """

    waited: float = 0.0
    total: float = 0.0
    batches: int = 0

    def __post_init__(self) -> None:
        self.history: list[float] = []

    @property
    def share(self) -> float:
        """Share of the wall time spent waiting, 0 to 1."""
        return self.waited / self.total if self.total > 0 else 0.0

    def begin(self) -> None:
        """A new epoch."""
        self.waited = self.total = 0.0
        self.batches = 0

    def add(self, waited: float, elapsed: float) -> None:
        """One batch was handed out, `elapsed` seconds after the epoch began."""
        self.waited += waited
        self.total = elapsed
        self.batches += 1

    def end(self, elapsed: float) -> None:
        """The epoch is over."""
        self.total = elapsed
        self.history.append(self.share)

    def line(self, mode: str) -> str:
        """The report after an epoch, with advice above 5 %."""
        text = f"waited for data {100 * self.share:.1f} % of {self.total:.1f} s"
        if self.share <= ADVICE_ABOVE:
            return text
        advice = {
            "resident": "make batches larger",
            "ram": "make batches larger, or prefetch more of them",
            "stream": "keep columns in memory with mode='ram', or put the cache on faster storage",
        }
        return f"{text}: {advice.get(mode, 'make batches larger')}"
