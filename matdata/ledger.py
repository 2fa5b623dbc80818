"""The ledger: one row for each record that could not be used, with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, asdict

COLUMNS = ("material_id", "stage", "reason", "message")
MESSAGE_LENGTH = 300


@dataclass(frozen=True)
class Reject:
    """A record that a stage could not use.

    Attributes
    ----------
    material_id
        Its id, or the place it was read from when it has none.
    stage
        ``source``, ``curate`` or ``featurize``.
    reason
        A short code from a closed list (``unreadable``, ``disordered``, ``overlapping_atoms``).
    message
        What exactly was wrong, for a person.
    """

    material_id: str
    stage: str
    reason: str
    message: str

    def __post_init__(self) -> None:
        flat = " ".join(self.message.split())
        if len(flat) > MESSAGE_LENGTH:
            flat = flat[: MESSAGE_LENGTH - 1] + "…"
        object.__setattr__(self, "message", flat)


def count_reasons(rejects: Iterable[Reject]) -> dict[str, int]:
    """Number of rejects for each reason, most frequent first."""
    counts: dict[str, int] = {}
    for reject in rejects:
        counts[reject.reason] = counts.get(reject.reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def to_rows(rejects: Iterable[Reject]) -> dict[str, list[str]]:
    """Ledger rows as columns."""
    rows = [asdict(reject) for reject in rejects]
    return {name: [row[name] for row in rows] for name in COLUMNS}
