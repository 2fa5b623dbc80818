"""Cells of candidates: the parent's with other elements, stretched to a predicted volume."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from matdata.adapters.volumes import (
    MAX_VOLUME,
    MIN_VOLUME,
    dls_scale_of_pairs,
    is_sensible_volume,
)
from matdata.core.crystals import Crystals, Float, Int, offsets_of
from matdata.core.ledger import Reject

NO_VOLUME = (
    "no volume is predicted (an element without bond parameters, or no bond), or one outside "
    f"{MIN_VOLUME:g} to {MAX_VOLUME:g} Å³/atom"
)


def substituted_cells(
    ids: Sequence[str],
    parents: Crystals,
    rows: Int,
    changes: Sequence[dict[int, int]],
) -> tuple[Crystals, Int, list[Reject]]:
    """Structures of n candidates: fractional coordinates stay, the volume is pymatgen's DLS.

    Parameters
    ----------
    ids
        Ids of the candidates.
    parents
        Structures of the parents.
    rows : (n,)
        Each candidate's parent.
    changes
        Of each candidate the new element by that of the parent.

    Returns
    -------
    crystals, rows, rejects
        Structures of k candidates, which these are (k,), and those whose volume is not known.
    """
    distances = functools.cache(functools.partial(shortest_pairs, parents))
    crystals, kept, rejects = [], [], []
    for place, (name, row, change) in enumerate(zip(ids, rows.tolist(), changes, strict=True)):
        crystal = _substituted(name, parents, row, change, distances)
        if crystal is None:
            rejects.append(Reject(name, "source", "no_volume", NO_VOLUME))
            continue
        crystals.append(crystal)
        kept.append(place)
    joined = Crystals.concat(crystals) if crystals else parents.take(np.empty(0, np.int64))
    return joined, np.array(kept, dtype=np.int64), rejects


def _substituted(
    name: str,
    parents: Crystals,
    row: int,
    change: dict[int, int],
    distances: Callable[[int], tuple[Int, Int, Float]],
) -> Crystals | None:
    """The structure of one candidate; None if no volume is predicted."""
    old, amounts, pairs = distances(row)
    new = np.array([change[number] for number in old.tolist()], dtype=np.uint8)
    scale = float(dls_scale_of_pairs(pairs[None], new[None], amounts[None].astype(float))[0])
    per_atom = parents.volume[row : row + 1] / amounts.sum() * scale**3
    if not is_sensible_volume(per_atom)[0]:  # nor is one that is not known
        return None
    part = parents.sites(row)
    numbers = new[np.searchsorted(old, parents.numbers[part])]
    return Crystals(
        np.array([name]),
        parents.lattice[row : row + 1] * scale,
        parents.frac_coords[part],
        numbers,
        offsets_of([len(numbers)]),
    )


def shortest_pairs(crystals: Crystals, row: int) -> tuple[Int, Int, Float]:
    """Elements (e,) of one crystal, sites of each (e,), and shortest distances (e, e) in Å."""
    from matdata.geometry.distances import shortest_distances

    part = crystals.sites(row)
    elements, kind, counts = np.unique(
        crystals.numbers[part], return_inverse=True, return_counts=True
    )
    cell, order = crystals.lattice[row], np.argsort(kind, kind="stable")
    frac: Any = np.ascontiguousarray(crystals.frac_coords[part][order] % 1.0)
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    volume = abs(float(np.linalg.det(cell)))
    distances: Float = np.empty((len(elements), len(elements)))
    shortest_distances(cell, heights, volume, frac, offsets_of(counts), distances)
    return elements.astype(np.int64), counts, distances
