"""Checks of snapshots, datasets with their splits, and features."""

from __future__ import annotations

from pathlib import Path

from matdata.checks.report import Report
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.sources.snapshot_requests import KIND as SNAPSHOT
from matdata.sources.snapshot_requests import REQUESTS
from matdata.store import notes, tables
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.files import TEMPORARY
from matdata.store.manifest import NAME, read_manifest
from matdata.store.records import is_verbatim
from matdata.store.verify import CHANGED, check_json, fault_from, is_passing, verify_folder
from matdata.store.walk import Fault, entries_below
from matdata.store.wholeness import MISSING, fault_of

SPLITS = "splits"
LEFT = "was left by a process that was killed; it can be removed"


def check_artefact(folder: Path, kind: str, report: Report) -> JsonObject | None:
    """Reread an artefact; return its manifest, or None if that is damaged."""
    report.artefacts += 1
    try:
        manifest = read_manifest(folder, kind)
    except StoreError as error:
        report.faults.append(fault_from(folder / NAME, error))
        return None
    besides = {DATASET: (SPLITS,), SNAPSHOT: (REQUESTS,)}.get(kind, ())
    report.files += len(manifest["files"]) + 2  # manifest and receipt
    report.faults += verify_folder(folder, manifest, besides, report.workers)
    report.notes += leftovers(folder)
    if kind == DATASET:
        _check_splits(DatasetFolder(folder), report)
    if kind == SNAPSHOT and fault_of(folder / REQUESTS) != MISSING:
        report.files += 1
        report.faults += check_json(folder / REQUESTS)
    return manifest


def leftovers(folder: Path) -> list[Fault]:
    """Files below a folder that a killed process left unfinished."""
    names = [n for n in entries_below(folder).files if Path(n).name.startswith(TEMPORARY)]
    return [Fault(folder / name, LEFT) for name in names]


def _check_splits(dataset: DatasetFolder, report: Report) -> None:
    home = dataset.folder / SPLITS
    names, faults = notes.names(home)
    report.faults += faults
    for name in names:
        report.files += 2
        path = home / f"{name}{notes.NOTE}"
        try:
            dataset.split_note(name)
            tables.read_arrow(home / f"{name}{notes.TABLE}")
            if not is_verbatim(path):
                report.faults.append(Fault(path, CHANGED))
        except StoreError as error:
            report.faults.append(_split_fault(home, name, error))
    expected = {f"{name}{ending}" for name in names for ending in (notes.TABLE, notes.NOTE)}
    for name in entries_below(home).files:
        if name in expected or is_passing(name):
            continue
        if notes.was_being_kept(home, name.removesuffix(notes.TABLE)):
            report.notes.append(Fault(home / name, f"has no note: it {LEFT}"))
        else:
            report.faults.append(Fault(home / name, "is no part of a split: it has no note"))


def _split_fault(home: Path, name: str, error: StoreError) -> Fault:
    """The fault of a split's file that the error names, of the note if it names none."""
    table = home / f"{name}{notes.TABLE}"
    faulty = table if error.what.startswith(str(table)) else home / f"{name}{notes.NOTE}"
    return fault_from(faulty, error)
