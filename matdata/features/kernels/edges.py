"""Neighbour graphs of a batch of crystals: all pairs within a radius, or the nearest of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matdata.core.jit import inner, kernel
from matdata.geometry import lattice, neighbours
from matdata.geometry.neighbours import Candidates, Grid

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals

Array = np.ndarray[Any, Any]

OK, OVERLAPPING, FLAT_LATTICE, NO_SITES, COORDINATES, TOO_MANY, ISOLATED = range(7)
FAR_IMAGE, TOO_MANY_SITES = 7, 8
MAX_SITES = 1 << 16  # sites are numbered in 16 bits
MAX_COORDINATE = 1e6
MAX_CANDIDATES = 1 << 22
#: Distances (Å) are sorted as equal when they round to the same multiple of this.
SAME = 1e-8
#: The first search for the nearest neighbours covers the volume of this many times as many sites.
SPARE = 1.5
GROWTH, BIN_EDGE = 1.4, 1.0


class Edges(NamedTuple):
    """Edges by sender and then by distance, receiver and image; see `neighbour_graph`."""

    ints: Array
    distance: Array
    ends: Array
    status: Array


@inner
def _grow(ints: Array, distance: Array, used: int, size: int) -> tuple[Array, Array]:
    more, longer = np.empty((size, 5), np.int64), np.empty(size)
    more[:used], longer[:used] = ints[:used], distance[:used]
    return more, longer


@inner
def _kept(found: Candidates, count: int, order: Array, limit: int, tie: float, drop: bool) -> int:
    """How many of the sorted neighbours stay when at most `limit` are wanted."""
    if limit == 0 or count <= limit:
        return count
    last = math.sqrt(found.square[order[limit - 1]])
    keep = limit
    while keep < count and math.sqrt(found.square[order[keep]]) <= last + tie:
        keep += 1
    if not drop or keep == limit:
        return keep
    inside = limit
    while inside > 0 and math.sqrt(found.square[order[inside - 1]]) >= last - tie:
        inside -= 1
    return inside if inside > 0 else keep


@inner
def _search(
    grid: Grid, site: int, radius: float, unit: float, limit: int, tie: float, found: Candidates,
    order: Array,
) -> tuple[int, Candidates, Array]:  # fmt: skip
    """Neighbours of one site by distance: within the radius, or enough for the nearest `limit`."""
    outer = radius
    if limit > 0:
        # A sphere that holds `SPARE` times as many sites as are wanted, at the mean density.
        outer = unit * (SPARE * limit / (4.0 / 3.0 * math.pi)) ** (1.0 / 3.0)
        if 0.0 < radius < outer:
            outer = radius
    while True:
        count = neighbours.collect(grid, site, 0.0, outer, found)
        if count == neighbours.OVERLAP:
            return -OVERLAPPING, found, order
        if count == neighbours.OVERFLOW:
            if len(found.square) >= MAX_CANDIDATES:
                return -TOO_MANY, found, order
            found = neighbours.new_candidates(2 * len(found.square))
            order = np.empty(len(found.square), np.int64)
            continue
        if outer == radius or count >= limit:
            neighbours.sort_by(found.square, count, order)
            # All that tie with the last one must lie within the search.
            if outer == radius or math.sqrt(found.square[order[limit - 1]]) + tie <= outer:
                return count, found, order
        outer *= GROWTH
        if 0.0 < radius < outer:
            outer = radius


@inner
def _before(ints: Array, distance: Array, a: int, b: int) -> bool:
    p, q = math.floor(distance[a] / SAME + 0.5), math.floor(distance[b] / SAME + 0.5)
    if p != q:
        return bool(p < q)
    for k in range(1, 5):  # receiver, then image
        if ints[a, k] != ints[b, k]:
            return bool(ints[a, k] < ints[b, k])
    return False


@inner
def _write(
    grid: Grid, site: int, own: int, found: Candidates, order: Array, keep: int, ints: Array,
    distance: Array, row: int,
) -> None:  # fmt: skip
    """Write the edges of one site and put equal distances in order."""
    for k in range(keep):
        c, at = order[k], row + k
        other = found.place[c, 0]
        ints[at, 0], ints[at, 1] = own, grid.order[other]
        for m in range(3):
            image = 0
            for s in range(3):
                cell = found.place[c, 1 + s] - grid.shift[other, s] + grid.shift[site, s]
                image += cell * grid.steps[s, m]
            ints[at, 2 + m] = image
        distance[at] = math.sqrt(found.square[c])
        while at > row and _before(ints, distance, at, at - 1):
            for m in range(5):
                ints[at, m], ints[at - 1, m] = ints[at - 1, m], ints[at, m]
            distance[at], distance[at - 1] = distance[at - 1], distance[at]
            at -= 1


@kernel
def _graphs(
    lattices: Array, frac: Array, offsets: Array, radius: float, limit: int, tie: float,
    drop: bool, isolated: bool, ends: Array, status: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Edges of a batch; ``ends[i + 1]`` is the end of crystal `i`."""
    ints, distance = np.empty((32 * len(frac) + 16, 5), np.int64), np.empty(32 * len(frac) + 16)
    found, order, used = neighbours.new_candidates(256), np.empty(256, np.int64), 0
    for c in range(len(lattices)):
        begin, end = offsets[c], offsets[c + 1]
        ends[c + 1] = ends[c]
        if status[c] != OK:
            continue
        vectors, steps, sound = lattice.reduce_lattice(lattices[c])
        if not sound:
            status[c] = FLAT_LATTICE
            continue
        unit = (lattice.box_volume(vectors) / (end - begin)) ** (1.0 / 3.0)
        grid = neighbours.build_grid(vectors, steps, frac[begin:end], BIN_EDGE * unit)
        used = ends[c]
        for own in range(end - begin):
            site = grid.place[own]
            count, found, order = _search(grid, site, radius, unit, limit, tie, found, order)
            if count < 0 or (count == 0 and not isolated):
                status[c] = -count if count < 0 else ISOLATED
                break
            keep = _kept(found, count, order, limit, tie, drop)
            if used + keep > len(distance):
                ints, distance = _grow(ints, distance, used, 2 * len(distance) + keep)
            _write(grid, site, own, found, order, keep, ints, distance, used)
            used += keep
        if status[c] == OK:
            ends[c + 1] = used
    return ints[: ends[len(lattices)]], distance[: ends[len(lattices)]]


