"""Near duplicates within a dataset, where it takes little to find them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from matdata.core.errors import MatdataError
from matdata.reports.dataset.facts import Facts
from matdata.reports.markup import (
    Section,
    Table,
    code,
    commands,
    count,
    note,
    number,
    paragraph,
)
from matdata.store.stored_crystals import StoredCrystals

#: Pairs of one protostructure up to which all are compared, and pairs that are listed.
COMPARED, LISTED = 20_000, 20
ROWS = 50_000


def duplicates(facts: Facts) -> Section:
    """Pairs that are the same material up to small differences."""
    title = "Near duplicates"
    command = f"matdata audit {facts.dataset.ref} --near-duplicates"
    notes, _ = facts.splits
    advice = commands([command + (f" --split {next(iter(notes))}" if len(notes) > 1 else "")])
    labels = None if not facts.n_structures else facts.column("protostructure")
    if labels is None or labels.null_count == len(labels):
        why = "they are searched among structures of one protostructure, and there are none"
        return Section("duplicates", title, [paragraph(f"Not searched: {why}.")])
    if facts.n > ROWS or _pairs(labels) > COMPARED:
        text = "Not searched here: too many pairs share a protostructure. Between parts of a split:"
        return Section("duplicates", title, [paragraph(text), advice])
    return Section("duplicates", title, _search(facts, labels.to_pylist()))


def _pairs(labels: Any) -> int:
    """Pairs of rows with one label."""
    counts = Counter(label for label in labels.to_pylist() if label)
    return sum(n * (n - 1) // 2 for n in counts.values())


def _search(facts: Facts, labels: list[str | None]) -> list[object]:
    from matdata.curate.near_duplicates import find_near_duplicates

    crystals = StoredCrystals(facts.rows)
    try:
        found = find_near_duplicates(crystals, [labels[row] for row in crystals.rows.tolist()])
    except MatdataError as error:
        return [paragraph(f"Not searched: {error.what}")]
    tolerances = found.settings
    how = note(
        f"Same protostructure, volumes per atom within {100 * tolerances.volume_tolerance:g} % and "
        f"mean distances within {tolerances.distance_tolerance:g} of the cube root of the volume "
        f"per atom; {count(found.n_compared, 'pair')} compared."
    )
    if not found.pairs:
        return [paragraph("None were found."), how]
    rows = [
        (
            code(pair.first, 60),
            code(pair.second, 60),
            code(pair.protostructure, 60),
            f"{100 * pair.volume_difference:.2f} %",
            number(pair.distance_difference, 2),
        )
        for pair in found.pairs[:LISTED]
    ]
    beyond = len(found.pairs) - LISTED
    head = ("material", "and", "protostructure", "volumes differ by", "distances by")
    text = f"{count(len(found.pairs), 'pair')} of materials that are nearly the same."
    more = count(beyond, "pair") if beyond > 0 else ""
    return [paragraph(text), Table(head, rows, more=more), how]
