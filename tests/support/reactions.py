"""Reactions as records of a file: a product, precursors with amounts, operations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matdata.core.crystals import as_ids
from matdata.core.table_rows import TableRows

CARBONATES = ("Li2CO3", "BaCO3", "SrCO3", "CaCO3")
OXIDES = ("TiO2", "ZrO2", "Nb2O5", "Fe2O3", "La2O3")
OPERATIONS = ("mix", "heat", "quench", "shape")


def rows(count: int) -> list[dict[str, Any]]:
    """Records of `count` reactions of two or three precursors and none to three operations."""
    made = []
    for number in range(count):
        carbonate, oxide = CARBONATES[number % 4], OXIDES[number % 5]
        precursors: list[dict[str, Any]] = [
            {"formula": carbonate, "amount": 0.5 + number % 3},
            {"formula": oxide, "amount": 1.0},
        ]
        if number % 3 == 2:
            precursors.append({"formula": "Eu2O3", "amount": None})
        made.append(
            {
                "material_id": f"r{number:03d}",
                "formula": f"{carbonate[:2]}{oxide[:2]}{1 + number}O3".replace("2", ""),
                "precursors": precursors,
                "operations": list(OPERATIONS[: number % 4]),
                "gap": 0.1 * number + 0.1,
            }
        )
    return made


def write_jsonl(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write records as JSON lines."""
    path.write_text("\n".join(map(json.dumps, records)) + "\n")
    return path


def table_of(records: list[dict[str, Any]]) -> TableRows:
    """What the feature `reaction` is given of them."""
    columns = {name: [one.get(name) for one in records] for name in ("precursors", "operations")}
    return TableRows(as_ids([one["material_id"] for one in records]), columns)
