"""Safetensors files that are filled piece by piece: their arrays are mapped, not in memory."""

from __future__ import annotations

import contextlib
import json
import math
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}


@contextlib.contextmanager
def tensor_file(
    path: Path, shapes: Mapping[str, tuple[str, tuple[int, ...]]], about: Mapping[str, str]
) -> Iterator[dict[str, npt.NDArray[np.generic]]]:
    """Yield arrays of zeros in a new file, to be filled in place.

    Parameters
    ----------
    path
        The file.
    shapes
        By name the type (``F32`` or ``I64``) and shape of each array.
    about
        Texts for the header.
    """
    header: dict[str, object] = {"__metadata__": dict(about)}
    places: dict[str, int] = {}
    end = 0
    for name, (kind, shape) in sorted(shapes.items(), key=lambda one: -_DTYPES[one[1][0]].itemsize):
        places[name], size = end, _DTYPES[kind].itemsize * math.prod(shape)
        end += size
        span = [places[name], end]
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": span}
    encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    encoded += b" " * (-len(encoded) % 8)
    start = 8 + len(encoded)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        file.truncate(start + end)
    yield {
        name: _mapped(path, _DTYPES[kind], start + places[name], shape)
        for name, (kind, shape) in shapes.items()
    }


def _mapped(
    path: Path, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]
) -> npt.NDArray[np.generic]:
    if not math.prod(shape):
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r+", offset, shape)
