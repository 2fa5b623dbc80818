"""Checks of ``downloads/``: files against the digests in their receipts."""

from __future__ import annotations

from pathlib import Path

from matdata.checks.report import Report
from matdata.core.errors import StoreError
from matdata.sources.download import RECEIPT, receipt_of
from matdata.store.records import is_verbatim
from matdata.store.verify import CHANGED, fault_from
from matdata.store.walk import Fault, children
from matdata.store.wholeness import MISSING, fault_of


def check_downloads(home: Path, report: Report) -> None:
    """Reread all downloaded files, those of users' addresses in folders of their own as well.

    Hidden files belong to unfinished downloads.
    """
    paths, faults = children(home)
    report.faults += faults
    names = {path.name for path in paths}
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.is_dir():  # of one address
            check_downloads(path, report)
            continue
        report.files += 1
        file_name = path.name.removesuffix(RECEIPT)
        if file_name == path.name and f"{file_name}{RECEIPT}" not in names:
            report.faults.append(Fault(path, "has no receipt: its expected content is unknown"))
        elif file_name != path.name:
            _check_file(home / file_name, path, report)
    if any(path.name.startswith(".part-") for path in paths):
        report.notes.append(Fault(home, "holds downloads that are not finished"))


def _check_file(path: Path, receipt: Path, report: Report) -> None:
    try:
        recorded = receipt_of(path)
        if not is_verbatim(receipt):
            report.faults.append(Fault(receipt, CHANGED))
    except StoreError as error:
        report.faults.append(fault_from(receipt, error))
        return
    fault = fault_of(path, recorded["bytes"], recorded["sha256"])
    if fault == MISSING:  # killed before the rename: it will be downloaded again
        report.notes.append(Fault(receipt, "has no file: the download was not finished"))
    elif fault is not None:
        report.faults.append(Fault(path, fault))
