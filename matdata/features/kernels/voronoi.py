"""Voronoi cells of all sites of a batch of periodic crystals, in double precision.

Each cell starts as a box that surely contains it and is cut by the bisectors of its neighbours,
nearest first. A neighbour farther than twice the cell's farthest vertex cannot cut it, so the
search radius grows until it covers that distance: the result depends on no cutoff.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matdata.core.jit import inner, kernel
from matdata.features.kernels import clip, facets
from matdata.features.kernels.clip import Polyhedron
from matdata.features.kernels.facets import Facets
from matdata.features.kernels.tessellation import (
    COORDINATES,
    FLAT_LATTICE,
    NO_SITES,
    NOT_CLOSED,
    OK,
    OVERLAPPING,
    TOO_SPARSE,
    Tessellation,
)
from matdata.geometry import lattice, neighbours
from matdata.geometry.neighbours import Candidates, Grid

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals

Array = np.ndarray[Any, Any]


#: Lengths below are in units of the cube root of the volume a site.
FIRST_RADIUS, BIN_EDGE = 1.9, 1.0
GROWTH = 1.4
#: Half the box over the sum of the reduced lattice vectors: any point is within half that sum of
#: an image of the site, so a larger box holds the cell.
BOX = 0.51
#: A vertex counts as beyond a plane from this part of a length unit (and of the box) on: well
#: above round-off, well below any geometry that a crystal's coordinates can state.
EPS, BOX_EPS = 1e-12, 3e-14
MAX_CANDIDATES = 1 << 22
#: Vertices and candidates that the scratch has room for at first.
FIRST_ROOM = 128, 512
MAX_COORDINATE = 1e6


class Scratch(NamedTuple):
    """Room to work in; grows when a cell needs more."""

    body: Polyhedron
    found: Candidates
    walls: Candidates
    order: Array


@inner
def _new_scratch(vertices: int, candidates: int) -> Scratch:
    return Scratch(
        clip.new_polyhedron(vertices),
        neighbours.new_candidates(candidates),
        neighbours.new_candidates(vertices),
        np.empty(candidates, np.int64),
    )


@inner
def _carve(
    grid: Grid, site: int, unit: float, half: float, eps: float, scratch: Scratch
) -> tuple[int, int, int]:
    """Cut one cell: a code (0 or why not), its number of vertices and of planes."""
    body, found, walls, order = scratch
    count, n_planes = clip.make_box(body, half), facets.BOX_PLANES
    limit = clip.largest(body.square, count)
    inner, outer = 0.0, FIRST_RADIUS * unit
    while True:
        n_found = neighbours.collect(grid, site, inner, outer, found)
        if n_found < 0:
            return (clip.NO_ROOM if n_found == neighbours.OVERFLOW else OVERLAPPING), 1, 0
        neighbours.sort_by(found.square, n_found, order)
        for k in range(n_found):
            c = order[k]
            square = found.square[c]
            x, y, z = found.vector[c, 0], found.vector[c, 1], found.vector[c, 2]
            if square > 4.0 * limit:
                break
            if clip.reach_towards(body.x, body.y, body.z, count, x, y, z) <= 0.5 * square:
                continue
            left = clip.cut(body, count, x, y, z, square, n_planes, eps)
            if left == clip.MISSED:
                continue
            if left < 0:
                return left, 0, 0
            count, limit = left, clip.largest(body.square, left)
            walls.square[n_planes] = square
            for m in range(3):
                walls.vector[n_planes, m] = found.vector[c, m]
            for m in range(4):
                walls.place[n_planes, m] = found.place[c, m]
            n_planes += 1
        if outer * outer >= 4.0 * limit:
            return OK, count, n_planes
        inner, outer = outer, min(2.0 * math.sqrt(limit) * (1.0 + 1e-9), outer * GROWTH)


@inner
def _cell(
    grid: Grid, site: int, unit: float, half: float, scratch: Scratch
) -> tuple[int, int, int, Scratch]:
    """Cut one cell, with more room or a larger tolerance as needed."""
    eps = EPS * unit + BOX_EPS * half
    widened = 0
    while True:
        code, count, n_planes = _carve(grid, site, unit, half, eps, scratch)
        if code == clip.NO_ROOM:
            vertices, candidates = len(scratch.body.x), len(scratch.order)
            if count == 1:
                candidates *= 2
            else:
                vertices *= 2
            if candidates > MAX_CANDIDATES:
                return TOO_SPARSE, 0, 0, scratch
            scratch = _new_scratch(vertices, candidates)
        elif code == clip.TANGLED and widened < 2:
            widened += 1
            eps *= 20.0
        else:
            return (NOT_CLOSED if code < 0 else code), count, n_planes, scratch


@inner
def _crystal(
    grid: Grid, unit: float, half: float, scratch: Scratch, table: Facets,
    rows: Array, volumes: Array,
) -> tuple[int, Scratch, Facets]:  # fmt: skip
    """Fill the table with the raw facets of one crystal; site `i` ends at ``rows[i + 1]``."""
    row = rows[0]
    for site in range(len(volumes)):
        place = grid.place[site]
        code, count, n_planes, scratch = _cell(grid, place, unit, half, scratch)
        if code != OK:
            return code, scratch, table
        if row + n_planes > len(table.reals):
            table = facets.grow_facets(table, row, 2 * len(table.reals) + n_planes)
        row, volumes[site] = facets.measure(
            scratch.body, count, n_planes, scratch.walls, grid, place, table, row
        )
        if row < 0:
            return NOT_CLOSED, scratch, table
        rows[site + 1] = row
    if not facets.pair_facets(table, rows):
        return NOT_CLOSED, scratch, table
    facets.mark_slivers(table, rows)
    return OK, scratch, table


@inner
def _finish(raw: Facets, rows: Array, done: Facets, used: int, ends: Array) -> int:
    """Append one crystal's paired facets in order; ``ends[i + 1]`` gets the end of site `i`."""
    order = np.empty(rows[-1], np.int64)
    for site in range(len(rows) - 1):
        count = facets.sort_facets(raw, rows[site], rows[site + 1], order)
        for k in range(count):
            facets.copy_facet(raw, order[k], done, used + k)
        used += count
        ends[site + 1] = used
    return used


