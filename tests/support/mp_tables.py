"""Delta tables of the Materials Project's open data, with the schema of its document models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BUCKET = "materialsproject-build"


def write_collection(
    folder: Path,
    name: str,
    documents: list[dict[str, Any]],
    version: str,
    files: int = 3,
    mode: str = "error",
) -> Path:
    """Write documents as a collection, scattered over some files; returns the table's folder."""
    import pyarrow as pa
    from deltalake import write_deltalake

    schema = _schema(name)
    home = folder / BUCKET / "collections" / name
    home.mkdir(parents=True, exist_ok=True)
    for first in range(files):
        rows = [_row(document, schema) for document in documents[first::files]]
        table = pa.Table.from_pylist(rows, schema)
        table = table.append_column("version", pa.array([version] * len(rows), pa.string()))
        how: Any = mode if first == 0 else "append"
        write_deltalake(str(home), table, partition_by=["version"], mode=how)
    return home


def _schema(name: str) -> Any:
    import pyarrow as pa
    from emmet.core.arrow import arrowize
    from emmet.core.summary import SummaryDoc
    from emmet.core.thermo import ThermoDoc

    schema = pa.schema(arrowize({"summary": SummaryDoc, "thermo": ThermoDoc}[name]))
    heavy = {"dos", "bandstructure", "entries", "decomposes_to", "last_updated", "origins"}
    return pa.schema([field for field in schema if field.name not in heavy])


def _row(document: dict[str, Any], schema: Any) -> dict[str, Any]:
    import pyarrow as pa

    row = {}
    for field in schema:
        value = document.get(field.name)
        if pa.types.is_map(field.type) and value is not None:
            value = list(value.items())
        row[field.name] = value
    return row
