"""Named arrays in one file, in the safetensors format, with NumPy alone.

The format (https://github.com/huggingface/safetensors#format): eight bytes with the length of a
JSON header, the header (dtype, shape and offsets of each array, and text under ``__metadata__``),
then the bytes of the arrays. A machine that trains need not have the safetensors package. One file
holds weights, optimizer and the state of the loop, so that one rename replaces all of them.

The header ends with a digest of the whole file, computed with zeros in its own place: it is the
last text of the header, so no byte before, in or after it can change unnoticed. Files written by
the safetensors package have none and are read without this check.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.cache import storage_error
from matdata.core.errors import StoreError
from matdata.store import files

_NAMES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_OF_DTYPE = {np.dtype(text): name for name, text in _NAMES.items()}
_LENGTH = struct.Struct("<Q")
STATE = "state"
#: Digest of all bytes of the file.
DIGEST = "sha256_of_file"
_BLANK = "0" * 64


def write_tensors(
    path: Path,
    arrays: Mapping[str, npt.NDArray[np.generic]],
    state: Mapping[str, object] | None = None,
) -> None:
    """Write arrays and a JSON state to one file: temporary name, flush, rename.

    Raises
    ------
    StoreError
        If the disk is full or not writable; an older file of that name is kept.
    """
    # 0-d arrays become 1-d in ascontiguousarray, so only others go through it
    contiguous = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    header: dict[str, Any] = {}
    start = 0
    for name, array in contiguous.items():
        span = [start, start + array.nbytes]
        kind = _OF_DTYPE[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": span}
        start += array.nbytes
    text = json.dumps(dict(state or {}), sort_keys=True, allow_nan=False)
    header["__metadata__"] = {STATE: text, DIGEST: _BLANK}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    head = _LENGTH.pack(len(encoded)) + encoded
    digest_start = _place(head)
    digest = hashlib.sha256(head)
    for array in contiguous.values():
        digest.update(array.tobytes())
    head = head[:digest_start] + digest.hexdigest().encode() + head[digest_start + len(_BLANK) :]
    try:
        with files.replacing(path) as temporary, open(temporary, "wb") as handle:
            handle.write(head)
            for array in contiguous.values():
                handle.write(array.tobytes())
    except OSError as error:
        raise storage_error(error, path) from error


def read_tensors(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Arrays, of any shape by name, and the JSON state of a file.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    try:
        data = path.read_bytes()
        (length,) = _LENGTH.unpack_from(data)
        header = json.loads(data[8 : 8 + length])
        notes = header.pop("__metadata__", {})
        body = memoryview(data)[8 + length :]
        _check(data, 8 + length, notes)
        arrays = {name: _array(body, entry) for name, entry in header.items()}
        state = json.loads(notes.get(STATE, "{}"))
    except FileNotFoundError:
        raise StoreError(f"{path} is missing", next_step="train the run again") from None
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise StoreError(
            f"{path} is damaged: {error}",
            cause="a disk error, an interrupted copy, or an edit by hand",
            next_step="remove the file and train the run again",
        ) from error
    return arrays, state


def _place(head: bytes) -> int:
    """Position of the digest of the file in the header, of which it is the last text."""
    position = head.rindex(f'"{DIGEST}":"'.encode()) + len(DIGEST) + 4
    if head[position + len(_BLANK) :].rstrip(b" ") != b'"}}':
        raise ValueError("the digest is not at the end of the header")
    return position


def _check(data: bytes, body: int, notes: Mapping[str, object]) -> None:
    """Compare a file with the digest that its header states.

    Raises
    ------
    ValueError
        If they differ, or a file of `write_tensors` lost its digest.
    """
    if not {STATE, DIGEST} & notes.keys():
        return  # another program wrote it
    digest_start = _place(data[:body])
    digest = hashlib.sha256(data[:digest_start])
    digest.update(_BLANK.encode())
    digest.update(memoryview(data)[digest_start + len(_BLANK) :])
    if notes.get(DIGEST) != digest.hexdigest():
        raise ValueError("the bytes do not have the digest that the header states")


def _array(body: memoryview, entry: Mapping[str, Any]) -> npt.NDArray[Any]:
    first, last = entry["data_offsets"]
    values = np.frombuffer(body[first:last], dtype=_NAMES[entry["dtype"]])
    return values.reshape(entry["shape"]).copy()
