"""Digests: canonical JSON, arrays and files to SHA-256.

A digest identifies its content, so each is computed from a form that does not depend on
the machine: JSON with sorted keys and no white space, arrays as little-endian C-order bytes
preceded by their dtype and shape.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matdata.core.documents import JsonObject

SHORT = 8  # characters of a digest in a folder name


def canonical_json(value: object) -> str:
    """Return the canonical JSON text of `value`: sorted keys, no spaces, no NaN.

    Raises
    ------
    ValueError
        If a float is NaN or infinite; JSON has no such number.
    TypeError
        If a value has no JSON form.
    """
    return json.dumps(
        plain_json(value),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


#: Types whose values are JSON as they are, but for floats that are not finite.
_PLAIN = {str, int, float, bool, type(None)}


def _has_infinite(values: Sequence[object]) -> bool:
    floats = [value for value in values if type(value) is float]
    return not all(map(math.isfinite, floats))


def plain_json(value: object) -> Any:
    """`value` in JSON types: text keys, lists, and Python's own numbers.

    Raises
    ------
    ValueError
        If a float is NaN or infinite; JSON has no such number.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        types = set(map(type, value))
        if types <= _PLAIN and not (float in types and _has_infinite(value)):
            return list(value)
        return [plain_json(item) for item in value]
    if isinstance(value, np.generic):
        return plain_json(value.item())
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no number {value!r}")
    return value


def digest_json(value: object) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`; raises as `canonical_json` does."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest_bytes(data: bytes) -> str:
    """SHA-256 (hex) of bytes."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: str | Path, algorithm: str = "sha256") -> str:
    """Digest (hex) of a file's bytes, read in bounded memory; MD5 where a publisher states that."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, algorithm).hexdigest()


class ArrayHasher:
    """A running digest of named arrays, independent of their division into shards.

    Feeding an array in pieces gives the same digest as feeding it whole: one hash per name runs
    over the values' bytes, and the dtype, the inner shape and the total length go in at the end.
    """

    def __init__(self) -> None:
        self._hashes: JsonObject = {}
        self._kinds: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._lengths: dict[str, int] = {}

    def update(self, name: str, array: np.ndarray) -> None:
        """Feed the next piece (k, ...) of the array called `name`, along its leading axis.

        Raises
        ------
        TypeError
            If the piece differs from earlier ones in dtype or inner shape.
        """
        array = np.ascontiguousarray(array)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        kind = (little.dtype.str, little.shape[1:])
        first_kind = self._kinds.setdefault(name, kind)
        if first_kind != kind:
            raise TypeError(f"pieces of {name!r} differ: {first_kind} and {kind}")
        self._hashes.setdefault(name, hashlib.sha256()).update(little.tobytes())
        self._lengths[name] = self._lengths.get(name, 0) + len(little)

    def hexdigest(self) -> str:
        """SHA-256 (hex) over all names in sorted order."""
        return digest_json(
            {
                name: [*self._kinds[name], self._lengths[name], self._hashes[name].hexdigest()]
                for name in sorted(self._hashes)
            }
        )


def digest_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hex) of named arrays of any shapes: names, dtypes, shapes and values."""
    hasher = ArrayHasher()
    for name in sorted(arrays):
        hasher.update(name, arrays[name])
    return hasher.hexdigest()
