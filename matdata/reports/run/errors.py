"""Errors of a run: parity, residuals by element and by chemical system, and the worst materials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from matdata.core.elements import symbols
from matdata.core.errors import MatdataError
from matdata.core.units import with_unit
from matdata.reports.intervals import counted, intervals
from matdata.reports.markup import (
    Html,
    Section,
    Table,
    code,
    count,
    figure,
    note,
    number,
    paragraph,
    side_by_side,
    subheading,
)
from matdata.reports.run.results import Float, Results, Shown
from matdata.reports.svg.bars import histogram
from matdata.reports.svg.periodic_table import periodic_table
from matdata.reports.svg.points import POINTS, parity
from matdata.training.plot_data import mean_by_element

#: Materials of an element or a system from which its error is shown; rows that are listed.
LEAST, LISTED = 3, 12
CLASSES = 24  # of a confusion matrix that is shown


def parities(results: Results) -> Section:
    """Predicted over true values, and the distribution of the errors; or a matrix of classes."""
    body: list[object] = []
    for shown in results.shown:
        body += [subheading(f"{shown.name}: {shown.part}"), *_parity(shown)]
    for part, name, scored in results.scored():
        if "confusion" in scored and len(scored["confusion"]) <= CLASSES:
            body += [subheading(f"{name}: {part}"), _confusion(scored)]
    if results.hindrance:
        body.append(note(f"The validation part could not be predicted: {results.hindrance}."))
    return Section("parity", "Predictions and truth", body)


def _parity(shown: Shown) -> Iterator[object]:
    error = shown.error
    if not len(error):
        yield paragraph("No material has a true value and a prediction.")
        return
    label = f"Predicted over true {shown.target}"
    step = -(-len(error) // POINTS)
    caption = f"{len(error):,} materials" + (f", one in {step} of them drawn" if step > 1 else "")
    edges, outside = intervals(error)
    title = with_unit(f"predicted − true {shown.target}", shown.unit)
    bars = histogram(edges, {"all": counted(error, edges)}, "Distribution of the errors", title)
    middle = f"mean error {number(float(error.mean()))}, mean absolute error "
    middle += number(float(np.abs(error).mean()))
    middle += f"; {count(outside, 'error')} outside of the picture" if outside else ""
    yield side_by_side(
        figure(parity(shown.true, shown.mean, label, shown.name), caption), figure(bars, middle)
    )


def _confusion(scored: Mapping[str, Sequence[Sequence[int]]]) -> Table:
    counts = scored["confusion"]
    names = [str(one) for one in scored.get("classes") or range(len(counts))]
    rows = [(name, *(f"{n:,}" for n in row)) for name, row in zip(names, counts, strict=True)]
    return Table(("true, predicted", *names), rows, "Materials by true and predicted class")


def residuals(results: Results) -> Section:
    """Mean absolute error by element and by chemical system."""
    body: list[object] = []
    for shown in _decisive(results):
        systems = _systems(results, shown)
        if systems is None:
            body.append(
                paragraph("The dataset is not in the cache, so that no elements are known.")
            )
            break
        picture, elements = _by_element(shown, systems)
        body += [subheading(f"{shown.name}: {shown.part}"), picture]
        body.append(side_by_side(elements, *_by_system(shown, systems)))
    return Section("residuals", "Errors by element and chemical system", body)


def _decisive(results: Results) -> list[Shown]:
    """By target the predictions of the test part if it was opened, else of the validation part."""
    chosen: dict[str, Shown] = {}
    for shown in results.shown:
        if len(shown.ids):
            chosen.setdefault(shown.target, shown)
    return list(chosen.values())


def _systems(results: Results, shown: Shown) -> list[str] | None:
    """The chemical system of each material."""
    if results.dataset is None:
        return None
    column = results.dataset.columns["chemsys"]
    return [str(column[row]) for row in results.dataset.rows(shown.ids).tolist()]


def _by_element(shown: Shown, systems: Sequence[str]) -> tuple[Html, Table]:
    formulas = [system.replace("-", "") for system in systems]
    absolute, counts = mean_by_element(formulas, np.abs(shown.error).tolist())
    signed, _ = mean_by_element(formulas, shown.error.tolist())
    means = {z: mean for z, mean in absolute.items() if counts[z] >= LEAST}
    picture = periodic_table(
        means, f"Mean absolute error of {shown.name} by element", shown.unit, 2
    )
    caption = (
        f"Mean absolute error of {shown.name} over the materials with each element, of those with "
        f"{LEAST} or more; coloured by its logarithm."
    )
    ranked = sorted(means, key=lambda z: (-means[z], z))[:LISTED]
    rows = [(symbols()[z], f"{counts[z]:,}", number(means[z]), number(signed[z])) for z in ranked]
    title = "Elements with the largest errors"
    return figure(picture, caption), Table(("element", "materials", *_HEAD), rows, title)


_HEAD = ("mean abs. error", "mean error")


def _errors(shown: Shown, rows: Sequence[int]) -> tuple[str, str]:
    error: Float = shown.error[list(rows)]
    return number(float(np.abs(error).mean())), number(float(error.mean()))


def _by_system(shown: Shown, systems: Sequence[str]) -> list[object]:
    of: dict[str, list[int]] = {}
    sizes: dict[int, list[int]] = {}
    for row, system in enumerate(systems):
        of.setdefault(system, []).append(row)
        sizes.setdefault(system.count("-") + 1, []).append(row)
    absolute = np.abs(shown.error)
    several = {one: rows for one, rows in of.items() if len(rows) >= LEAST}
    ranked = sorted(several, key=lambda one: (-float(absolute[several[one]].mean()), one))
    rows = [(one, f"{len(of[one]):,}", *_errors(shown, of[one])) for one in ranked[:LISTED]]
    by_size = [(f"{n}", f"{len(sizes[n]):,}", *_errors(shown, sizes[n])) for n in sorted(sizes)]
    beyond = len(ranked) - LISTED
    most = f"Chemical systems with the largest errors, of those with {LEAST} or more materials"
    parts: list[object] = [
        Table(("elements", "materials", *_HEAD), by_size, "By the number of elements")
    ]
    if rows:
        more = count(beyond, "system") if beyond > 0 else ""
        parts.insert(0, Table(("chemical system", "materials", *_HEAD), rows, most, more))
    else:
        parts.append(note(f"No chemical system has {LEAST} materials of this part."))
    return parts


def worst(results: Results) -> Section:
    """The materials with the largest errors, and what they are."""
    body: list[object] = []
    for shown in _decisive(results):
        order = np.lexsort((shown.ids, -np.abs(shown.error)))[:LISTED].tolist()
        rows = [_material(results, shown, row) for row in order]
        columns = ("deviation",) if shown.deviation is not None else ()
        head = ("material", "formula", "true", "predicted", "error", *columns, "structure")
        body += [subheading(f"{shown.name}: {shown.part}"), Table(head, rows)]
    return Section("worst", "Worst materials", body)


def _material(results: Results, shown: Shown, row: int) -> tuple[object, ...]:
    identity = str(shown.ids[row])
    error = f"{'+' if shown.error[row] > 0 else ''}{number(float(shown.error[row]), 3)}"
    deviation = () if shown.deviation is None else (number(float(shown.deviation[row]), 3),)
    formula, structure = _structure(results, identity)
    return (
        code(identity, 60),
        formula,
        number(float(shown.true[row])),
        number(float(shown.mean[row])),
        error,
        *deviation,
        structure,
    )


def _structure(results: Results, identity: str) -> tuple[str, str | Html]:
    """Formula, and cell of a material in words: lengths, angles, sites, space group."""
    dataset = results.dataset
    if dataset is None:
        return "", "not in the cache"
    cells = dataset.columns.row(dataset.row(identity))
    formula = str(cells.get("formula") or "")
    try:
        crystal = dataset.crystal(identity)
    except MatdataError:
        return formula, "formula only"
    lengths, angles = _cell(crystal.lattice[0])
    group = cells.get("space_group_number")
    system = f", space group {group} ({cells.get('crystal_system')})" if group else ""
    return formula, (
        f"{', '.join(f'{one:.2f}' for one in lengths)} Å; "
        f"{', '.join(f'{one:.0f}°' for one in angles)}; "
        f"{count(len(crystal.numbers), 'site')}{system}"
    )


def _cell(lattice: Float) -> tuple[Float, Float]:
    """Lengths of the lattice vectors (rows), Å, and the angles between them in degrees."""
    lengths = np.linalg.norm(lattice, axis=1)
    cosines = [
        float(lattice[a] @ lattice[b] / (lengths[a] * lengths[b]))
        for a, b in ((1, 2), (0, 2), (0, 1))
    ]
    return lengths, np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
