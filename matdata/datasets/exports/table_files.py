"""CSV and Parquet: the table, and features of one row per material."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matdata.core.errors import ConfigError
from matdata.datasets.exports.content import Block, Exported
from matdata.datasets.exports.feature_columns import labels_of, require_rows, units_of, values_of
from matdata.datasets.exports.headers import headers_of
from matdata.store import tables
from matdata.store.csv import csv_lines, is_formula

UNIT = "unit"


def write_csv(path: Path, content: Exported) -> None:
    """Write comma-separated text; units are in the header."""
    require_rows(content)
    headers = headers_of(content)
    _require_harmless([*headers.values(), *labels_of(content)], content)
    with open(path, "w", newline="", encoding="utf-8") as file:
        for block in content.blocks():
            columns = {headers[name]: column for name, column in block.columns().items()}
            for name, (numbers, missing) in values_of(content, block.ids).items():
                cells = zip(numbers.tolist(), missing.tolist(), strict=True)
                columns[name] = [None if lacks else value for value, lacks in cells]
            lines = csv_lines(columns, header=block.start == 0, raw=content.raw_text)
            file.writelines(lines)


def _require_harmless(names: list[str], content: Exported) -> None:
    """Refuse names that a spreadsheet would run: with an apostrophe they would be other names."""
    for name in names:
        if not content.raw_text and is_formula(name):
            raise ConfigError(
                f"a spreadsheet would run the name {name!r} as a formula",
                next_step="--raw-text writes it as it is; or write parquet",
            )


def write_parquet(path: Path, content: Exported) -> None:
    """Write Parquet; units and axes are in the metadata of the fields."""
    require_rows(content)
    schema = table_schema(content)
    for name in labels_of(content):
        unit = units_of(content).get(name)
        schema = schema.append(
            pa.field(name, pa.float64(), metadata={UNIT: unit} if unit else None)
        )
    schema = schema.with_metadata(content.about())
    with pq.ParquetWriter(path, schema) as writer:
        for block in content.blocks():
            writer.write_table(_with_features(block, content, schema))


def table_schema(content: Exported) -> pa.Schema:
    """Types of the columns that are written, with units and axes."""
    fields = []
    for column, name in content.names.items():
        more = {UNIT: content.units.get(name), tables.AXIS: content.axes.get(name)}
        metadata = {key: text for key, text in more.items() if text}
        fields.append(pa.field(name, content.schema.field(column).type, metadata=metadata or None))
    return pa.schema(fields)


def _with_features(block: Block, content: Exported, schema: pa.Schema) -> pa.Table:
    arrays = list(block.table.columns)
    for numbers, missing in values_of(content, block.ids).values():
        arrays.append(pa.chunked_array([pa.array(numbers, mask=missing)]))
    return pa.Table.from_arrays(arrays, schema=schema)
