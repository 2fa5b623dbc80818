"""JSON lines: a document per material, which matdata and pymatgen read back."""

from __future__ import annotations

import json
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.core.elements import symbols
from matdata.core.structures import Structures
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.feature_columns import FeatureRows
from matdata.datasets.exports.headers import headers_of

STRUCTURE = "structure"


def write_json_lines(path: Path, content: Exported) -> None:
    """Write a line per material: its columns, its structure, and dense features as lists.

    A missing value is null; a material without a structure or a feature has no such key. Units
    are in the keys of columns.

    Raises
    ------
    ConfigError
        If a column or feature would replace another.
    OSError
        If the file cannot be written.
    """
    headers = headers_of(content)
    structure = [] if content.dataset.kind == "composition" else [STRUCTURE]
    content.require_distinct([*headers.values(), *content.features, *structure], "a document")
    features = {name: FeatureRows(one) for name, one in content.features.items()}
    with open(path, "w", encoding="utf-8") as file:
        for block in content.blocks():
            dense = {name: rows.of(block.ids) for name, rows in features.items()}
            keys = [headers[name] for name in block.table.column_names]
            for row, cells in enumerate(zip(*block.columns().values(), strict=True)):
                document = dict(zip(keys, cells, strict=True))
                document |= {name: of[row] for name, of in dense.items() if of[row] is not None}
                position = block.structures.position(row)
                if position is not None:
                    document[STRUCTURE] = structure_document(block.structures, position)
                file.write(json_of(document) + "\n")


def json_of(value: object) -> str:
    """A value as JSON in one line.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def structure_document(structures: Structures, position: int) -> JsonObject:
    """A crystal in the form of pymatgen's ``Structure.as_dict``: lattice in Å, fractional sites."""
    crystals = structures.crystals
    part = crystals.sites(position)
    names = [symbols()[number] for number in crystals.numbers[part].tolist()]
    sites = [
        {"species": [{"element": name, "occu": 1}], "abc": place}
        for name, place in zip(names, crystals.frac_coords[part].tolist(), strict=True)
    ]
    return {"lattice": {"matrix": crystals.lattice[position].tolist()}, "sites": sites}
