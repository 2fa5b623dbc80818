"""Names of columns in a source and in its dataset, where matdata has columns of its own.

`source_names` is the reverse of `kept_names`: what is written under these names and built again
gets the names of the dataset.
"""

from __future__ import annotations

from collections.abc import Sequence

from matdata.store.columns import GIVEN_FORMULA, STRUCTURE_COLUMNS

DERIVED = ("material_id", "formula")  # source columns that become matdata's own
OWN_COLUMNS = (*DERIVED, "chemsys", "n_elements", *STRUCTURE_COLUMNS)
RANK = "energy_per_atom"
GIVEN = "_given"  # what follows the name of a source's column if matdata has one of that name


def derived_columns(*, complete: bool, ranks_by_cell: bool) -> frozenset[str]:
    """Names of columns that matdata computes, besides id and formula.

    Parameters
    ----------
    complete
        Whether all materials have a structure.
    ranks_by_cell
        Whether energies per atom were computed from energies per cell.
    """
    own = {*OWN_COLUMNS} - {*DERIVED}
    own |= set() if complete else {GIVEN_FORMULA}
    return frozenset(own | ({RANK} if ranks_by_cell else set()))


def kept_names(columns: Sequence[str], derived: frozenset[str]) -> dict[str, str]:
    """By column of the source its name in the dataset: ``…_given`` where matdata has that name.

    None replaces another: the suffix is repeated until the name is free.
    """
    kept = {name: name for name in columns if name not in derived}
    taken = derived | {*kept}
    for name in columns:
        if name in derived:
            free = f"{name}{GIVEN}"
            while free in taken:
                free += GIVEN
            kept[name] = free
            taken |= {free}
    return kept


def source_names(columns: Sequence[str], derived: frozenset[str]) -> dict[str, str]:
    """By column of the dataset that the source gave the name that the source gives it.

    Where a column ends in ``_given`` several times, two sources could have led to it; either name
    becomes the same column again, and the one of matdata's own columns is taken.
    """
    names = {name: name for name in columns if name not in derived and name not in DERIVED}
    for own in sorted(derived):
        last = own
        while f"{last}{GIVEN}" in derived or f"{last}{GIVEN}" in names:
            last += GIVEN
        if last != own and last in names:
            names[last] = own
    return names
