"""Readers of record files: CSV, JSON (pandas "split", lists of documents), JSONL, extended XYZ,
ASE databases.

Each is an `Iterator` of plain dictionaries, one a record; which key holds what is decided later.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matdata.errors import SourceError
from matdata.sources.readers.base import (
    flatten,
    is_structure_dict,
    open_binary,
    open_text,
    plain_suffix,
    read_frames,
    readable,
)
from matdata.sources.readers.csv_table import check_names, read_csv

XYZ_TEXT = "xyz_frame"  # key under which a frame's text travels
ASE_ROW = "ase_row"
Record = dict[str, Any]


def read_jsonl(path: Path) -> Iterator[Record]:
    """Documents of a file with one JSON object a line; a damaged line is passed on as such."""
    with readable(path), open_text(path) as file:
        for number, line in enumerate(file):
            if not line.strip():
                continue
            try:
                document = json.loads(line)
            except ValueError as error:
                yield {"__damaged__": f"line {number + 1} is not JSON: {error}"}
                continue
            yield _document(document)


def _document(document: Any) -> Record:
    if not isinstance(document, dict):
        return {"__damaged__": f"expected a JSON object, got {type(document).__name__}"}
    structures = {key: value for key, value in document.items() if is_structure_dict(value)}
    return {**flatten(document), **structures}


def read_json(path: Path) -> Iterator[Record]:
    """Records of a JSON file: pandas "split" form as matminer writes, or a list of documents.

    The file is read as a stream: memory is bounded by one record, whatever the file's size.
    """
    import ijson

    try:
        with readable(path):
            kind = _json_kind(path)
            if kind == "split":
                yield from _split_records(path)
            elif kind == "list":
                yield from map(_document, json_items(path, "item"))
            else:
                with open_binary(path) as file:
                    yield _document({"structure": next(ijson.items(file, "", use_float=True))})
    except ijson.JSONError as error:
        raise SourceError(
            f"{path} is not complete, valid JSON: {error}",
            cause="a truncated download, or a file of another kind",
            next_step="fetch the file again",
        ) from error


def _json_kind(path: Path) -> str:
    import ijson

    with open_binary(path) as file:
        for prefix, event, value in ijson.parse(file):
            if event == "start_array" and prefix == "":
                return "list"
            if event == "map_key" and prefix == "":
                if value in ("columns", "index", "data"):
                    return "split"
                if value in ("lattice", "sites", "lattice_mat", "@module", "@class"):
                    return "structure"
    raise SourceError(
        f"{path}: expected pandas 'split' JSON (index, columns, data), a list of documents or a "
        "structure",
        next_step='write the table with DataFrame.to_json(orient="split"), or use JSONL',
    )


def _split_records(path: Path) -> Iterator[Record]:
    import ijson

    with open_binary(path) as file:
        columns = [str(name) for name in ijson.items(file, "columns.item")]
    check_names(columns, str(path))
    with open_binary(path) as file:
        rows = json_items(path, "data.item")
        labelled = ijson.items(file, "index.item") if _has_index(path) else None
        for label, values in enumerate(rows) if labelled is None else _paired(labelled, rows, path):
            if not isinstance(values, list) or len(values) != len(columns):
                held = len(values) if isinstance(values, list) else "no"
                damage = f"{held} values for {len(columns)} columns"
                yield {"__label__": label, "__damaged__": damage}
            else:
                record = _document(dict(zip(columns, values, strict=True)))
                yield {"__label__": label, **record}


def _has_index(path: Path) -> bool:
    """Whether a table in "split" form has labels; pandas leaves them out when told to."""
    import ijson

    with open_binary(path) as file:
        events = ijson.parse(file)
        return any((prefix, event) == ("index", "start_array") for prefix, event, _ in events)


def _paired(labels: Iterator[Any], rows: Iterator[Any], path: Path) -> Iterator[tuple[Any, Any]]:
    nothing = object()
    pairs = itertools.zip_longest(labels, rows, fillvalue=nothing)
    for count, (label, values) in enumerate(pairs):
        if label is nothing or values is nothing:
            raise SourceError(
                f"{path}: its index and its data differ in length; one of them ends after "
                f"{count:,}",
                cause="the table was cut or joined by hand: labels cannot be matched to rows",
                next_step='write the table again with DataFrame.to_json(orient="split")',
            )
        yield label, values


def json_items(path: Path, prefix: str) -> Iterator[Any]:
    """Items of a list; from an integer of more than 64 bits on, by ijson's slower parser."""
    import ijson

    done = 0
    try:
        with open_binary(path) as file:
            for item in ijson.items(file, prefix, use_float=True):
                yield item
                done += 1
    except ijson.JSONError as error:
        if "integer overflow" not in str(error):
            raise
        with open_binary(path) as file:
            patient = ijson.get_backend("python").items(file, prefix, use_float=True)
            yield from itertools.islice(patient, done, None)


def read_xyz(path: Path) -> Iterator[Record]:
    """Frames of an extended XYZ file, as text: what their comment lines say is parsed later."""
    with readable(path), open_text(path) as file:
        for text in read_frames(file, str(path)):
            yield {XYZ_TEXT: text}


def read_database(path: Path) -> Iterator[Record]:
    """Rows of an ASE database."""
    from matdata.adapters.ase import database_rows

    with readable(path):
        for arrays, values in database_rows(path):
            yield {ASE_ROW: arrays, **flatten(values)}


READERS = {
    ".csv": read_csv,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".xyz": read_xyz,
    ".extxyz": read_xyz,
    ".db": read_database,
}


def read_records(path: Path, text_columns: frozenset[str] = frozenset()) -> Iterator[Record]:
    """Records of a file of any known format, told by its suffix.

    Parameters
    ----------
    path
        The file.
    text_columns
        Columns of a CSV file whose cells are ids or formulas, beside the well-known ones.
    """
    suffix = plain_suffix(path)
    return read_csv(path, text_columns) if suffix == ".csv" else READERS[suffix](path)
