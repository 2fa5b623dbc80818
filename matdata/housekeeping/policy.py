"""Versions of datasets that newer ones superseded, by a policy that the user states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matdata.core.errors import StoreError
from matdata.evaluation.openings import openings_path
from matdata.housekeeping.artefacts import Artefact
from matdata.housekeeping.closure import dependents
from matdata.housekeeping.elsewhere import lacking_elsewhere, where
from matdata.store.latest import order


class Superseded(NamedTuple):
    """What a policy lets go.

    Attributes
    ----------
    going
        Groups that go together: a version of a dataset with its splits and features, and the
        snapshot if nothing else was made from it.
    kept
        Older versions that stay, with the reason.
    """

    going: list[list[Artefact]]
    kept: list[tuple[str, str]]


def superseded(
    artefacts: Sequence[Artefact], keep: int, elsewhere: Sequence[Artefact] = ()
) -> Superseded:
    """Versions of each dataset but the `keep` used last, unless something refers to them.

    What was used last is what ``latest.json`` records; a version that it does not name stays, as
    its place is unknown. A version stays, too, if a run was trained on it, another dataset was
    built without its materials, a test part of it was opened, or something in a cache of others
    (`elsewhere`) was made from it.
    """
    going: list[list[Artefact]] = []
    kept: list[tuple[str, str]] = []
    gone: list[Artefact] = []
    for home, versions in _by_home(artefacts).items():
        older, unknown = _older(home, versions, keep)
        kept += unknown
        for version in older:
            reason = _referred_to(artefacts, version, elsewhere)
            if reason is not None:
                kept.append((version.ref, reason))
                continue
            group = [*dependents(artefacts, [*gone, version]), version]
            group += _snapshots_of(artefacts, [*gone, *group], version, elsewhere)
            gone += group
            going.append(group)
    return Superseded(going, kept)


def _by_home(artefacts: Sequence[Artefact]) -> dict[Path, list[Artefact]]:
    homes: dict[Path, list[Artefact]] = {}
    for one in artefacts:
        if one.kind == "dataset":
            homes.setdefault(one.home, []).append(one)
    return homes


def _older(
    home: Path, versions: Sequence[Artefact], keep: int
) -> tuple[list[Artefact], list[tuple[str, str]]]:
    """Versions before the last ones, oldest first, and those whose place is unknown."""
    try:
        names = order(home)
    except StoreError:
        names = []
    by_name = {one.paths[0].name: one for one in versions}
    known = [by_name[name] for name in names if name in by_name]
    unknown = [one for one in versions if one not in known]
    if not known and len(unknown) <= keep:
        return [], []
    reason = "it is not recorded when it was used"
    return known[: max(len(known) - keep, 0)], [(one.ref, reason) for one in unknown]


def _referred_to(
    artefacts: Sequence[Artefact], version: Artefact, elsewhere: Sequence[Artefact]
) -> str | None:
    """Why a version stays; None if nothing refers to it."""
    using = [one for one in dependents(artefacts, [version]) if one.kind in ("run", "dataset")]
    if using:
        return f"{using[0].ref} was made from it"
    if openings_path(version.paths[0]).exists():
        return "a test part of it was opened"
    if users := lacking_elsewhere(artefacts, elsewhere, [version]):
        return f"{where(users[0])} was made from it"
    return None


def _snapshots_of(
    artefacts: Sequence[Artefact],
    gone: Sequence[Artefact],
    version: Artefact,
    elsewhere: Sequence[Artefact],
) -> list[Artefact]:
    """The snapshot of a version, if no dataset that stays, here or elsewhere, was made from it."""
    staying = {key for one in artefacts if one not in gone for key in one.needs}
    return [
        one
        for one in artefacts
        if one.kind == "snapshot" and one.provides & version.needs and not one.provides & staying
        if not lacking_elsewhere(artefacts, elsewhere, [*gone, one])
    ]
