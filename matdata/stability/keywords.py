"""The options of `matdata.hull` as type checkers and editors see them.

Their names and meanings are those of `matdata.stability.options`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class HullKeywords(TypedDict, total=False):
    """Which energies are compared with which phases.

    Attributes
    ----------
    reference
        Known phases: datasets of the cache or stored references; the dataset itself if not given.
    energy
        Column of energies; with ``/cell`` after it if not per atom.
    formation
        The column holds formation energies, whatever its name.
    scheme
        Correction scheme of energies whose source states none.
    prefix
        Put before the names of the new columns.
    workers
        Threads.
    """

    reference: str | Sequence[str]
    energy: str | None
    formation: bool
    scheme: str | None
    prefix: str
    workers: int | None
