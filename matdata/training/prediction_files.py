"""Tables of predictions as files: Parquet, CSV, JSON lines, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matdata.core.given import ending_of
from matdata.store import files
from matdata.store.csv import write_csv
from matdata.store.tables import Columns, write_table
from matdata.training.prediction_columns import PredictionColumn

Described = Sequence[PredictionColumn]
About = Mapping[str, str]


def _write_parquet(path: Path, columns: Columns, described: Described, about: About) -> None:
    """What each column holds is in the metadata of its field, the rest in that of the file."""
    metadata = {one.name: one.to_metadata() for one in described}
    write_table(path, columns, metadata=metadata, about=about)


def _write_csv(path: Path, columns: Columns, described: Described, about: About) -> None:
    write_csv(path, columns)


def _write_jsonl(path: Path, columns: Columns, described: Described, about: About) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{_json(row)}\n" for row in rows_of(columns))


def _write_json(path: Path, columns: Columns, described: Described, about: About) -> None:
    path.write_text(_json(document_of(columns, described, about)) + "\n", encoding="utf-8")


FORMATS: dict[str, Callable[[Path, Columns, Described, About], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".json": _write_json,
}


def require_format(path: str | Path) -> str:
    """The ending of a file's name by which predictions are written, in small letters.

    Raises
    ------
    ConfigError
        If it is none of `FORMATS`.
    """
    return ending_of(path, FORMATS, "predictions")


def write_predictions(path: Path, columns: Columns, described: Described, about: About) -> None:
    """Write a table in the format of the name's ending: a temporary file, then a rename.

    Parquet and JSON also hold `about`: what predicted, and what that was trained on.

    Raises
    ------
    ConfigError
        If the ending stands for no format.
    StoreError
        If the file cannot be written.
    """
    write = FORMATS[require_format(path)]
    with files.writing(path) as temporary:
        write(temporary, columns, described, about)


def rows_of(columns: Columns) -> list[dict[str, object]]:
    """One mapping per row."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def document_of(
    columns: Columns, described: Described, about: About | None = None
) -> dict[str, object]:
    """A table as one JSON document: what predicted, what each column holds, and the rows."""
    metadata = {one.name: one.to_metadata() for one in described}
    return {"about": dict(about or {}), "columns": metadata, "predictions": rows_of(columns)}


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
