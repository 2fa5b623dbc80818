"""Checks of the record of opened test parts that is stored next to each version of a dataset."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from matdata.checks.report import Report
from matdata.core.errors import StoreError
from matdata.evaluation.openings import openings_path, read_openings
from matdata.store.verify import CHANGED, fault_from
from matdata.store.walk import Fault
from matdata.store.wholeness import fault_of

OPENINGS = openings_path(Path("version")).name.removeprefix("version")


def check_openings(path: Path, report: Report) -> None:
    """Reread the record of one version of a dataset, byte by byte."""
    report.files += 1
    fault = fault_of(path)
    if fault is not None:
        report.faults.append(Fault(path, fault))
        return
    try:
        read_openings(path.with_name(path.name.removesuffix(OPENINGS)))
    except StoreError as error:
        report.faults.append(fault_from(path, error))
        return
    if not all(map(_is_verbatim, path.read_bytes().splitlines())):
        report.faults.append(Fault(path, CHANGED))


def _is_verbatim(line: bytes) -> bool:
    with contextlib.suppress(ValueError, RecursionError):
        return json.dumps(json.loads(line), ensure_ascii=False).encode() == line
    return False
