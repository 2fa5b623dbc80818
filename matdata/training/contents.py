"""Files of a run by digest: written down when its training ends, compared when it is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.store.manifest import NAME, RECEIPT
from matdata.store.records import read_record
from matdata.store.walk import entries_below

RESULT = "result.json"
NORMALIZER = "normalizer.json"
LAST = "last.safetensors"
BEST = "best.safetensors"
#: What predictions are made of: every reader of a run compares these.
DECISIVE = (NAME, BEST, NORMALIZER)
#: What records how it came about: `matdata verify` compares these as well.
EVIDENCE = (RECEIPT, LAST, "log.jsonl", "log.csv")
BOARD = "tensorboard"
TRAIN_AGAIN = "train again under another --name"


def read_sealed(path: Path) -> JsonObject:
    """Read a sealed record of a run.

    Raises
    ------
    StoreError
        If it is missing or was changed.
    """
    return read_record(path, next_step=TRAIN_AGAIN)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the files that a training left, by name."""
    names = [name for name in (*DECISIVE, *EVIDENCE) if (folder / name).is_file()]
    names += [f"{BOARD}/{name}" for name in entries_below(folder / BOARD).files]
    return {name: digest_file(folder / name) for name in names}


def recorded_digests(folder: Path, result: Mapping[str, object]) -> dict[str, str]:
    """What `digests` was when the training ended.

    Raises
    ------
    StoreError
        If the result holds none.
    """
    recorded = result.get("files")
    if not isinstance(recorded, dict) or not {NAME, BEST} <= recorded.keys():
        raise StoreError(
            f"{folder / RESULT} names no digests of the run's files",
            cause="another program wrote it",
            next_step=TRAIN_AGAIN,
        )
    return recorded


def require_unchanged(folder: Path, recorded: Mapping[str, str], names: Iterable[str]) -> None:
    """Compare files with the digests that were written down.

    Raises
    ------
    StoreError
        Naming the first that is missing, was added or is another one.
    """
    for name in names:
        path = folder / name
        if name in recorded and not path.is_file():
            raise StoreError(
                f"{path} is missing",
                cause="the folder of the run was edited, or copied in part",
                next_step=TRAIN_AGAIN,
            )
        if path.is_file() and recorded.get(name) != digest_file(path):
            raise StoreError(
                f"{path} is not the one that the training of run {folder.name!r} ended with",
                cause="a disk error, an edit by hand, or a file of another run",
                next_step=TRAIN_AGAIN,
            )


def require_written_by(path: Path, state: Mapping[str, object], runs: Collection[str]) -> None:
    """Check that a file of a run that is under way was written by that run.

    Parameters
    ----------
    path
        The file, for the message.
    state
        What it records about itself: ``run`` is the digest of what its run was asked for.
    runs
        Such digests of the run that it lies in: of what it was asked for, now and before it was
        extended.

    Raises
    ------
    StoreError
        If they differ.
    """
    if state.get("run") not in runs:
        raise StoreError(
            f"{path} was not written by this run",
            cause="it was copied from the folder of another run",
            next_step=TRAIN_AGAIN,
        )
