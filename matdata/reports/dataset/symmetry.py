"""Crystal systems, space groups and prototypes of a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matdata.reports.dataset.facts import Facts, value_counts
from matdata.reports.markup import (
    Section,
    Table,
    code,
    count,
    figure,
    note,
    paragraph,
    share,
    side_by_side,
    subheading,
)
from matdata.reports.svg.sunburst import sunburst
from matdata.tables.space_groups import CRYSTAL_SYSTEMS, system_numbers

GROUPS, PROTOTYPES = 14, 15
#: Space groups of a system that have a sector of their own; the others share one.
SECTORS = 14


def symmetry(facts: Facts) -> Section:
    """A sunburst of space groups within crystal systems, and the prototypes."""
    title = "Symmetry and prototypes"
    column = facts.column("space_group_number")
    groups = [] if column is None else value_counts(column)
    found = sum(n for _, n in groups)
    if not found:
        absent = "No symmetry was searched: the dataset was built without an engine."
        if not facts.n_structures:
            absent = "No material has a structure, so that there is no symmetry."
        return Section("symmetry", title, [paragraph(absent), *_prototypes(facts)])
    systems = _by_system(groups)
    caption = (
        f"Crystal systems (inside) and numbers of space groups (outside) of {found:,} materials."
    )
    picture = figure(sunburst(systems, "Crystal systems and space groups"), caption)
    rows = [(number, CRYSTAL_SYSTEMS[_system(number)], f"{n:,}", share(n, found))
            for number, n in groups[:GROUPS]]  # fmt: skip
    beyond = len(groups) - GROUPS
    table = Table(
        ("space group", "crystal system", "materials", "of all"),
        rows,
        more=count(beyond, "space group") if beyond > 0 else "",
    )
    engine = facts.dataset.manifest.get("symmetry")
    body: list[object] = [side_by_side(picture, table)]
    if found < facts.n:
        body.append(note(f"{facts.n - found:,} materials have no space group."))
    if engine:
        body.append(note(f"Found by {engine}."))
    return Section("symmetry", title, [*body, *_prototypes(facts)])


def _system(number: int) -> int:
    return int(system_numbers(np.array([number]))[0]) - 1


def _by_system(groups: list[tuple[int, int]]) -> dict[str, dict[str, int]]:
    systems: dict[str, dict[str, int]] = {name: {} for name in CRYSTAL_SYSTEMS}
    for number, n in groups:
        members = systems[CRYSTAL_SYSTEMS[_system(number)]]
        name = str(number) if len(members) < SECTORS else "others"
        members[name] = members.get(name, 0) + n
    return {name: members for name, members in systems.items() if members}


def _prototypes(facts: Facts) -> list[object]:
    """Protostructures without their elements: the prototypes."""
    column = facts.column("protostructure")
    if column is None or column.null_count == len(column):
        return []
    encoded: Any = column.drop_null().combine_chunks().dictionary_encode()
    names = pc.utf8_slice_codeunits(encoded.dictionary, 0, 200)
    prototypes = pc.list_element(pc.split_pattern(names, ":", max_splits=1), 0)
    counted = value_counts(pa.chunked_array([pc.take(prototypes, encoded.indices)]))
    total = sum(n for _, n in counted)
    rows = [(code(name, 60), f"{n:,}", share(n, total)) for name, n in counted[:PROTOTYPES]]
    beyond = len(counted) - PROTOTYPES
    table = Table(
        ("prototype", "materials", "of all"),
        rows,
        more=count(beyond, "prototype") if beyond > 0 else "",
    )
    explained = note(
        "A prototype is anonymous formula, Pearson symbol, space group and occupied Wyckoff "
        "positions: the canonical protostructure without its elements."
    )
    return [subheading(count(len(counted), "prototype")), table, explained]
