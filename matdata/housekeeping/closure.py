"""Dependents of artefacts: what was made from them, directly or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from matdata.housekeeping.artefacts import ORDER, Artefact


def in_order(artefacts: Collection[Artefact]) -> list[Artefact]:
    """Those made from others first."""
    return sorted(artefacts, key=lambda one: (ORDER.index(one.kind), one.ref))


def dependents(artefacts: Sequence[Artefact], going: Collection[Artefact]) -> list[Artefact]:
    """Artefacts that would lack what they were made from, directly or not, if others went.

    Parameters
    ----------
    artefacts
        All of the cache.
    going
        Those that go.

    Returns
    -------
    list of Artefact
        The others, those made from others first. One that needs what a remaining artefact
        provides as well is not among them.
    """
    left = Counter(key for one in artefacts for key in one.provides)
    needing: dict[str, list[Artefact]] = {}
    for one in artefacts:
        for key in one.needs:
            needing.setdefault(key, []).append(one)
    gone, waiting = set(going), list(going)
    while waiting:
        for key in waiting.pop().provides:
            left[key] -= 1
            if left[key] > 0:
                continue
            waiting += (more := [one for one in needing.get(key, ()) if one not in gone])
            gone.update(more)
    return in_order(gone - set(going))
