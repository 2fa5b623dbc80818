"""Datasets of formulas that are written from an Arrow table as it is, without a source: as large,
and as odd, as a test needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

import matdata as md
from matdata.core import ledger
from matdata.core.digest import SHORT, digest_json
from matdata.core.ledger import Reject
from matdata.store import files, tables
from matdata.store.artefact import building
from matdata.store.dataset_folder import KIND

ROWS_OF_GROUP = 50_000


def write(
    cache: Path,
    name: str,
    table: pa.Table,
    targets: Mapping[str, str] | None = None,
    rejects: Sequence[Reject] = (),
    **words: str,
) -> md.Dataset:
    """A dataset with these columns, ``material_id`` among them, and what is said of it."""
    import pyarrow.parquet as pq

    identity = {"snapshot": "0" * 64, "curation": {}, "name": name, "said": dict(words)}
    key = digest_json(identity)
    folder = cache / "datasets" / name / f"made-{key[:SHORT]}"
    n = len(table)
    lost = len(rejects)
    steps = [{"step": "reading", "entered": n + lost, "kept": n, "removed": {"bad": lost}}]
    content = {
        "name": name, "kind": "composition", "dedupe": "none", "symmetry": "",
        "energy_column": None, "energy_per": "atom", "targets": dict(targets or {}), "note": "",
        "licence": "", "citation": "", "description": "", **words,
        "made_from": {"snapshot": "files/made", "records_digest": "0" * 64},
        "identity": identity, "identity_digest": key, "rows": n, "rejected": lost,
        "columns": table.column_names,
    }  # fmt: skip
    with building(folder.parent, KIND, key, print) as writer:
        writer.write(
            "table.parquet", lambda path: pq.write_table(table, path, row_group_size=ROWS_OF_GROUP)
        )
        of_ledger = ledger.to_columns(rejects)
        writer.write("ledger.parquet", lambda path: tables.write_table(path, of_ledger))
        writer.write("funnel.json", lambda path: files.write_json(path, {"steps": steps}))
        writer.commit(folder.name, content, {})
    return md.open(name, cache)
