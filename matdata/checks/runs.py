"""Checks of runs: weights, normalizer, logs, results, the record of the test part, pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matdata.checks.artefacts import leftovers
from matdata.checks.report import Report
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.store.manifest import NAME, RECEIPT, read_manifest
from matdata.store.records import read_record
from matdata.store.safetensors import read_tensors
from matdata.store.verify import check_json, check_receipt, fault_from, is_passing
from matdata.store.walk import Fault, entries_below
from matdata.store.wholeness import MISSING, fault_of
from matdata.training.added import ADDED, Added, recorded
from matdata.training.contents import (
    BEST,
    BOARD,
    EVIDENCE,
    LAST,
    NORMALIZER,
    RESULT,
    recorded_digests,
)
from matdata.training.run import KIND, OPENED, RECORD, TABLE

SEALED = (NORMALIZER, RESULT, OPENED, RECORD)


def check_run(folder: Path, report: Report) -> None:
    """Reread a run, finished or in progress."""
    report.artefacts += 1
    faults = check_json(folder / NAME, lambda _: read_manifest(folder, KIND))
    faults += check_receipt(folder)
    entries = entries_below(folder)
    names = set(entries.files)
    faults += entries.faults
    records: dict[str, JsonObject] = {}
    for name in SEALED:
        if name in names:
            faults += check_json(folder / name, _keeping(records, name))
    for name in (BEST, LAST):
        if name in names:
            faults += _read_weights(folder / name)
    added = _added(folder, faults)
    expected = {**_digests(folder, records, faults), **added.files}
    for name, digest in sorted(expected.items()):
        fault = fault_of(folder / name, digest=digest)
        if fault is not None:
            faults.append(Fault(folder / name, fault))
    expected_names = {NAME, RECEIPT, ADDED, *SEALED, BEST, LAST, *expected}
    for name in sorted(name for name in names - expected_names if not is_passing(name)):
        reason = _left_by_a_kill(name, names, added)
        if reason is not None:
            report.notes.append(Fault(folder / name, reason))
        elif RESULT in names or not (name in EVIDENCE or name.startswith(f"{BOARD}/")):
            faults.append(Fault(folder / name, "is in no record of the run"))
    if RESULT not in names:
        report.notes.append(Fault(folder, "is not finished: its logs are not sealed yet"))
    report.notes += leftovers(folder)
    report.files += len(names)
    report.faults += list(dict.fromkeys(faults))


def _left_by_a_kill(name: str, names: set[str], added: Added) -> str | None:
    """Why a file that no record names is no fault; None if it is one."""
    if name.partition("/")[0] in added.pending:
        return "was being written by a process that has ended"
    if name == TABLE and OPENED in names and RECORD not in names:
        return "is of an evaluation that did not finish; the same command continues it"
    return None


def _keeping(records: dict[str, JsonObject], name: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        records[name] = read_record(path)

    return read


def _read_weights(path: Path) -> list[Fault]:
    fault = fault_of(path)
    if fault is not None:
        return [Fault(path, fault)]
    try:
        read_tensors(path)
    except StoreError as error:
        return [fault_from(path, error)]
    return []


def _digests(folder: Path, records: dict[str, JsonObject], faults: list[Fault]) -> dict[str, str]:
    """Digests that the records of a run state, by file."""
    stated: dict[str, str] = {}
    if RESULT in records:
        try:
            stated |= recorded_digests(folder, records[RESULT])
        except StoreError as error:
            faults.append(fault_from(folder / RESULT, error))
    if RECORD in records:
        stated[TABLE] = str(records[RECORD]["table_sha256"])
    return stated


def _added(folder: Path, faults: list[Fault]) -> Added:
    if fault_of(folder / ADDED) == MISSING:
        return Added({}, [])
    faults += check_json(folder / ADDED)
    try:
        return recorded(folder)
    except StoreError as error:
        faults.append(fault_from(folder / ADDED, error))
        return Added({}, [])
