"""Limits on the input read at a time, so that no file can exhaust a machine's memory.

Each limit is far above the sizes in crystal data sets and low enough that a whole build stays
below one gigabyte.
"""

from __future__ import annotations

from pathlib import Path

from matdata.core.errors import SourceError

MIB = 1 << 20
CHUNK_ROWS = 500  # records per chunk: bounds memory, and the work repeated after a kill
#: Characters of one record's text (a CIF, a JSON document): 16 MiB of JSON can be 350 MB of Python
#: objects, and 16 MiB of POSCAR are a quarter of a million atoms.
MAX_RECORD = 16 * MIB
#: Characters of a line; a line of JSON can be a service's answer with many records.
MAX_LINE = 64 * MIB
#: Approximate bytes of one chunk's records as Python objects. 500 records of ordinary sets
#: take 15 MB, so only sets of unusually large records get smaller chunks.
CHUNK_WEIGHT = 128 * MIB
#: Packed bytes of structures that are held while those that belong to them are read.
MAX_HELD = 512 * MIB
#: Nesting of objects and lists; programs write fewer than 15 levels.
MAX_DEPTH = 64
#: Columns of a table, and values of a record. More indicate ids or labels used as keys.
MAX_COLUMNS = 10_000
#: A file that unpacks to more than FREE_BYTES must not unpack to more than MAX_RATIO times its
#: size: crystal text compresses 3 to 20 times, decompression bombs 1,000 times and more.
FREE_BYTES = 256 * MIB
MAX_RATIO = 200


def require_plausible(path: Path, unpacked: int, packed: int, otherwise: str) -> None:
    """Check that a file does not unpack to far more than its size.

    Parameters
    ----------
    path
        The file.
    unpacked, packed
        Bytes of its content so far, or as it states them, and of the file.
    otherwise
        What to do with a legitimate one.

    Raises
    ------
    SourceError
        If it does.
    """
    if unpacked > FREE_BYTES and unpacked > MAX_RATIO * packed:
        raise SourceError(
            f"{path} unpacks to more than {MAX_RATIO} times its size of {packed:,} bytes; it is "
            "not read",
            cause="a file made to exhaust memory or disk",
            next_step=f"{otherwise} if it is legitimate",
        )
