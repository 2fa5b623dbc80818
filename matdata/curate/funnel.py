"""The funnel: the number of records kept by each step, and the reasons for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Funnel:
    """Counts of each step; ``entered - removed == kept`` holds in every one.

    Attributes
    ----------
    steps
        Per step its name, the numbers of records entered and kept, and the reasons.
    """

    steps: list[dict[str, Any]] = field(default_factory=list)

    def add(self, step: str, entered: int, reasons: Mapping[str, int]) -> int:
        """Add a step and return the number of records that it kept.

        Raises
        ------
        ValueError
            If `entered` is not the number kept by the step before.
        """
        if self.steps and self.steps[-1]["kept"] != entered:
            raise ValueError(
                f"{step}: {entered} entered, {self.steps[-1]['kept']} were kept before"
            )
        kept = entered - sum(reasons.values())
        self.steps.append(
            {"step": step, "entered": entered, "kept": kept, "removed": dict(reasons)}
        )
        return kept

    @property
    def entered(self) -> int:
        """Number of records that entered the first step."""
        return int(self.steps[0]["entered"]) if self.steps else 0

    @property
    def kept(self) -> int:
        """Number of records that the last step kept."""
        return int(self.steps[-1]["kept"]) if self.steps else 0

    def lines(self) -> list[str]:
        """The funnel as text."""
        return render(self.steps)


def render(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Text lines of a funnel's steps, one per step and one per reason."""
    if not steps:
        return []
    width = len(f"{steps[0]['entered']:,}")
    lines = [f"  {steps[0]['entered']:>{width},}  records read"]
    for step in steps:
        removed = step["entered"] - step["kept"]
        lines.append(f"  {step['kept']:>{width},}  after {step['step']}" + _minus(removed))
        lines += [f"  {'':>{width}}    {n:,} {why}" for why, n in step["removed"].items()]
    return lines


def _minus(removed: int) -> str:
    return f"  (-{removed:,})" if removed else ""
