"""Materials worth a look: numbers far from all others, and bonds that are too short."""

from __future__ import annotations

import numpy as np

from matdata.core import elements
from matdata.core.errors import MatdataError
from matdata.core.units import with_unit
from matdata.reports.dataset.facts import MEASURED, Facts, Float
from matdata.reports.markup import (
    Section,
    Table,
    code,
    count,
    note,
    number,
    paragraph,
    subheading,
)
from matdata.store.stored_crystals import StoredCrystals

#: Columns that are searched, materials that are listed of each, and shortest bonds.
COLUMNS, LISTED, BONDS = 12, 5, 10
#: Distance from the median, in widths of the middle half, from which a number is listed.
FAR = 3.0
_FARTHER = (
    f"{FAR:g} widths of the middle half (between the first and the third quartile) from the median"
)


def outliers(facts: Facts) -> Section:
    """Numbers that are far from the median of their column, and the shortest bonds."""
    body: list[object] = []
    for name in _searched(facts):
        body += _of_column(facts, name)
    if not body:
        body.append(paragraph(f"No number is more than {_FARTHER}."))
    else:
        body.append(note(f"Listed is what is more than {_FARTHER}, the farthest first."))
    return Section("outliers", "Worth a look", [*body, *_bonds(facts)])


def _searched(facts: Facts) -> list[str]:
    energy = facts.dataset.manifest.get("energy_column")
    names = ["volume_per_atom", *([energy] if energy else []), *facts.targets]
    return [name for name in dict.fromkeys(names) if name in facts.names][:COLUMNS]


def _of_column(facts: Facts, name: str) -> list[object]:
    values = facts.numbers(name)
    if values is None or np.isfinite(values).sum() < 8:
        return []
    known = np.flatnonzero(np.isfinite(values))
    with np.errstate(over="ignore", invalid="ignore"):  # differences of numbers near 1e308
        low, middle, high = np.quantile(values[known], (0.25, 0.5, 0.75)).tolist()
    width = high - low
    if not 0 < width < np.inf:
        return []
    far = np.abs(values[known] - middle) / width
    beyond = int((far > FAR).sum())
    if not beyond:
        return []
    order = known[np.lexsort((known, -far))][: min(LISTED, beyond)]
    rows = [_row(facts, row, values[row], (values[row] - middle) / width) for row in order.tolist()]
    more = beyond - len(rows)
    head = ("material", "formula", "value", "widths from the median")
    table = Table(head, rows, more=count(more, "material") if more > 0 else "")
    return [subheading(with_unit(name, facts.unit(name))), table]


def _row(facts: Facts, row: int, value: float, far: float) -> tuple[object, ...]:
    signed = f"{far:+.1f}".replace("-", "−")
    return code(facts.id_of(row), 80), _formula(facts, row), number(value), signed


def _formula(facts: Facts, row: int) -> str:
    column = facts.formulas
    return "" if column is None else str(column[row].as_py() or "")


def _bonds(facts: Facts) -> list[object]:
    """The shortest distances between atoms, of all structures or of a sample."""
    if not facts.n_structures:
        return []
    crystals = StoredCrystals(facts.rows)
    step = -(-len(crystals) // MEASURED)
    places = np.arange(0, len(crystals), step)
    try:
        lengths, pairs = _shortest(crystals, places)
    except MatdataError as error:
        return [subheading("Shortest bonds"), paragraph(f"Not measured: {error.what}")]
    order = np.lexsort((places, lengths))[:BONDS].tolist()
    rows = [
        (
            code(str(crystals.ids[places[k]]), 80),
            _formula(facts, int(crystals.rows[places[k]])),
            pairs[k],
            f"{lengths[k]:.3f}",
        )
        for k in order
    ]
    what = "all structures" if step == 1 else f"one structure in {step} ({len(places):,} of them)"
    head = ("material", "formula", "atoms", "distance (Å)")
    return [subheading("Shortest bonds"), Table(head, rows), note(f"Measured in {what}.")]


def _shortest(crystals: StoredCrystals, places: np.ndarray) -> tuple[Float, list[str]]:
    """Shortest distance in each structure (n,), Å, and the elements that it is between."""
    from matdata.candidates.cells import shortest_pairs

    taken = crystals.take(places)
    symbols = elements.symbols()
    lengths, pairs = np.empty(len(places)), []
    for row in range(len(places)):
        numbers, _, distances = shortest_pairs(taken, row)
        at = int(np.argmin(distances))
        a, b = divmod(at, len(numbers))
        lengths[row] = distances[a, b]
        pairs.append("–".join(sorted(symbols[int(numbers[k])] for k in (a, b))))
    return lengths, pairs
