"""The columns of a dataset that its source gave, under the names that they have there.

The reverse of `matdata.curate.rows.kept_names`: what is written under these names and built again
gets the names of the dataset.
"""

from __future__ import annotations

from collections.abc import Sequence

from matdata.curate.rows import DERIVED, GIVEN, OWN_COLUMNS, RANK
from matdata.store.columns import GIVEN_FORMULA


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