@inner
def _sound_coordinates(frac: Array, begin: int, end: int) -> bool:
    for site in range(begin, end):
        for k in range(3):
            if not (abs(frac[site, k]) < MAX_COORDINATE):
                return False
    return True


@kernel
def _tessellate(
    lattices: Array, frac: Array, offsets: Array, facet_offsets: Array, volumes: Array,
    status: Array, vertices: int, candidates: int,
) -> tuple[Facets, int]:  # fmt: skip
    """Tessellate a range of crystals; returns the facets and how many there are."""
    scratch = _new_scratch(vertices, candidates)
    raw, done = facets.new_facets(candidates), facets.new_facets(20 * len(frac))
    used = facet_offsets[0]
    for c in range(len(lattices)):
        begin, end = offsets[c], offsets[c + 1]
        vectors, steps, sound = lattice.reduce_lattice(lattices[c])
        rows = np.zeros(end - begin + 1, np.int64)
        if end == begin:
            status[c] = NO_SITES
        elif not sound:
            status[c] = FLAT_LATTICE
        elif not _sound_coordinates(frac, begin, end):
            status[c] = COORDINATES
        else:
            unit = (lattice.box_volume(vectors) / (end - begin)) ** (1.0 / 3.0)
            half = 0.0
            for k in range(3):
                half += BOX * lattice.length(vectors, k)
            grid = neighbours.build_grid(vectors, steps, frac[begin:end], BIN_EDGE * unit)
            status[c], scratch, raw = _crystal(
                grid, unit, half, scratch, raw, rows, volumes[begin:end]
            )
        if status[c] != OK:
            for site in range(begin, end):
                volumes[site] = 0.0
                facet_offsets[site + 1] = used
            continue
        if used + rows[-1] > len(done.reals):
            done = facets.grow_facets(done, used, 2 * len(done.reals) + rows[-1])
        used = _finish(raw, rows, done, used, facet_offsets[begin : end + 1])
    return done, used


def tessellate(crystals: Crystals) -> Tessellation:
    """Voronoi cells of every site of a batch of crystals.

    Runs in one thread without the interpreter lock: call it on batches from several threads.

    Parameters
    ----------
    crystals
        Any number of crystals, in any cell.

    Returns
    -------
    Tessellation
        Facets, cell volumes, and a status for each crystal.
    """
    sites = len(crystals.numbers)
    offsets = np.zeros(sites + 1, dtype=np.int64)
    volumes = np.zeros(sites)
    status = np.zeros(len(crystals), dtype=np.int8)
    table, used = _tessellate(
        crystals.lattice,
        crystals.frac_coords,
        crystals.offsets,
        offsets,
        volumes,
        status,
        *FIRST_ROOM,
    )
    ints, reals = table.ints[:used], table.reals[:used]
    return Tessellation(
        ints[:, facets.NEIGHBOUR].astype(np.int32),
        ints[:, facets.IMAGE : facets.IMAGE + 3].astype(np.int32),
        reals[:, facets.DISTANCE].copy(),
        reals[:, facets.AREA].copy(),
        reals[:, facets.ANGLE].copy(),
        ints[:, facets.CORNERS].astype(np.int32),
        offsets,
        volumes,
        status,
    )
