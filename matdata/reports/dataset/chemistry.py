"""Elements, chemical systems and formulas of a dataset."""

from __future__ import annotations

from collections import Counter

from matdata.core.elements import atomic_number
from matdata.reports.dataset.facts import Facts, value_counts
from matdata.reports.markup import (
    Section,
    Table,
    count,
    figure,
    note,
    share,
    side_by_side,
    subheading,
)
from matdata.reports.svg.bars import horizontal_bars
from matdata.reports.svg.periodic_table import periodic_table

#: Systems and formulas that are listed.
LISTED = 12
_KINDS = ("", "elements", "binaries", "ternaries", "quaternaries")


def chemistry(facts: Facts) -> Section:
    """Elements on a periodic table, sizes of chemical systems, and the most frequent ones."""
    column = facts.column("chemsys")
    systems = [] if column is None else value_counts(column)
    if not systems:
        return Section("chemistry", "Elements and chemical systems", [])
    elements: Counter[int] = Counter()
    sizes: Counter[int] = Counter()
    for system, n in systems:
        symbols = system.split("-")
        sizes[len(symbols)] += n
        for symbol in symbols:
            elements[atomic_number(symbol)] += n
    picture = periodic_table(
        {z: float(n) for z, n in elements.items()},
        f"Materials that contain each of {len(elements)} elements",
        "materials",
    )
    caption = (
        f"Materials that contain each element: {count(len(elements), 'element')}, coloured by the "
        "logarithm of the count. A pointer shows the exact number."
    )
    bars = [(_kind(size), sizes[size]) for size in sorted(sizes)]
    of_sizes = figure(horizontal_bars(bars, "Materials by their number of elements", 400.0))
    body = [
        figure(picture, caption),
        subheading(count(len(systems), "chemical system")),
        of_sizes,
        side_by_side(_most(systems, "chemical system", facts.n), *_formulas(facts)),
    ]
    return Section("chemistry", "Elements and chemical systems", body)


def _formulas(facts: Facts) -> list[object]:
    column = facts.column("formula")
    formulas = [] if column is None else value_counts(column)
    several = sum(n > 1 for _, n in formulas)
    if not formulas or not several:
        return [note("No two materials have the same formula.")] if formulas else []
    text = f"{count(len(formulas), 'formula', 'formulas')}, {several:,} of several materials"
    repeated = [pair for pair in formulas if pair[1] > 1]
    return [_most(repeated, "formula", facts.n, "formula", "formulas", text)]


def _most(
    counted: list[tuple[str, int]], what: str, total: int, one: str = "", many: str = "",
    caption: str = "",
) -> Table:  # fmt: skip
    rows = [(name, f"{n:,}", share(n, total)) for name, n in counted[:LISTED]]
    beyond = len(counted) - LISTED
    more = count(beyond, one or what, many or f"{what}s") if beyond > 0 else ""
    return Table((what, "materials", "of all"), rows, caption, more)


def _kind(size: int) -> str:
    return _KINDS[size] if size < len(_KINDS) else f"{size} elements"
