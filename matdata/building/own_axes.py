"""Arrays that stay in the table with an axis in each row: rows whose axis is broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np

from matdata.building.axes import pair_of
from matdata.building.snapshot_records import SnapshotRecords
from matdata.core.ledger import Unusable
from matdata.spectra.brought import Brought
from matdata.spectra.resample import Spectra, checked


def broken_axes(
    store: SnapshotRecords,
    known: Mapping[str, str],
    names: Mapping[str, str],
    texts: Sequence[str],
) -> dict[int, Unusable]:
    """Why arrays of records stand on no axis, by the place of the record.

    Parameters
    ----------
    store
        Records of the snapshot.
    known
        By column the column of its axis, as the source knows them.
    names
        By column of the source its name in the dataset.
    texts
        Pairs of the user, ``COLUMN=AXIS``, by names of the dataset; they win.

    Raises
    ------
    ConfigError
        If a text names no two columns.
    """
    sources = {name: column for column, name in names.items()}
    of_user = dict(pair_of(text, list(sources)) for text in texts)
    pairs = {one: axis for one, axis in known.items() if one in names and axis in names}
    pairs |= {sources[one]: sources[axis] for one, axis in of_user.items()}
    return _broken(store.spectra(pairs, names, {})) if pairs else {}


def _broken(records: Iterable[Brought]) -> dict[int, Unusable]:
    """What is wrong of single records; nothing of an axis that suits none, a mistake of another
    kind, which `axes_of` refuses."""
    found: list[tuple[Brought, Unusable]] = []
    suited = set()
    for one in records:
        if all(values is None for values in one.values.values()):
            continue
        try:
            _require_axis(one)
        except Unusable as fault:
            found.append((one, fault))
        else:
            suited.add(one.axis)
    return {cast(int, one.key): fault for one, fault in found if one.axis in suited}


def _require_axis(one: Brought) -> None:
    """Check that a rising or falling axis with a point per number is there.

    Raises
    ------
    Unusable
        If it is not.
    """
    if one.points is None:
        raise Unusable("missing_axis", f"there are numbers and no {one.axis} of them")
    given = {name: values for name, values in one.values.items() if values is not None}
    # an array with missing numbers is a value that is not known, so lengths alone count
    checked(Spectra(one.points, {name: np.zeros(len(values)) for name, values in given.items()}))
