"""The ledger: one row for each record that could not be used, with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from matdata.redaction import redact

COLUMNS = ("material_id", "stage", "reason", "message")
MESSAGE_LENGTH = 300


class Unusable(Exception):
    """Raised while one record is read; becomes its row in the ledger.

    Parameters
    ----------
    reason
        A short code (``disordered``, ``unreadable``, ``not_periodic``).
    message
        What exactly is wrong.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


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
        A short code (``unreadable``, ``disordered``, ``overlapping_atoms``).
    message
        What exactly was wrong, for a person; one line, cut where it is long, secrets hidden.
    """

    material_id: str
    stage: str
    reason: str
    message: str

    def __post_init__(self) -> None:
        flat = redact(" ".join(self.message.split()))
        if len(flat) > MESSAGE_LENGTH:
            flat = flat[: MESSAGE_LENGTH - 1] + "…"
        object.__setattr__(self, "message", flat)


def count_reasons(reasons: Iterable[str]) -> dict[str, int]:
    """Number of rejects for each reason, most frequent first."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def to_columns(rejects: Iterable[Reject]) -> dict[str, list[str]]:
    """Ledger rows as columns."""
    rows = [asdict(reject) for reject in rejects]
    return {name: [row[name] for row in rows] for name in COLUMNS}


def from_columns(columns: dict[str, list[str]]) -> list[Reject]:
    """Ledger rows from columns."""
    return [Reject(*row) for row in zip(*(columns[name] for name in COLUMNS), strict=True)]
