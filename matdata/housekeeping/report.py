"""Report of a removal: what went or would go, what stays, and the bytes that are free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.core.printable import human_bytes
from matdata.store.usage import Usage


@dataclass(frozen=True)
class Removed:
    """One thing that went.

    Attributes
    ----------
    kind, ref
        What it is, and its reference or place in the cache.
    bytes
        Its bytes on disk; a part that others share (hard links) counts as well.
    why
        Why it went, if nobody named it.
    """

    kind: str
    ref: str
    bytes: int
    why: str = ""


@dataclass(frozen=True)
class Kept:
    """One thing that stays, and why."""

    ref: str
    why: str


@dataclass
class Removal:
    """What went, or would go.

    Attributes
    ----------
    dry_run
        Whether nothing was removed.
    removed, kept
        What went and what stays.
    freed
        Bytes on disk that are free now: those of parts that others share are not.
    """

    dry_run: bool
    removed: list[Removed] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    freed: int = 0

    def to_json(self) -> JsonObject:
        """The result for machines."""
        return {
            "dry_run": self.dry_run,
            "removed": [vars(one) for one in self.removed],
            "kept": [vars(one) for one in self.kept],
            "freed": self.freed,
        }

    def lines(self) -> list[str]:
        """The result for people."""
        verb = "would remove" if self.dry_run else "removed"
        lines = [
            f"{verb} {one.kind} {one.ref}, {human_bytes(one.bytes)}"
            + (f" ({one.why})" if one.why else "")
            for one in self.removed
        ]
        lines += [f"kept {one.ref}: {one.why}" for one in self.kept]
        total = "would go, which would free" if self.dry_run else "removed, freed"
        return [*lines, f"{len(self.removed)} {total} {human_bytes(self.freed)}"
                if self.removed else "nothing to remove"]  # fmt: skip


class Tally:
    """Bytes of what goes, counted before it goes."""

    def __init__(self, removal: Removal) -> None:
        self.removal = removal
        self._usage = Usage()

    def note(self, kind: str, ref: str, paths: Iterable[Path], why: str = "") -> None:
        """Count one thing that goes."""
        places = list(paths)
        for path in places:
            self._usage.add(path)
        self.removal.removed.append(Removed(kind, ref, Usage(places).size, why))
        self.removal.freed = self._usage.freed()
