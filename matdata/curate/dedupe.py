"""Duplicates: of the records of one material, the one of lowest energy is kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def lowest_in_group(
    keys: npt.ArrayLike, energy: npt.NDArray[np.float64], ids: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """For each record the row kept of its group: lowest energy, then smallest id, (n,).

    The result does not depend on the order of the records.

    Parameters
    ----------
    keys : (n,) str or int
        Group of each record.
    energy : (n,)
        Energies per atom, eV.
    ids : (n,) str
        What breaks ties.
    """
    names, group = np.unique(np.asarray(keys), return_inverse=True)
    order = np.lexsort((np.asarray(ids, dtype=np.str_), energy, group))
    first = np.ones(len(order), dtype=bool)
    first[1:] = group[order][1:] != group[order][:-1]
    best = np.empty(len(names), dtype=np.int64)
    best[group[order][first]] = order[first]
    return best[group]
