"""Materials of which some have a structure, and the others a formula alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matdata.adapters.pymatgen import to_structure
from matdata.core.composition import Compositions
from support.crystals import many
from support.files import cif

Row = dict[str, Any]


def rows(count: int = 60, every: int = 3, form: str = "cif") -> list[Row]:
    """Records of `many`; each `every`-th has no structure. ``form``: ``cif`` or ``dict``."""
    crystals = many(count)
    formulas = Compositions.from_crystals(crystals).reduced_formulas()
    records = []
    for k, formula in enumerate(formulas):
        as_cif = form == "cif"
        structure = cif(crystals, k) if as_cif else to_structure(crystals, k).as_dict()
        records.append(
            {
                "material_id": str(crystals.ids[k]),
                "formula": formula,
                "structure": None if k % every == 0 else structure,
                "gap": 0.1 * len(formula) + 0.01 * k,
                "temperature": 300.0 + k,
            }
        )
    return records


def bare_ids(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of the records without a structure, sorted."""
    return sorted(one["material_id"] for one in records if one["structure"] is None)


def write_csv(path: Path, records: list[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return path


def write_json(path: Path, records: list[Row]) -> Path:
    """A list of documents; a `.jsonl` has one per line."""
    lines = [json.dumps(record) for record in records]
    path.write_text("\n".join(lines) if path.suffix == ".jsonl" else f"[{','.join(lines)}]")
    return path
