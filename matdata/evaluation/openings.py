"""Record of opened test parts of a dataset: by which training, with which weights, and when.

The record is stored next to the dataset's version in the cache, not in the folder of a run, so that
a copied run, or one whose own record was deleted, cannot open it twice unnoticed. Lines are added
and never changed: each has a digest of itself and the line before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError, TrainError
from matdata.store import files
from matdata.store.locks import LOCK, holding


@dataclass(frozen=True)
class Opening:
    """One opening of a test part.

    Attributes
    ----------
    split, split_digest
        The split whose test part was opened.
    run, training
        Name of the run, and the digest of its request, which copies of a run share.
    weights
        SHA-256 of the weights that were scored.
    opened
        Time of the opening, as ``2026-01-31T12:00:00Z``.
    """

    split: str
    split_digest: str
    run: str
    training: str
    weights: str
    opened: str


def openings_path(dataset: Path) -> Path:
    """Path of the record of a dataset's version (a folder), its sibling."""
    return dataset.with_name(f"{dataset.name}.openings.jsonl")


def read_openings(dataset: Path) -> list[Opening]:
    """All openings of test parts of a dataset's version, in the order of time.

    Raises
    ------
    StoreError
        If a line was changed or removed, or the file cannot be read.
    """
    return _read(openings_path(dataset))[0]


def record_opening(dataset: Path, opening: Opening) -> tuple[Opening, bool]:
    """Record an opening, before the test part is read.

    Returns
    -------
    opening, first
        The first opening by this training, and whether it is the given one.

    Raises
    ------
    TrainError
        If the same training opened a test part with other weights.
    StoreError
        If the record is damaged or cannot be written.
    """
    path = openings_path(dataset)
    # Lines are never changed, so an existing one needs no lock: a cache may be read-only.
    earlier = _earlier(_read(path)[0], opening)
    if earlier is not None:
        return earlier, False
    with holding(path.with_name(f"{LOCK}{path.name}")) as lock:
        files.sweep(path.parent, path.name)
        recorded, last, text = _read(path)
        earlier = _earlier(recorded, opening)
        if earlier is not None:
            return earlier, False
        lock.require()
        _add(path, text, {**asdict(opening), "previous": last})
    return opening, True


def _earlier(recorded: list[Opening], opening: Opening) -> Opening | None:
    """The first opening by the same training; all of its openings must have the same weights."""
    same_training = [other for other in recorded if other.training == opening.training]
    for other in same_training:
        _require_same_weights(opening, other)
    return same_training[0] if same_training else None


def _require_same_weights(opening: Opening, other: Opening) -> None:
    if other.weights != opening.weights:
        raise TrainError(
            f"the test part of split {other.split!r} was opened on {other.opened} for the same "
            f"training with other weights (run {other.run!r})",
            cause=f"run {opening.run!r} was copied and trained further, edited, or trained a "
            "second time, with the test result known",
            next_step="change what is trained (another --seed is another training); a test part "
            "is opened once for each, and `matdata runs` shows how often it was opened",
        )


def _read(path: Path) -> tuple[list[Opening], str, str]:
    """Openings, the digest of the last line, and the text of all lines."""
    try:
        text = path.read_bytes().decode() if path.exists() else ""
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    openings, last = [], ""
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            entry: JsonObject = json.loads(line)
            digest = entry.pop("digest")
            if entry["previous"] != last or digest_json(entry) != digest:
                raise ValueError("its digest does not match the line and the one before")
            del entry["previous"]
            openings.append(Opening(**entry))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _damaged(path, f"line {number}: {error}") from error
        last = digest
    if text and not text.endswith("\n"):
        raise _damaged(path, "its last line has no end")
    return openings, last, text


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is damaged: {why}",
        cause="a disk error, or an edit by hand: lines are added and never changed",
        next_step="restore it from a backup; test parts of this dataset stay closed until then",
    )


def _add(path: Path, text: str, entry: Mapping[str, object]) -> None:
    """Write all lines and a new one, so that a kill leaves the old file or the new one."""
    line = json.dumps({**entry, "digest": digest_json(entry)}, ensure_ascii=False)
    try:
        files.write_text(path, f"{text}{line}\n")
    except OSError as error:
        raise storage_error(error, path) from error
