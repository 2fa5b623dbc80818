"""What `doctor` finds: one fact about this machine or installation, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from matdata.core.documents import JsonObject

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True)
class Finding:
    """One fact.

    Attributes
    ----------
    section, name
        What it is about.
    state
        ``note`` if something is absent or slow, ``broken`` if something does not work.
    text
        The fact.
    next_step
        What the user can do; never empty for something broken.
    """

    section: str
    name: str
    state: State
    text: str
    next_step: str = ""

    def to_json(self) -> JsonObject:
        """The finding as JSON values."""
        return asdict(self)
