"""The ledger: one row per record that could not be used, with the reason."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from matdata.core.redaction import redact

COLUMNS = ("material_id", "stage", "reason", "message")
MESSAGE_LENGTH = 300
ID_LENGTH = 500
#: Set to show unexpected errors; an environment variable, because it reaches worker processes.
DEBUG = "MATDATA_DEBUG"
UNEXPECTED = "unexpected_error"  # reason of a record that failed in an unforeseen way


class Unusable(Exception):
    """Raised while a record is read; becomes its row in the ledger.

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


@contextlib.contextmanager
def unreadable(what: str) -> Iterator[None]:
    """Convert any exception of a foreign parser, except lack of memory, into `Unusable`.

    Parameters
    ----------
    what
        What was expected (``a valid POSCAR``).

    Raises
    ------
    Unusable
        With the reason ``unreadable``, if the block raises anything else.
    MemoryError
        Unchanged.
    """
    try:
        yield
    except (Unusable, MemoryError):
        raise
    except Exception as error:  # foreign parsers raise exceptions of any type
        message = str(error) or type(error).__name__
        raise Unusable("unreadable", f"not {what}: {message}") from error


@dataclass(frozen=True)
class Reject:
    """A record that a stage could not use.

    Attributes
    ----------
    material_id
        Its id, or where it was read from when it has none.
    stage
        ``source``, ``curate`` or ``featurize``.
    reason
        A short code (``unreadable``, ``disordered``, ``overlapping_atoms``).
    message
        Description of the fault, one line, truncated if long, secrets hidden.
    """

    material_id: str
    stage: str
    reason: str
    message: str

    def __post_init__(self) -> None:
        # Secrets are hidden before the text is truncated: half a key is no longer recognised.
        flat = " ".join(redact(self.message[: 20 * MESSAGE_LENGTH]).split())
        object.__setattr__(self, "message", _storable(flat, MESSAGE_LENGTH))
        object.__setattr__(self, "material_id", _storable(self.material_id, ID_LENGTH))


def _storable(text: str, length: int) -> str:
    """Text that can be stored: truncated, with lone surrogates escaped."""
    short = text if len(text) <= length else text[: length - 1] + "…"
    return short.encode(errors="backslashreplace").decode()


def count_reasons(reasons: Iterable[str]) -> dict[str, int]:
    """Number of rejects per reason, most frequent first."""
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
