"""Files of weights that another package wrote: read within limits, with an error that fits them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.store.records import read_json
from matdata.store.safetensors import read_tensors

#: Bytes up to which a file is read whole.
LARGEST_JSON = 1 << 20
LARGEST_WEIGHTS = 4 << 30
AGAIN = "download or convert the weights again"


def read_published_json(path: Path) -> JsonObject:
    """The JSON object of a small file.

    Raises
    ------
    StoreError
        If it is missing, larger than 1 MiB, or no JSON object.
    """
    _require_size(path, LARGEST_JSON)
    return read_json(path, next_step=AGAIN)


def read_published_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Arrays of a safetensors file, of any shape by name.

    Raises
    ------
    StoreError
        If it is missing, larger than 4 GiB, or damaged.
    """
    _require_size(path, LARGEST_WEIGHTS)
    try:
        return read_tensors(path)[0]
    except StoreError as error:
        raise type(error)(error.what, cause=error.cause, next_step=AGAIN) from error


def _require_size(path: Path, largest: int) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", next_step=AGAIN) from error
    if size > largest:
        raise StoreError(f"{path} has {size:,} bytes; at most {largest:,} are read")
