"""Checks of ``learnt/``: files against the digests that they carry."""

from __future__ import annotations

from pathlib import Path

from matdata.checks.report import Report
from matdata.core.errors import StoreError
from matdata.store.learnt import checked
from matdata.store.verify import fault_from, is_passing
from matdata.store.walk import children


def check_learnt(home: Path, report: Report) -> None:
    """Reread all of them."""
    paths, faults = children(home)
    report.faults += faults
    for path in paths:
        if is_passing(path.name):
            continue
        report.files += 1
        try:
            checked(path)
        except StoreError as error:
            report.faults.append(fault_from(path, error))
