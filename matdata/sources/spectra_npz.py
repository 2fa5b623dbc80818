"""NPZ files of spectra: their shapes from headers, their arrays without pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import SourceError

MOST_BYTES = 32 << 30  # of all arrays, which are in memory together


def shapes_of(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of a file, from their headers.

    Raises
    ------
    SourceError
        If it is no NPZ file, or holds more than `MOST_BYTES`.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise SourceError(f"--spectra {path} holds more than {MOST_BYTES >> 30} GiB")
            for member in members:
                with archive.open(member) as file:
                    major, _ = np.lib.format.read_magic(file)
                    read = np.lib.format.read_array_header_1_0
                    header = read if major == 1 else np.lib.format.read_array_header_2_0
                    shapes[member.filename.removesuffix(".npy")] = header(file)[0]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SourceError(f"--spectra {path} cannot be read: {error}") from error
    return shapes


def arrays_of(
    path: Path, id_name: str, axes: Iterable[str], columns: Iterable[str]
) -> tuple[list[str], dict[str, npt.NDArray[Any]]]:
    """Ids of n materials, and by name the arrays of axes, (L,) or (n, L), and columns, (n, L).

    The arrays are of the types that the file has, which may be half as large as float64.

    Raises
    ------
    SourceError
        If the file is damaged or holds Python objects, or an array is of another shape or kind.
    """
    axes = set(axes)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ids = arrays[id_name]
            blocks = {name: arrays[name] for name in (*axes, *columns)}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SourceError(f"--spectra {path} cannot be read: {error}") from error
    if ids.ndim != 1 or ids.dtype.kind not in "Uiu":
        raise SourceError(
            f"--spectra {path}: {id_name!r} is no list of ids",
            next_step="save it as one array of texts: numpy.array(ids, dtype=str)",
        )
    for name, block in blocks.items():
        of_all = name in axes and block.ndim == 1
        if block.dtype.kind not in "fiu" or not (block.ndim == 2 or of_all):
            raise SourceError(f"--spectra {path}: {name!r} holds no rows of numbers")
        if len(block) != len(ids) and not of_all:
            raise SourceError(f"{path} has {len(ids)} ids and {len(block)} of {name!r}")
    return list(map(str, ids.tolist())), blocks
