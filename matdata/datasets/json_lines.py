"""A dataset as JSON lines: a document per material, which matdata and pymatgen read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matdata.core.crystals import Ragged
from matdata.core.documents import JsonObject
from matdata.core.elements import symbols
from matdata.core.errors import ConfigError
from matdata.core.structures import Structures
from matdata.features.feature import Feature
from matdata.store.tables import Columns

STRUCTURE = "structure"


def write_json_lines(
    path: Path, columns: Columns, structures: Structures, features: Mapping[str, Feature]
) -> None:
    """Write a line per material: its columns, its structure, and dense features as lists.

    A missing value is null; a material without a structure or a feature has no such key.

    Raises
    ------
    ConfigError
        If a column or feature would replace another.
    OSError
        If the file cannot be written.
    """
    names = [*columns, *features, *([STRUCTURE] if len(structures.crystals) else [])]
    shared = sorted({name for name in names if names.count(name) > 1})
    if shared:
        raise ConfigError(
            f"a document would have several values of {', '.join(shared)}",
            next_step="write npz or hdf5, which keep them apart",
        )
    values_of = {name: _rows_of(feature) for name, feature in features.items()}
    with open(path, "w", encoding="utf-8") as file:
        for row, cells in enumerate(zip(*columns.values(), strict=True)):
            document = dict(zip(columns, cells, strict=True))
            identity = str(document["material_id"])
            dense = {name: of(identity) for name, of in values_of.items()}
            document |= {name: values for name, values in dense.items() if values is not None}
            position = structures.position(row)
            if position is not None:
                document[STRUCTURE] = structure_document(structures, position)
            file.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


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


def _rows_of(feature: Feature) -> Callable[[str], list[Any] | None]:
    """Returns the dense feature of a material by its id, None for one that lacks it."""
    dense = feature.dense()
    row_of = {str(identity): row for row, identity in enumerate(feature.ids.tolist())}

    def values(identity: str) -> list[Any] | None:
        row = row_of.get(identity)
        if row is None:
            return None
        if isinstance(dense, Ragged):
            rows: list[Any] = dense.values[dense.offsets[row] : dense.offsets[row + 1]].tolist()
            return rows
        one: list[Any] = dense[row].tolist()
        return one

    return values
