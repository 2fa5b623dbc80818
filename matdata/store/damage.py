"""Damage of a finished artefact: found byte by byte, and mended file by file.

What is whole is never written again, and an artefact that another user guards or that a newer
matdata wrote is never mended: it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matdata.core.console import Console
from matdata.core.documents import JsonMapping
from matdata.core.errors import DamageError
from matdata.store import files
from matdata.store.manifest import NAME, RECEIPT, read_manifest
from matdata.store.verify import check_json, check_receipt, content_faults, fault_from
from matdata.store.walk import Fault
from matdata.store.wholeness import MISSING, damage_error, fault_of, is_refusal

#: What became of an artefact that was asked for.
State = Literal["built", "unchanged", "repaired"]
SHOWN = 3  # faults that are printed
#: Keys of a manifest that hold a digest of the content, whatever the bytes of its files.
CONTENT = ("arrays_digest", "records_digest")


def damage_of(folder: Path, kind: str) -> list[Fault]:
    """Faults of a finished artefact: manifest, receipt, and every byte of its files.

    Raises
    ------
    StoreError
        If it is of another kind or a newer format, or a file of it may not be read.
    """
    fault = fault_of(folder / NAME)
    if fault == MISSING:
        return [Fault(folder / NAME, fault)]
    try:
        manifest = read_manifest(folder, kind)
    except DamageError as error:
        return [fault_from(folder / NAME, error)]
    faults = check_json(folder / NAME, lambda _: None) + check_receipt(folder)
    faults += content_faults(folder, manifest["files"])
    for one in faults:
        if is_refusal(one.what):
            raise damage_error(one.path, one.what, artefact=folder)
    return faults


def require_whole(folder: Path, kind: str) -> None:
    """Check every byte of a finished artefact.

    Raises
    ------
    DamageError
        If it is damaged, naming the first file.
    StoreError
        As `damage_of`.
    """
    faults = damage_of(folder, kind)
    if faults:
        raise damage_error(*faults[0], artefact=folder)


def report_damage(faults: list[Fault], console: Console) -> None:
    """Print what is damaged, and that it is made again."""
    for fault in faults[:SHOWN]:
        console.warn(str(fault))
    more = len(faults) - SHOWN
    if more > 0:
        console.warn(f"and {more:,} more files of the same artefact")
    console.say("repairing: what is damaged is made again")


def require_same(folder: Path, old: JsonMapping, new: JsonMapping) -> None:
    """Check that what was made again is what was there.

    Parameters
    ----------
    folder
        The damaged artefact.
    old, new
        Its manifest, and that of what was made again.

    Raises
    ------
    DamageError
        If they differ in their content.
    """
    keys = [key for key in CONTENT if key in old] or ["files"]
    if any(old[key] != new[key] for key in keys):
        raise DamageError(
            f"{folder} is damaged, and what was made again in its place differs from it",
            cause="it was made by another version of matdata or of a library "
            f"({folder / RECEIPT} says which)",
            next_step=f"remove {folder} and run the same command again; what was made from it "
            "must be made again too",
        )


def install(staging: Path, final: Path, records: Mapping[str, Sequence[Any]]) -> None:
    """Move files from a staging folder to an existing artefact, where they differ from its own.

    The manifest comes last: if the process is killed before, the damage is found again.

    Parameters
    ----------
    staging
        Holds all files, the manifest and the receipt.
    final
        The artefact.
    records
        The files ``{name: [bytes, sha256]}``.
    """
    for name, (size, digest) in records.items():
        if fault_of(final / name, size, digest) is not None:
            _replace(staging / name, final / name)
    for name in (NAME, RECEIPT):
        _replace(staging / name, final / name)
    files.remove(staging)


def has_part(folder: Path, part: str, records: JsonMapping) -> bool:
    """Whether a part has exactly these files, byte by byte."""
    path = folder / part
    return path.exists() and files.file_records(folder, path) == records


def _replace(new: Path, old: Path) -> None:
    if old.is_dir() != new.is_dir():
        files.remove(old)
    files.publish(new, old)
