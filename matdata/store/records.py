"""Sealed records: JSON files that carry the digest of their own content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import DamageError, StoreError
from matdata.core.redaction import hide_known, redacted
from matdata.store import files
from matdata.store.wholeness import damage_error, fault_of, refusal

DIGEST = "digest"


def read_json(path: Path, next_step: str | None = None) -> JsonObject:
    """Read a JSON object.

    Parameters
    ----------
    path
        The file.
    next_step
        The next step that the error states.

    Raises
    ------
    StoreError
        If it is missing, cannot be read, or is no JSON object.
    """
    fault = fault_of(path)
    if fault is not None:
        raise damage_error(path, fault, next_step=next_step)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"{path} {refusal(error)}", next_step=next_step) from error
    except (ValueError, RecursionError) as error:
        raise DamageError(f"{path} is damaged: {error}", next_step=next_step) from error
    if not isinstance(content, dict):
        raise DamageError(
            f"{path} is damaged: it holds {type(content).__name__}, not a record",
            next_step=next_step,
        )
    return content


def seal_record(content: Mapping[str, object], key: str = DIGEST) -> JsonObject:
    """A record, its known secrets hidden, with the digest of its content under `key`."""
    body = redacted(dict(content), hide_known)
    return {**body, key: digest_json(body)}


def write_record(path: Path, content: Mapping[str, object], key: str = DIGEST) -> None:
    """Write a sealed record atomically.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    try:
        files.write_json(path, seal_record(content, key))
    except OSError as error:
        raise storage_error(error, path) from error


def read_record(path: Path, key: str = DIGEST, next_step: str | None = None) -> JsonObject:
    """The content of a sealed record.

    Parameters
    ----------
    path, next_step
        As in `read_json`.
    key
        Key of the digest.

    Raises
    ------
    StoreError
        If it is missing, cannot be read, has no digest, or was changed.
    """
    content = read_json(path, next_step)
    stated = content.pop(key, None)
    if stated is None:
        raise DamageError(
            f"{path} carries no digest of its content",
            cause="its digest was removed, or another program wrote it",
            next_step=next_step,
        )
    try:
        whole = digest_json(content) == stated
    except (ValueError, RecursionError):  # NaN, which no sealed record holds
        whole = False
    if not whole:
        raise DamageError(
            f"{path} does not match its own digest: it is damaged",
            cause="a disk error, an interrupted copy, or an edit by hand",
            next_step=next_step,
        )
    return content


def is_verbatim(path: Path) -> bool:
    """Whether a JSON file consists of exactly the bytes that matdata writes for its content.

    A digest of the content cannot detect a blank that became a line break; this can.

    Raises
    ------
    StoreError
        As `read_json`.
    """
    content = read_json(path)
    try:
        return files.json_text(content).encode() == path.read_bytes()
    except (OSError, ValueError):
        return False
