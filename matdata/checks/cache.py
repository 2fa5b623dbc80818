"""Checks of a whole cache, with arbitrary content."""

from __future__ import annotations

import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from matdata.adapters.schedulers import workers_on
from matdata.checks.artefacts import LEFT, check_artefact
from matdata.checks.downloads import check_downloads
from matdata.checks.learnt import check_learnt
from matdata.checks.openings import OPENINGS, check_openings
from matdata.checks.report import Report
from matdata.checks.runs import check_run
from matdata.core.cache import BLOCKS, KINDS, LEARNT, README
from matdata.core.errors import StoreError
from matdata.evaluation.openings import openings_path
from matdata.sources.download import DOWNLOADS
from matdata.stability.place import HOME
from matdata.stability.place import KIND as REFERENCE
from matdata.store.artefact import STAGING
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.feature_catalogue import features
from matdata.store.latest import LATEST, order
from matdata.store.manifest import read_manifest
from matdata.store.verify import check_json, is_passing
from matdata.store.walk import Fault, children
from matdata.store.wholeness import MISSING, fault_of, refusal

SNAPSHOT, FEATURE = "snapshot", "feature"
Check = Callable[[Path, Report], object]


def verify(cache: Path, ref: str | None = None, scheduler: str | None = None) -> Report:
    """Reread every file of a cache, or of one dataset with its snapshot and features.

    Parameters
    ----------
    cache, ref
        The cache, and the dataset; all of the cache if None.
    scheduler
        Where files are reread; None for threads of this machine.

    Raises
    ------
    StoreError
        If there is no such dataset, or its manifest is damaged.
    ConfigError
        If the scheduler is unknown.
    """
    if scheduler is None:
        return _verified(cache, ref, Report())
    with workers_on(scheduler) as workers:
        return _verified(cache, ref, Report(workers=workers))


def _verified(cache: Path, ref: str | None, report: Report) -> Report:
    if ref is not None:
        _check_dataset(cache, ref, report)
        return report
    for kind, artefact_kind in (
        ("snapshots", SNAPSHOT),
        ("datasets", DATASET),
        ("features", FEATURE),
    ):
        check = _check_feature if artefact_kind == FEATURE else partial(_of_kind, artefact_kind)
        for group in _folders(cache / kind, report):
            _each(group, check, report)
    _each(cache / HOME, partial(_of_kind, REFERENCE), report)
    _each(cache / "runs", check_run, report)
    check_downloads(cache / DOWNLOADS, report)
    check_learnt(cache / LEARNT, report)
    paths, faults = children(cache)
    report.faults += faults
    for path in paths:
        if path.name not in (*KINDS, BLOCKS, DOWNLOADS, LEARNT, README) and not is_passing(
            path.name
        ):
            report.notes.append(Fault(path, "was not written by matdata"))
    return report


def _of_kind(kind: str, folder: Path, report: Report) -> None:
    check_artefact(folder, kind, report)


def _check_dataset(cache: Path, ref: str, report: Report) -> None:
    dataset = find_dataset(cache, ref)
    snapshot = cache / "snapshots" / dataset.manifest["made_from"]["snapshot"]
    if fault_of(snapshot) != MISSING:
        check_artefact(snapshot, SNAPSHOT, report)
    check_artefact(dataset.folder, DATASET, report)
    openings = openings_path(dataset.folder)
    if fault_of(openings) != MISSING:
        check_openings(openings, report)
    _check_latest(dataset.folder.parent, report)
    for folder in features(cache, dataset.data_ref):
        _check_feature(folder, report)
    _check_latest(cache / "features" / dataset.data_ref, report)


def _check_feature(folder: Path, report: Report) -> None:
    """Reread a feature, and check that it was computed from the dataset of its folder."""
    manifest = check_artefact(folder, FEATURE, report)
    if manifest is None:
        return
    cache = folder.parents[2]
    try:
        digest = find_dataset(cache, folder.parent.name).data_digest
    except StoreError:
        name = folder.parent.name.partition("@")[0]
        damaged = "" if _are_readable(cache / "datasets" / name) else ", or to one that is damaged"
        note = f"belongs to a dataset that is not in this cache{damaged}"
        report.notes.append(Fault(folder, note))
        return
    if manifest["made_from"]["dataset_digest"] != digest:
        report.faults.append(Fault(folder, "was computed from another version of the dataset"))


def _are_readable(home: Path) -> bool:
    """Whether all versions of a dataset have a whole manifest."""
    for path in children(home)[0]:
        if path.is_dir() and not path.name.startswith("."):
            try:
                read_manifest(path, DATASET)
            except StoreError:
                return False
    return True


def _each(home: Path, check: Check, report: Report) -> None:
    """Check all artefacts of a folder, and its other content."""
    _check_latest(home, report)
    for folder in _folders(home, report):
        check(folder, report)


def _folders(home: Path, report: Report) -> list[Path]:
    """Folders in a folder; anything else in it is reported as a fault or a note."""
    paths, faults = children(home)
    report.faults += faults
    folders: list[Path] = []
    for path in paths:
        if path.name.startswith(STAGING):
            report.notes.append(Fault(path, f"{LEFT}, or continued with the same command"))
        elif path.name == LATEST or is_passing(path.name):
            continue
        elif path.name.endswith(OPENINGS):
            check_openings(path, report)
        else:
            fault = _no_folder(path)
            folders += [] if fault else [path]
            report.faults += [Fault(path, fault)] if fault else []
    return folders


def _no_folder(path: Path) -> str | None:
    """Why a path is not a readable folder; None if it is one."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "is a link to nothing"
    except OSError as error:
        return refusal(error)
    return None if stat.S_ISDIR(mode) else "was not written by matdata: a folder is expected here"


def _check_latest(home: Path, report: Report) -> None:
    path = home / LATEST
    if fault_of(path) != MISSING:
        report.files += 1
        report.faults += check_json(path, lambda path: order(path.parent))