def neighbour_graph(
    crystals: Crystals, radius: float, limit: int, tie: float, drop: bool, isolated: bool
) -> Edges:
    """Directed edges from every site to its neighbours.

    Parameters
    ----------
    crystals
        Any number of crystals, in any cell.
    radius
        Largest distance in Å, itself included; 0 for no bound.
    limit
        Nearest neighbours of each site; 0 for all within the radius.
    tie
        Neighbours whose distances differ from that of the last by no more (Å) tie with it.
    drop
        Leave all that tie with the last out, rather than keep them, if they exceed the limit.
    isolated
        Whether sites without a neighbour are allowed.

    Returns
    -------
    Edges
        ``ints`` (E, 5): sender, receiver and image; ``distance`` (E,) in Å; ``ends`` (n + 1,)
        where each crystal's edges end; ``status`` (n,), 0 or why a crystal has none.
    """
    status = np.zeros(len(crystals), np.int64)
    wild = ~(np.abs(crystals.frac_coords) < MAX_COORDINATE).all(axis=1)
    status[crystals.site_crystal[wild]] = COORDINATES
    status[crystals.n_sites == 0] = NO_SITES
    status[crystals.n_sites > MAX_SITES] = TOO_MANY_SITES
    ends = np.zeros(len(crystals) + 1, np.int64)
    ints, distance = _graphs(
        crystals.lattice,
        crystals.frac_coords,
        crystals.offsets,
        float(radius),
        int(limit),
        float(tie),
        bool(drop),
        bool(isolated),
        ends,
        status,
    )
    return Edges(ints, distance, ends, status)


def nearest_images(crystals: Crystals, edges: Edges, isolated: bool) -> Edges:
    """Of the edges from one site to another the shortest, and none to a site's own images.

    Of images at equal distances the first stays, in the order of their translations.
    """
    start = crystals.offsets[:-1][np.repeat(np.arange(len(crystals)), np.diff(edges.ends))]
    sender, receiver = edges.ints[:, 0] + start, edges.ints[:, 1] + start
    # sorted by sender, then by distance: the first of each pair is the nearest
    _, first = np.unique(sender * len(crystals.numbers) + receiver, return_index=True)
    kept = np.zeros(len(sender), bool)
    kept[first] = True
    kept &= sender != receiver
    status = edges.status.copy()
    if not isolated:
        alone = np.bincount(sender[kept], minlength=len(crystals.numbers)) == 0
        lonely = np.bincount(crystals.site_crystal[alone], minlength=len(crystals)) > 0
        status[lonely & (status == OK)] = ISOLATED
    ends = np.concatenate([[0], np.cumsum(kept)])[edges.ends]
    return Edges(edges.ints[kept], edges.distance[kept], ends, status)
