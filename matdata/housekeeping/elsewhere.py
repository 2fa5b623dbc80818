"""Caches of others (``$MATDATA_CACHE_ALSO``): nothing of them is removed, and what of them was made
from artefacts of one's own cache keeps these."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from pathlib import Path

from matdata.core.cache import ALSO, other_places
from matdata.core.errors import StoreError, first_few
from matdata.housekeeping.artefacts import Artefact, inventory
from matdata.housekeeping.closure import dependents
from matdata.housekeeping.references import named


def inventory_elsewhere(cache: Path) -> list[Artefact]:
    """All artefacts of the caches of others."""
    return [one for place in other_places(cache) for one in inventory(place)]


def lacking_elsewhere(
    artefacts: Sequence[Artefact], elsewhere: Sequence[Artefact], going: Collection[Artefact]
) -> list[Artefact]:
    """Artefacts of others that would lack what they were made from.

    Parameters
    ----------
    artefacts, elsewhere
        Those of one's own cache, and of the others.
    going
        Those that are to go.
    """
    theirs = set(elsewhere)
    return [one for one in dependents([*artefacts, *elsewhere], going) if one in theirs]


def where(one: Artefact) -> str:
    """What an artefact of another cache is, and where it lies."""
    return f"{one.kind} {one.ref} ({one.paths[0]})"


def require_unused_elsewhere(
    ref: str,
    artefacts: Sequence[Artefact],
    elsewhere: Sequence[Artefact],
    going: Collection[Artefact],
) -> None:
    """Check that nothing in the caches of others was made from what goes.

    Raises
    ------
    StoreError
        If something was, naming it.
    """
    users = lacking_elsewhere(artefacts, elsewhere, going)
    if users:
        raise StoreError(
            f"{ref} stays: {len(users)} artefacts of caches that are only read were made from it: "
            f"{first_few([where(one) for one in users])}",
            cause="they lie in a folder of $" + ALSO,
            next_step=f"remove them there first; or unset {ALSO}, and they lack it afterwards",
        )


def named_here(cache: Path, artefacts: Sequence[Artefact], ref: str) -> list[Artefact]:
    """The artefacts of one's own cache that a reference names.

    Raises
    ------
    StoreError
        If there is none, saying where it is if a cache of others has it.
    """
    try:
        return named(artefacts, ref)
    except StoreError:
        place = next((one for one in other_places(cache) if _has(one, ref)), None)
        if place is None:
            raise
    raise StoreError(
        f"{ref} is not in {cache}, and lies in {place}, of which nothing is removed",
        cause=f"{place} is named by ${ALSO}, and is only read",
        next_step=f"whoever owns it runs `matdata rm {ref} --cache {place}`",
    )


def _has(place: Path, ref: str) -> bool:
    with contextlib.suppress(StoreError):
        return bool(named(inventory(place), ref))
    return False
