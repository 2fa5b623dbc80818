"""Results of a check: faults, and notes on what is no fault."""

from __future__ import annotations

from dataclasses import dataclass, field

from matdata.core.documents import JsonObject
from matdata.core.executors import Workers
from matdata.store.walk import Fault


@dataclass
class Report:
    """The state of a cache, or of a part of it.

    Attributes
    ----------
    artefacts, files
        Numbers of artefacts and files reread.
    faults
        Files that are damaged, missing, unreadable, or in no record.
    notes
        Observations that are no faults: leftovers of killed processes, runs in progress.
    workers
        Who rereads files; None for as many threads as are worth it.
    """

    artefacts: int = 0
    files: int = 0
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    workers: Workers | None = None

    def to_json(self) -> JsonObject:
        """The report as JSON values."""
        return {
            "artefacts": self.artefacts,
            "files": self.files,
            "problems": [str(fault) for fault in self.faults],
            "notes": [str(note) for note in self.notes],
        }
