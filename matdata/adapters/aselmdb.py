"""ASE databases in LMDB files (``.aselmdb``), as ase-db-backends keeps and fairchem reads them.

One file maps the number of a row, as text, to zlib-compressed JSON of the row in ASE's encoding;
``nextid`` and ``metadata`` are two more keys. Rows are written and read here by lmdb alone, so that
equal rows give equal bytes and nothing unpacks to more than a limit.
"""

from __future__ import annotations

import functools
import json
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.packages import needed_for

FIRST_SIZE = 1 << 26  # of the map, which grows as it must
ROWS_AT_A_TIME = 1000
NEXT, METADATA = b"nextid", b"metadata"
_LEVEL = 6
TASK = "an ASE database in an LMDB file"


def write_rows(path: Path, rows: Iterable[Mapping[str, object]], metadata: JsonObject) -> None:
    """Write a database of rows, numbered from 1.

    Parameters
    ----------
    path
        The file, which must not exist.
    rows
        ``numbers``, ``positions``, ``cell``, ``pbc``, ``unique_id``, ``key_value_pairs``, ``data``
        and what else a row of ASE has; arrays of NumPy may be among the values.
    metadata
        Of the database.
    """
    with needed_for(TASK):
        import lmdb

    database = lmdb.open(
        str(path), map_size=FIRST_SIZE, subdir=False, lock=False, meminit=True, metasync=False
    )
    try:
        batch: list[tuple[bytes, bytes]] = []
        number = 0
        for number, row in enumerate(rows, start=1):
            batch.append((str(number).encode(), _packed(row)))
            if len(batch) == ROWS_AT_A_TIME:
                _put(database, batch)
                batch.clear()
        batch += [(NEXT, _packed(number + 1)), (METADATA, _packed(metadata))]
        _put(database, batch)
        database.sync(True)
    finally:
        database.close()


def _put(database: Any, batch: list[tuple[bytes, bytes]]) -> None:
    """Write keys in one transaction, in a larger map if it is full."""
    import lmdb

    while True:
        try:
            with database.begin(write=True) as transaction:
                for key, value in batch:
                    transaction.put(key, value)
        except lmdb.MapFullError:
            database.set_mapsize(2 * database.info()["map_size"])
        else:
            return


def _packed(value: object) -> bytes:
    text = json.dumps(value, default=_encoded, ensure_ascii=False, allow_nan=False)
    return zlib.compress(text.encode(), _LEVEL)


def _encoded(value: object) -> object:
    """An array as ASE's JSON has it."""
    if isinstance(value, np.ndarray):
        flat = value.ravel().tolist()
        return {"__ndarray__": [list(value.shape), value.dtype.name, flat]}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def legal_pairs(pairs: Mapping[str, object]) -> dict[str, object]:
    """Those pairs that ASE takes as key-value pairs of a row and finds again.

    It refuses some names, and texts that look like numbers; names that are also a formula select
    rows with those atoms.
    """
    return {
        name: value
        for name, value in pairs.items()
        if _is_legal_name(name) and not (isinstance(value, str) and _looks_like_a_number(value))
    }


@functools.lru_cache(maxsize=4096)
def _is_legal_name(name: str) -> bool:
    with needed_for(TASK):
        from ase.db.core import check

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check({name: 1.0})
        except (ValueError, UserWarning):
            return False
    return True


def _looks_like_a_number(text: str) -> bool:
    from ase.db.core import str_represents

    return any(str_represents(text, kind) for kind in (bool, int, float))


class LmdbFile:
    """The values of a database that another program may have written, one at a time.

    Parameters
    ----------
    path
        The file.
    limit
        Largest size of an unpacked value, bytes.

    Raises
    ------
    SourceError
        If it is no LMDB file, or is truncated: reading beyond its end would end the process.
    """

    def __init__(self, path: Path, limit: int) -> None:
        with needed_for(TASK):
            import lmdb

        self._limit = limit
        try:
            self._database = lmdb.open(
                str(path), subdir=False, readonly=True, lock=False, create=False, readahead=False
            )
        except lmdb.Error as error:
            raise _damaged(path, str(error)) from None
        pages = self._database.info()["last_pgno"] + 1
        if path.stat().st_size < pages * self._database.stat()["psize"]:
            self._database.close()
            raise _damaged(path, "it ends before its last page")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def metadata(self) -> str | None:
        """The JSON text of the metadata; None if there is none that can be unpacked."""
        with self._database.begin() as transaction:
            return self._unpacked(transaction.get(METADATA))

    def rows(self) -> Iterator[tuple[int, str | None]]:
        """Number and JSON text of each row, by number; None for one that cannot be unpacked."""
        with self._database.begin() as transaction:
            keys = [bytes(key) for key, _ in transaction.cursor() if _is_number(key)]
        for number in sorted(map(int, keys)):
            with self._database.begin() as transaction:
                packed = transaction.get(str(number).encode())
            yield number, self._unpacked(packed)

    def _unpacked(self, packed: bytes | None) -> str | None:
        if packed is None:
            return None
        try:
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(packed, self._limit)
            return None if unpacker.unconsumed_tail else text.decode()
        except (zlib.error, UnicodeDecodeError):
            return None


def _is_number(key: bytes) -> bool:
    return len(key) < 19 and key.isdigit()


def _damaged(path: Path, what: str) -> SourceError:
    return SourceError(
        f"{path} is no readable LMDB file: {what}",
        cause="a truncated download or copy, or a file of another kind",
        next_step="compare it with the original, or download the file again",
    )
