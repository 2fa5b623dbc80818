"""NPZ files of spectra: their shapes from headers, their arrays without pickles.

Arrays that a file holds as they are (`numpy.savez`) are mapped, so that a build, which goes through
them twice, neither reads them twice nor has them in memory; compressed ones are read.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import SourceError

MOST_BYTES = 32 << 30  # of all arrays, which are in memory together if they are compressed
#: What stands before the name in the header of a member (APPNOTE.TXT of PKWARE, 4.3.7), and where
#: the lengths of name and extra field are.
_LOCAL, _LENGTHS = 30, struct.Struct("<26xHH")
_AT_ONCE = 1 << 24


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
                    shapes[member.filename.removesuffix(".npy")] = _header(file)[0]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SourceError(f"--spectra {path} cannot be read: {error}") from error
    return shapes


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether by columns, and type of an array."""
    major, _ = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    return (read if major == 1 else np.lib.format.read_array_header_2_0)(file)


def _array(archive: zipfile.ZipFile, path: Path, name: str) -> npt.NDArray[Any]:
    """An array of a file: mapped if it lies there as it is, else read."""
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as file:
        shape, by_columns, dtype = _header(file)
        begin = file.tell()
    stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
    if dtype.hasobject or not stored or 0 in shape:
        with archive.open(member) as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    if begin + math.prod(shape) * dtype.itemsize != member.file_size:
        raise ValueError(f"{member.filename!r} does not hold the {shape} numbers that it names")
    with open(path, "rb") as raw:
        raw.seek(member.header_offset)
        start = member.header_offset + _LOCAL + sum(_LENGTHS.unpack(raw.read(_LOCAL)))
    whole = np.memmap(path, np.uint8, "r", start, (member.file_size,))
    found = 0
    for place in range(0, len(whole), _AT_ONCE):
        found = zlib.crc32(whole[place : place + _AT_ONCE].data, found)
    if found != member.CRC:
        raise zipfile.BadZipFile(f"bad CRC-32 of {member.filename!r}")
    return np.memmap(path, dtype, "r", start + begin, shape, "F" if by_columns else "C")


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
        with zipfile.ZipFile(path) as archive:
            ids = _array(archive, path, id_name)
            blocks = {name: _array(archive, path, name) for name in (*axes, *columns)}
    except (OSError, ValueError, struct.error, zipfile.BadZipFile) as error:
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
