"""All that is wrong with the folder of a run, for `matdata verify`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matdata.digest import digest_file
from matdata.errors import StoreError
from matdata.store.manifest import read_manifest
from matdata.training.contents import (
    BEST,
    DECISIVE,
    EVIDENCE,
    LAST,
    NORMALIZER,
    RESULT,
    recorded_digests,
    require_unchanged,
)
from matdata.training.run import KIND, OPENED, RECORD, TABLE, read_sealed
from matdata.training.tensors import read_tensors

#: How a file is read that carries a digest of its own.
READERS: dict[str, Callable[[Path], Any]] = {
    BEST: read_tensors,
    LAST: read_tensors,
    NORMALIZER: read_sealed,
    RESULT: read_sealed,
    OPENED: read_sealed,
    RECORD: read_sealed,
}


def check_run(folder: Path) -> list[str]:
    """What is wrong with the files of a run, one text each; empty for a whole one.

    Looks at every file that training and evaluation leave, also of a run that is not finished:
    manifest, receipt, result, weights, checkpoint, normalizer, logs, the record of the test part
    and its predictions.
    """
    problems: list[str] = []

    def attempt(check: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return check(*arguments)
        except StoreError as error:
            if error.what not in problems:
                problems.append(error.what)
            return None

    attempt(read_manifest, folder, KIND)
    there = [name for name in READERS if (folder / name).is_file()]
    read = {name: attempt(READERS[name], folder / name) for name in there}
    recorded = attempt(recorded_digests, folder, read[RESULT]) if read.get(RESULT) else None
    for name in (*DECISIVE, *EVIDENCE) if recorded else ():
        attempt(require_unchanged, folder, recorded, [name])
    if read.get(RECORD):
        attempt(require_table, folder, read[RECORD])
    return problems


def require_table(folder: Path, record: dict[str, Any]) -> Path:
    """The predictions for the test part, if they are as they were written when it was opened.

    Raises
    ------
    StoreError
        If they are missing or were changed since.
    """
    path = folder / TABLE
    if not path.is_file() or digest_file(path) != record["table_sha256"]:
        raise StoreError(f"{path} is missing or was changed since the test part was opened")
    return path
