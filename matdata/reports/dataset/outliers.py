"""Materials worth a look: numbers far from all others, and bonds that are too short."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.errors import MatdataError
from matdata.core.units import with_unit
from matdata.reports.dataset.facts import MEASURED, Facts, Float
from matdata.reports.intervals import TAILS
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
#: Values that a column needs before some of them can be far from the others.
FEWEST = 8
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


def lists(facts: Facts, name: str, values: Float) -> bool:
    """Whether numbers (n,) of a column are listed here as far from the others."""
    return name in _searched(facts) and bool(len(_far(values)[0]))


def _searched(facts: Facts) -> list[str]:
    energy = facts.dataset.manifest.get("energy_column")
    names = ["volume_per_atom", *([energy] if energy else []), *facts.targets]
    return [name for name in dict.fromkeys(names) if name in facts.names][:COLUMNS]


def _of_column(facts: Facts, name: str) -> list[object]:
    values = facts.numbers(name)
    if values is None:
        return []
    found, widths = _far(values)
    if not len(found):
        return []
    order = np.lexsort((found, -np.abs(widths)))[:LISTED].tolist()
    rows = [_row(facts, int(found[k]), values[found[k]], float(widths[k])) for k in order]
    more = len(found) - len(rows)
    head = ("material", "formula", "value", "widths from the median")
    table = Table(head, rows, more=count(more, "material") if more > 0 else "")
    return [subheading(with_unit(name, facts.unit(name))), table]


def _far(values: Float) -> tuple[npt.NDArray[np.int64], Float]:
    """Rows whose number is far from the median, and how many widths; of enough numbers alone.

    The width is that of the middle half; of the middle 99 % where more than half are equal.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < FEWEST:
        return known[:0], values[:0]
    parts = values[known] / 4  # whose differences are floats, those of numbers near 1e308 are not
    quarter, middle, three, *tails = np.quantile(parts, (0.25, 0.5, 0.75, *TAILS)).tolist()
    width = three - quarter or tails[1] - tails[0]
    if not width > 0:
        return known[:0], values[:0]
    beyond = np.flatnonzero(np.abs(parts - middle) > FAR * width)
    with np.errstate(over="ignore"):  # of a width that is nearly none
        return known[beyond], (parts[beyond] - middle) / width


def _row(facts: Facts, row: int, value: float, far: float) -> tuple[object, ...]:
    signed = ("+" if far > 0 else "") + (
        f"{far:.1f}".replace("-", "−") if abs(far) < 1e4 else number(far, 3)
    )
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
