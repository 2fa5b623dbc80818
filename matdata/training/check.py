"""The predictions for the test part of a run, as they were when it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matdata.core.errors import StoreError
from matdata.store.wholeness import fault_of
from matdata.training.run import TABLE


def require_table(folder: Path, record: Mapping[str, object]) -> Path:
    """The predictions for the test part, if they are as they were written when it was opened.

    Raises
    ------
    StoreError
        If they are missing or were changed since.
    """
    path = folder / TABLE
    fault = fault_of(path, digest=str(record["table_sha256"]))
    if fault is not None:
        raise StoreError(
            f"{path} {fault}",
            cause="it was changed since the test part was opened",
            next_step="restore it from a backup; the score on record stays as it is",
        )
    return path
