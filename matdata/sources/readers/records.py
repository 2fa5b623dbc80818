"""Readers of record files: CSV, JSON, JSONL, Parquet, extended XYZ, ASE databases (SQLite, LMDB).

Each is an `Iterator` of plain dictionaries, one per record; the roles of keys are inferred later.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matdata.core.ledger import Unusable
from matdata.sources.readers.base import DAMAGED, WEIGHT, Record, flatten
from matdata.sources.readers.csv_table import read_csv
from matdata.sources.readers.frames import read_frames
from matdata.sources.readers.json_tables import document, read_json
from matdata.sources.readers.json_text import decode
from matdata.sources.readers.lmdb_rows import read_lmdb
from matdata.sources.readers.opening import open_plain, open_text, plain_suffix, readable
from matdata.sources.readers.parquet_table import read_parquet

XYZ_TEXT = "xyz_frame"  # key of a frame's text
ASE_ROW = "ase_row"


def read_jsonl(path: Path) -> Iterator[Record]:
    """Documents of a file with one JSON object per line; a damaged line is passed on as such."""
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                record = document(decode(line))
                if DAMAGED in record:
                    record[DAMAGED] = f"line {number}: {record[DAMAGED]}"
                yield record


def read_xyz(path: Path) -> Iterator[Record]:
    """Frames of an extended XYZ file, as text; their comment lines are parsed later."""
    with open_text(path) as file:
        for text in read_frames(file, str(path)):
            yield {XYZ_TEXT: text}


def read_database(path: Path) -> Iterator[Record]:
    """Rows of an ASE database."""
    from matdata.adapters.ase import database_rows

    open_plain(path).close()
    with readable(path):
        for row in database_rows(path):
            if isinstance(row, Unusable):
                yield {DAMAGED: str(row)}
                continue
            arrays, values = row
            yield {ASE_ROW: arrays, WEIGHT: 128 * len(arrays["numbers"]), **flatten(values)}


READERS = {
    ".csv": read_csv,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
    ".xyz": read_xyz,
    ".extxyz": read_xyz,
    ".db": read_database,
    ".aselmdb": read_lmdb,
}


def read_records(path: Path, text_columns: frozenset[str] = frozenset()) -> Iterator[Record]:
    """Records of a file of any supported format, by its suffix.

    Parameters
    ----------
    path
        The file.
    text_columns
        Columns of a CSV file whose cells are ids or formulas, besides the well-known ones.
    """
    suffix = plain_suffix(path)
    return read_csv(path, text_columns) if suffix == ".csv" else READERS[suffix](path)
