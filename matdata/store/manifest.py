"""Manifests: what an artefact is, what it was made from, and the digest of every file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import DamageError, StoreError
from matdata.core.redaction import hide_known, redacted
from matdata.store.formats import FORMATS, require_readable, stamp, upgraded
from matdata.store.records import read_json
from matdata.store.wholeness import ASK_OWNER, MISSING, UNREADABLE, fault_of

NAME = "manifest.json"
RECEIPT = "receipt.json"  # when and by which version: kept out of the artefact's identity


def seal(content: JsonObject, kind: str) -> JsonObject:
    """Add format and digest to the content of a manifest; known secrets are hidden."""
    body = {**redacted(content, hide_known), "format": stamp(kind)}
    return {**body, "manifest_digest": digest_json(body)}


def read_manifest(folder: Path, kind: str | None = None) -> JsonObject:
    """Read and check a manifest; one of an older format is upgraded (`matdata.store.formats`).

    Raises
    ------
    DamageError
        If its content is not what was written.
    StoreError
        If it is missing, unreadable, of another kind, or of a newer format.
    """
    path = folder / NAME
    fault = fault_of(path)
    if fault == MISSING:
        raise StoreError(
            f"{folder} holds no {NAME}: it is not a finished artefact",
            cause="it was never finished, or copied in part",
            next_step="run the command that builds it again",
        )
    if fault is not None:
        raise StoreError(f"{path} {fault}", cause=UNREADABLE, next_step=ASK_OWNER)
    try:
        manifest = read_json(path)
        name, version = manifest["format"]["name"], manifest["format"]["version"]
        digest = digest_json({k: v for k, v in manifest.items() if k != "manifest_digest"})
    except (StoreError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error
    own = str(name).removeprefix("matdata-")
    if own not in FORMATS:
        raise StoreError(f"{folder} is a {name}, which this matdata does not know")
    require_readable(own, version, path)
    if digest != manifest.get("manifest_digest"):
        raise _damaged(path)
    if kind is not None and own != kind:
        raise StoreError(f"{folder} is a {name}, expected a matdata-{kind}")
    return upgraded(own, manifest, version, path)


def is_committed(folder: Path) -> bool:
    """Whether a folder has a manifest: a finished artefact, possibly unreadable."""
    return fault_of(folder / NAME) != MISSING


def part_files(manifest: JsonMapping, part: str) -> dict[str, list[Any]]:
    """The records ``[bytes, sha256]`` of the files that belong to one part."""
    inside = part + "/"
    records: dict[str, list[Any]] = manifest["files"]
    return {name: rec for name, rec in records.items() if name == part or name.startswith(inside)}


def _damaged(path: Path) -> DamageError:
    return DamageError(
        f"{path} is damaged: its content does not match its own digest",
        cause="a disk error, an interrupted copy, or an edit by hand",
        next_step="run the command that made it again: it repairs it",
    ).at(path.parent)
