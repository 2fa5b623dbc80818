"""Errors of a run by element and by chemical system."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.elements import symbols
from matdata.reports.markup import (
    Html,
    Section,
    Table,
    count,
    figure,
    note,
    number,
    paragraph,
    side_by_side,
    subheading,
)
from matdata.reports.run.results import Results
from matdata.reports.run.shown import Shown
from matdata.reports.svg.periodic_table import periodic_table
from matdata.training.plot_data import mean_by_element

#: Materials of an element or a system from which its error is shown; rows that are listed.
LEAST, LISTED = 3, 12


def residuals(results: Results) -> Section:
    """Mean error by element and by chemical system."""
    body: list[object] = []
    for shown in results.decisive:
        systems = _systems(results, shown)
        if systems is None:
            body.append(
                paragraph(
                    f"Not known, as the elements of the materials are not: {results.absence}."
                )
            )
            break
        picture, elements = _by_element(shown, systems)
        body += [subheading(shown.title), picture]
        body.append(side_by_side(elements, *_by_system(shown, systems)))
    return Section("residuals", "Errors by element and chemical system", body)


def _systems(results: Results, shown: Shown) -> list[str] | None:
    """The chemical system of each material."""
    if results.dataset is None:
        return None
    column = results.dataset.columns["chemsys"]
    return [str(column[row]) for row in results.dataset.rows(shown.ids).tolist()]


def _by_element(shown: Shown, systems: Sequence[str]) -> tuple[Html, Table]:
    formulas = [system.replace("-", "") for system in systems]
    sizes, counts = mean_by_element(formulas, shown.errors.tolist())
    signed = None
    if shown.signed is not None:
        signed, _ = mean_by_element(formulas, shown.signed.tolist())
    means = {z: mean for z, mean in sizes.items() if counts[z] >= LEAST}
    what = f"{shown.measure} of {shown.name}"
    picture = periodic_table(means, f"{what} by element", shown.unit, 2)
    caption = (
        f"{what[0].upper()}{what[1:]}, averaged over the materials with each element, of those "
        f"with {LEAST} or more; coloured by its logarithm."
    )
    ranked = sorted(means, key=lambda z: (-means[z], z))[:LISTED]
    rows = [
        (symbols()[z], f"{counts[z]:,}", number(means[z]),
         *([] if signed is None else [number(signed[z])]))
        for z in ranked
    ]  # fmt: skip
    table = Table(_head("element", shown), rows, "Elements with the largest errors")
    return figure(picture, caption), table


def _head(first: str, shown: Shown) -> tuple[str, ...]:
    signed = () if shown.signed is None else ("mean error",)
    return (first, "materials", shown.measure, *signed)


def _errors(shown: Shown, rows: Sequence[int]) -> tuple[str, ...]:
    kinds = (shown.errors, shown.signed)
    return tuple(number(float(one[list(rows)].mean())) for one in kinds if one is not None)


def _by_system(shown: Shown, systems: Sequence[str]) -> list[object]:
    of: dict[str, list[int]] = {}
    sizes: dict[int, list[int]] = {}
    for row, system in enumerate(systems):
        of.setdefault(system, []).append(row)
        sizes.setdefault(system.count("-") + 1, []).append(row)
    several = {one: rows for one, rows in of.items() if len(rows) >= LEAST}
    ranked = sorted(several, key=lambda one: (-float(shown.errors[several[one]].mean()), one))
    rows = [(one, f"{len(of[one]):,}", *_errors(shown, of[one])) for one in ranked[:LISTED]]
    by_size = [(f"{n}", f"{len(sizes[n]):,}", *_errors(shown, sizes[n])) for n in sorted(sizes)]
    beyond = len(ranked) - LISTED
    most = f"Chemical systems with the largest errors, of those with {LEAST} or more materials"
    parts: list[object] = [Table(_head("elements", shown), by_size, "By the number of elements")]
    if rows:
        more = count(beyond, "system") if beyond > 0 else ""
        parts.insert(0, Table(_head("chemical system", shown), rows, most, more))
    else:
        parts.append(note(f"No chemical system has {LEAST} materials of this part."))
    return parts
