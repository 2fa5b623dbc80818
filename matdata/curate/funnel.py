"""The funnel: the number of records kept by each step, and the reasons for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matdata.core.documents import JsonMapping, JsonObject

READING, VALIDITY, REPEATED = "reading", "validity", "repeated ids"
SPECTRA = "usable spectra"
#: Steps that drop what cannot be used, where all others drop what was not asked for.
DEFECTS = (READING, VALIDITY, SPECTRA, REPEATED)
NO_ENERGY = "missing energies"
POLYMORPHS, PROTOSTRUCTURES = "lowest-energy polymorphs", "lowest-energy protostructures"
#: Steps of ``--dedupe``.
DUPLICATES = (NO_ENERGY, POLYMORPHS, PROTOSTRUCTURES)
#: Ends the name of such a step where a split came with the data.
OF_EACH_PART = " of each part"
#: Share of the records above which a step of ``--dedupe`` names that option.
NAMED_SHARE = 1 / 3


@dataclass
class Funnel:
    """Counts of each step; ``entered - removed == kept`` holds in every one.

    Attributes
    ----------
    steps
        Per step its name, the numbers of records entered and kept, and the reasons.
    """

    steps: list[JsonObject] = field(default_factory=list)

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


def render(steps: Sequence[JsonMapping]) -> list[str]:
    """Text lines of a funnel's steps, one per step and one per reason."""
    if not steps:
        return []
    width = len(f"{steps[0]['entered']:,}")
    lines = [f"  {steps[0]['entered']:>{width},}  records read"]
    for step in steps:
        removed = step["entered"] - step["kept"]
        keep = ", --dedupe none keeps them" if _is_large_dedupe(step) else ""
        minus = f"  (-{removed:,}{keep})" if removed else ""
        lines.append(f"  {step['kept']:>{width},}  after {step['step']}{minus}")
        lines += [f"  {'':>{width}}    {n:,} {why}" for why, n in step["removed"].items()]
    return lines


def _is_large_dedupe(step: JsonMapping) -> bool:
    removed = step["entered"] - step["kept"]
    name = step["step"].removesuffix(OF_EACH_PART)
    return name in DUPLICATES and removed > NAMED_SHARE * step["entered"]


def defects(steps: Sequence[JsonMapping]) -> dict[str, int]:
    """Records that were read or checked in vain, by reason.

    What the user or the source chose to leave out (duplicates, filters) is not among them.
    """
    lost: Counter[str] = Counter()
    for step in steps:
        if step["step"] in DEFECTS:
            lost.update(step["removed"])
    return dict(lost)
