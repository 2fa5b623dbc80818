"""`matdata.rm` and `matdata.gc`: the commands in Python."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError, StoreError, first_few
from matdata.core.kernel_cache import orphaned_code
from matdata.core.printable import human_bytes
from matdata.evaluation.openings import openings_path
from matdata.housekeeping.artefacts import Artefact, inventory
from matdata.housekeeping.closure import dependents, in_order
from matdata.housekeeping.downloads import downloads
from matdata.housekeeping.elsewhere import (
    inventory_elsewhere,
    named_here,
    require_unused_elsewhere,
)
from matdata.housekeeping.learnt import forgotten
from matdata.housekeeping.leftovers import Leftover, leftovers
from matdata.housekeeping.policy import superseded
from matdata.housekeeping.removing import (
    at_rest,
    remove_artefact,
    remove_path,
    require_at_rest,
)
from matdata.housekeeping.report import Kept, Removal, Tally
from matdata.store.files import REMOVING
from matdata.store.locks import LOCK
from matdata.store.usage import Usage
from matdata.store.walk import children

PACKAGE = Path(__file__).parents[1]
ROWS = "rows:"  # of the keys of artefacts


def rm(
    ref: str,
    *,
    cascade: bool = False,
    forget_openings: bool = False,
    dry_run: bool = False,
    cache: str | Path | None = None,
) -> Removal:
    """Remove an artefact from the cache, as ``matdata rm`` does.

    Parameters
    ----------
    ref
        ``name`` of a dataset (all versions) or ``name@version``; ``name/features/ofm`` and
        ``name/splits/NAME`` of the version that it names; ``snapshots/source/version``;
        ``runs/NAME``.
    cascade
        Remove what was made from it as well.
    forget_openings
        Remove the record of opened test parts of a dataset as well. It stays otherwise, and holds
        again as soon as the same dataset is built again.
    dry_run
        Remove nothing, and return what would go.
    cache
        Cache folder.

    Raises
    ------
    StoreError
        If there is no such artefact; others were made from it and `cascade` is false, naming
        them; another process works on it; it may not be removed.

    Examples
    --------
    >>> md.rm("mine/features/ofm", dry_run=True).freed
    """
    home = cache_dir(cache)
    artefacts = inventory(home)
    chosen = in_order(named_here(home, artefacts, ref))
    others = dependents(artefacts, chosen)
    if others and not cascade:
        raise _refusal(ref, others)
    going = in_order([*others, *chosen])
    require_unused_elsewhere(ref, artefacts, inventory_elsewhere(home), going)
    removal = Removal(dry_run)
    tally = Tally(removal)
    records = [path for one in going for path in _openings(one)]
    why = {one: "" if one in chosen else f"made from {ref}" for one in going}
    _go(home, ref, why, tally)
    for path in records:
        _openings_go(home, path, tally, forget_openings)
    return removal


def _go(cache: Path, ref: str, why: Mapping[Artefact, str], tally: Tally) -> None:
    """Remove artefacts together, those made from others first.

    Raises
    ------
    StoreError
        If another process works on one of them, or made something of one meanwhile.
    """
    dry_run = tally.removal.dry_run
    paths = [path for one in why for path in one.paths]
    locks = [lock for one in why for lock in one.locks]
    with at_rest(ref, locks, paths, dry_run=dry_run):
        if not dry_run:
            _require_unused(cache, ref, why, locks)
        for one in in_order(why):
            tally.note(one.kind, one.ref, one.paths, why[one])
            if not dry_run:
                remove_artefact(one)
    if not dry_run:
        _remove_empty_homes(cache, why)


def _require_unused(
    cache: Path, ref: str, why: Mapping[Artefact, str], locks: Sequence[Path]
) -> None:
    """Look once more, now that the locks are held, at what began before they were."""
    now = inventory(cache)
    if new := dependents(now, why):
        raise StoreError(
            f"{ref} stays: {new[0].ref} was made from it meanwhile",
            next_step="run the same command again",
        )
    going = {one.ref for one in why}
    new_locks = (lock for one in now if one.ref in going for lock in one.locks)
    require_at_rest(ref, (lock for lock in new_locks if lock not in locks))


def _remove_empty_homes(cache: Path, gone: Iterable[Artefact]) -> None:
    """Remove the folders of the features of datasets that are gone, if only locks are left."""
    rows = {key.removeprefix(ROWS) for one in gone for key in one.provides if key.startswith(ROWS)}
    for name in rows:
        home = cache / "features" / name
        entries = children(home)[0]
        if home.is_dir() and all(path.name.startswith((LOCK, REMOVING)) for path in entries):
            with contextlib.suppress(StoreError), at_rest(name, entries, [home]):
                remove_path(home)


def _openings(one: Artefact) -> list[Path]:
    path = openings_path(one.paths[0])
    return [path] if one.kind == "dataset" and path.exists() else []


def _openings_go(cache: Path, path: Path, tally: Tally, forget: bool) -> None:
    """Remove a record of opened test parts, or say that it stays."""
    place = path.relative_to(cache).as_posix()
    if not forget:
        why = "it records which test parts were opened (--forget-openings removes it)"
        tally.removal.kept.append(Kept(place, why))
        return
    dry_run = tally.removal.dry_run
    with at_rest(place, [path.with_name(f"{LOCK}{path.name}")], dry_run=dry_run):
        tally.note("openings", place, [path])
        if not dry_run:
            remove_path(path)


def _refusal(ref: str, others: Sequence[Artefact]) -> StoreError:
    size = human_bytes(Usage(path for one in others for path in one.paths).size)
    lines = [f"{one.kind} {one.ref}" for one in others]
    return StoreError(
        f"{ref} stays: {len(others)} artefacts were made from it ({size}): {first_few(lines)}",
        next_step="--cascade removes them as well; --cascade --dry-run shows what would go",
    )


def gc(
    *, keep: int | None = None, dry_run: bool = False, cache: str | Path | None = None
) -> Removal:
    """Remove from the cache what nobody needs, as ``matdata gc`` does.

    That is what killed processes left unfinished, downloads that no snapshot was read from,
    features of datasets that are gone and what commands learnt from such, compiled code without an
    index; with `keep`, older versions of datasets. What another process works on stays, and is
    named.

    Parameters
    ----------
    keep
        Keep so many versions of each dataset, those used last, and all that a run, another dataset
        or an opened test part refers to; all versions if not given.
    dry_run
        Remove nothing, and return what would go.
    cache
        Cache folder.

    Raises
    ------
    ConfigError
        If `keep` is below one.
    StoreError
        If something may not be removed.

    Examples
    --------
    >>> md.gc(keep=3, dry_run=True).removed
    """
    if keep is not None and keep < 1:
        raise ConfigError(
            f"--keep {keep}: at least one version of each dataset stays",
            next_step="`matdata rm NAME` removes a dataset with all its versions",
        )
    home = cache_dir(cache)
    tally = Tally(Removal(dry_run))
    artefacts = inventory(home)
    if keep is not None:
        policy = superseded(artefacts, keep, inventory_elsewhere(home))
        tally.removal.kept.extend(Kept(*one) for one in policy.kept)
        for group in policy.going:
            _group_goes(home, group, tally)
        artefacts = artefacts if dry_run else inventory(home)
    code = Leftover("compiled", "no index leads to it", tuple(orphaned_code(PACKAGE)))
    for one in (*leftovers(home, artefacts), *downloads(home), *forgotten(home, artefacts), code):
        _leftover_goes(home, one, tally)
    return tally.removal


def _group_goes(cache: Path, group: Sequence[Artefact], tally: Tally) -> None:
    """Remove a superseded version with what was made from it, unless somebody works on it."""
    version = next(one.ref for one in group if one.kind == "dataset")
    try:
        _go(cache, version, dict.fromkeys(group, "superseded"), tally)
    except StoreError as error:
        tally.removal.kept.append(Kept(version, error.in_one_line))


def _leftover_goes(cache: Path, one: Leftover, tally: Tally) -> None:
    paths = [path for path in one.paths if path.exists() or path.is_symlink()]
    if not paths:
        return
    first = paths[0]
    place = first.relative_to(cache).as_posix() if first.is_relative_to(cache) else first.name
    try:
        with at_rest(place, one.locks, one.paths, dry_run=tally.removal.dry_run):
            tally.note(one.kind, place, paths, one.why)
            if not tally.removal.dry_run:
                for path in paths:
                    remove_path(path)
    except StoreError as error:
        tally.removal.kept.append(Kept(place, error.in_one_line))
