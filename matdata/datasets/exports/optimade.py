"""An OPTIMADE answer: the structures of a dataset as entries of a ``/structures`` endpoint.

Columns are properties under the prefix ``_matdata_``, whose names, columns and units stand in the
``meta`` of the answer; exact fractional coordinates are one of them, since OPTIMADE has Cartesian
positions. Specification: https://github.com/Materials-Consortia/OPTIMADE, version 1.2.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.crystals import Crystals
from matdata.core.documents import JsonObject
from matdata.datasets.exports.content import FORMULA, ID, Block, Exported
from matdata.datasets.exports.json_lines import json_of
from matdata.sources.optimade_terms import COLUMNS, EXACT, EXPORT, PREFIX, anonymous_formula

API_VERSION = "1.2.0"
_UNFIT = re.compile(r"[^a-z0-9_]+")


def write_optimade(path: Path, content: Exported) -> None:
    """Write one answer with all entries."""
    properties = _properties(content)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"links": {{"next": null}}, "meta": {json_of(_meta(content, properties))}')
        file.write(', "data": [')
        for number, entry in enumerate(
            entry for block in content.blocks() for entry in _entries(block, properties)
        ):
            file.write((",\n" if number else "\n") + json_of(entry))
        file.write("\n]}\n")


def _properties(content: Exported) -> dict[str, str]:
    """By column the name of its property."""
    names: dict[str, str] = {}
    for column in content.names.values():
        if column in (ID, FORMULA):
            continue
        plain = name = PREFIX + (_UNFIT.sub("_", column.lower()).strip("_") or "x")
        number = 2
        while name in (*names.values(), EXACT):
            name, number = f"{plain}_{number}", number + 1
        names[column] = name
    return names


def _meta(content: Exported, properties: dict[str, str]) -> JsonObject:
    axes = content.axes
    return {
        "query": {"representation": "/structures"},
        "api_version": API_VERSION,
        "more_data_available": False,
        "data_returned": len(content),
        "provider": {
            "name": "matdata",
            "description": "a dataset that matdata exported",
            "prefix": PREFIX.strip("_"),
        },
        EXPORT: content.about(),
        COLUMNS: {
            name: {"column": column, "unit": content.units.get(column), "axis": axes.get(column)}
            for column, name in properties.items()
        },
    }


def _entries(block: Block, properties: dict[str, str]) -> Iterator[JsonObject]:
    structures, columns = block.structures, block.columns()
    positions = structures.crystals.cart_coords()
    of_rows = [columns[column] for column in properties]
    for row, cells in enumerate(zip(*of_rows, strict=True) if of_rows else [()] * len(structures)):
        attributes = _structure(structures.crystals, positions, row)
        attributes |= dict(zip(properties.values(), cells, strict=True))
        yield {"id": block.ids[row], "type": "structures", "attributes": attributes}


def _structure(crystals: Crystals, positions: npt.NDArray[np.float64], row: int) -> JsonObject:
    part = crystals.sites(row)
    names = [elements.symbols()[number] for number in crystals.numbers[part].tolist()]
    counts = dict(sorted(Counter(names).items()))
    common = math.gcd(*counts.values())
    amounts = {name: count // common for name, count in counts.items()}
    reduced = "".join(f"{name}{count if count > 1 else ''}" for name, count in amounts.items())
    return {
        "last_modified": None,
        "elements": list(counts),
        "nelements": len(counts),
        "elements_ratios": [count / len(names) for count in counts.values()],
        "chemical_formula_descriptive": reduced,
        "chemical_formula_reduced": reduced,
        "chemical_formula_anonymous": anonymous_formula(amounts.values()),
        "dimension_types": [1, 1, 1],
        "nperiodic_dimensions": 3,
        "lattice_vectors": crystals.lattice[row].tolist(),
        "cartesian_site_positions": positions[part].tolist(),
        "nsites": len(names),
        "species": [
            {"name": name, "chemical_symbols": [name], "concentration": [1.0]} for name in counts
        ],
        "species_at_sites": names,
        "structure_features": [],
        EXACT: crystals.frac_coords[part].tolist(),
    }
