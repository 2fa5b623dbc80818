"""Records of an ASE database in an LMDB file: pairs, data, and the crystal of each row."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from matdata.adapters.aselmdb import LmdbFile
from matdata.adapters.sites import Sites, from_cartesian, from_fractional, require_periodic
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.ledger import Unusable
from matdata.sources.limits import MAX_RECORD
from matdata.sources.readers.base import DAMAGED, WEIGHT, Record, flatten
from matdata.sources.readers.file_metadata import FileMetadata, accepted
from matdata.sources.readers.json_text import Damaged, decode
from matdata.sources.readers.opening import open_plain

#: Key of the metadata that says of which dataset a database is the export.
EXPORT = "matdata"
#: Key of the metadata with a short and a long description and the unit of each key, ASE's own.
DESCRIPTIONS = "key_descriptions"
EXACT = "frac_coords"  # in the data of a row: ASE has Cartesian positions


def read_lmdb(path: Path) -> Iterator[Record]:
    """A record per row, in the order of their numbers.

    Raises
    ------
    SourceError
        If the file is no LMDB file, or is truncated.
    """
    with _opened(path) as database:
        by_matdata = EXPORT in _metadata(database)
        for number, text in database.rows():
            item = decode(text) if text is not None else None
            row = item.value if item is not None else Damaged("no JSON that can be unpacked")
            if isinstance(row, Damaged) or not isinstance(row, dict):
                fault = row.message if isinstance(row, Damaged) else "no object"
                yield {DAMAGED: f"row {number}: {fault}"}
                continue
            yield {**_record(row, number, by_matdata), WEIGHT: item.weight if item else 0}


def metadata_of(path: Path) -> FileMetadata:
    """Metadata of a database that matdata wrote; of others the units of their keys."""
    with _opened(path) as database:
        metadata = _metadata(database)
    descriptions = metadata.get(DESCRIPTIONS)
    units = {
        name: one[2]
        for name, one in (descriptions.items() if isinstance(descriptions, dict) else ())
        if isinstance(one, list) and len(one) == 3
    }
    about = metadata.get(EXPORT)
    if not isinstance(about, dict):
        return accepted(units, {}, {})
    exported, axes = (
        one if isinstance(one, dict) else {} for one in (about.get("units"), about.get("axes"))
    )
    return accepted({**units, **exported}, axes, about)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[LmdbFile]:
    open_plain(path).close()
    database = LmdbFile(path, MAX_RECORD)
    try:
        yield database
    finally:
        database.close()


def _metadata(database: LmdbFile) -> JsonObject:
    text = database.metadata()
    value = None if text is None else decode(text).value
    return value if isinstance(value, dict) else {}


def _record(row: JsonMapping, number: int, by_matdata: bool) -> Record:
    data = row.get("data")
    values = dict(data) if isinstance(data, dict) else {}
    exact = values.pop(EXACT, None) if by_matdata else None
    if not by_matdata:
        pairs = row.get("key_value_pairs")
        values |= pairs if isinstance(pairs, dict) else {}
        if isinstance(row.get("energy"), float):
            values.setdefault("energy", row["energy"])
        values.setdefault("id", row.get("unique_id") or f"row-{number}")
    try:
        columns = flatten({str(name): _plain(value) for name, value in values.items()})
    except Unusable as error:
        return {DAMAGED: f"row {number}: {error}"}
    return {**columns, "structure": _structure(row, exact)}


def _structure(row: JsonMapping, exact: object) -> Sites | tuple[str, str]:
    """The crystal, or the reason and message of one that cannot be used."""
    try:
        require_periodic(_sequence(row, "pbc"))
        numbers = [int(number) for number in _sequence(row, "numbers")]
        cell = _plain(row.get("cell"))
        sites = from_cartesian(cell, _plain(row.get("positions")), numbers)
        return sites if exact is None else from_fractional(cell, _plain(exact), numbers)
    except Unusable as error:
        return error.reason, str(error)
    except (TypeError, ValueError, OverflowError) as error:
        return "unreadable", f"no row of an ASE database: {error!r}"


def _sequence(row: JsonMapping, name: str) -> list[Any]:
    value = _plain(row.get(name))
    if not isinstance(value, list):
        raise Unusable("unreadable", f"the row has no list of {name}")
    return value


def _plain(value: object) -> Any:
    """A value with arrays of ASE's JSON as lists; others are left as they are."""
    if not isinstance(value, dict) or value.keys() != {"__ndarray__"}:
        return value
    try:
        shape, dtype, flat = value["__ndarray__"]
        if not isinstance(flat, list) or math.prod(shape) != len(flat):
            raise ValueError("an array of another size than its shape")
        return np.array(flat, dtype=dtype).reshape(shape).tolist()
    except (TypeError, ValueError, OverflowError) as error:
        raise Unusable("unreadable", f"a damaged array: {error}") from None
