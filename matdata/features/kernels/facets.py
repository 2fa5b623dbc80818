"""Facets of a Voronoi cell: areas, solid angles, and the pairing of both sides of a facet."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from matdata.core.jit import inlined, inner
from matdata.features.kernels.clip import Polyhedron
from matdata.geometry.neighbours import Candidates, Grid

Array = np.ndarray[Any, Any]

#: A facet is an artefact if its area is below this part of its cell's largest one and its solid
#: angle (sr) below it too. Where a bisector only touches a vertex or an edge of a cell, round-off
#: leaves slivers some 1e-12 of the cell wide. Atoms moved by 1e-8, the rounding of common file
#: formats, open facets of 1e-8 (edges) or 1e-16 (vertices): the first are geometry and kept.
TINY = 1e-10
#: Largest solid angle (sr) of a facet that may be missing on its other side (a rim of `TINY`).
LOPSIDED = 1e-7
#: Vertices closer than this part of the cell's radius count as one in `n_vertices`.
MERGED = 1e-8
#: Distances (Å) that differ by less than about this are ties when facets are sorted, so that the
#: order of equal neighbours does not hang on round-off.
TIE = 1e-8

BOX_PLANES = 6


NEIGHBOUR, IMAGE, CORNERS, TWIN = 0, 1, 4, 5
DISTANCE, AREA, ANGLE = 0, 1, 2


class Facets(NamedTuple):
    """Growing columns, one row a facet.

    Attributes
    ----------
    ints : (size, 6) int64
        Neighbouring site, image (3), distinct corners, and the row of the other side.
    reals : (size, 3) float64
        Distance (Å), area (Å²), solid angle (sr).
    """

    ints: Array
    reals: Array


@inner
def new_facets(size: int) -> Facets:
    """Room for `size` facets."""
    return Facets(np.empty((size, 6), np.int64), np.empty((size, 3)))


@inner
def copy_facet(source: Facets, row: int, target: Facets, to: int) -> None:
    """Copy one row."""
    for k in range(6):
        target.ints[to, k] = source.ints[row, k]
    for k in range(3):
        target.reals[to, k] = source.reals[row, k]


@inner
def grow_facets(facets: Facets, used: int, size: int) -> Facets:
    """A copy of the first `used` rows with room for `size`."""
    larger = new_facets(size)
    for row in range(used):
        copy_facet(facets, row, larger, row)
    return larger


@inlined
def _polygon(
    body: Polyhedron, unit: Array, begin: int, plane: int, normal: Array, merged: float
) -> tuple[float, float, int]:
    """Area, solid angle and number of distinct corners of the face of `plane`.

    The solid angle is that of a fan of triangles with unit vectors a, b, c to the corners,
    tan(angle / 2) = a.(b x c) / (1 + a.b + b.c + c.a) (A. van Oosterom & J. Strackee, IEEE Trans.
    Biomed. Eng. 30, 125, 1983, eq. 8); half-angles add up as the phases of a product, which needs
    one arctangent a face. A face is seen under less than 2 pi, so the phase stays below pi.
    """
    x, y, z = body.x, body.y, body.z
    area, corners = 0.0, 0
    real, imaginary = 1.0, 0.0
    a0, a1, a2 = unit[begin, 0], unit[begin, 1], unit[begin, 2]
    at = begin
    b0, b1, b2 = a0, a1, a2
    while True:
        k = 0 if body.planes[at, 0] == plane else (1 if body.planes[at, 1] == plane else 2)
        to = body.edges[at, (k + 1) % 3]
        ex, ey, ez = x[to] - x[at], y[to] - y[at], z[to] - z[at]
        if ex * ex + ey * ey + ez * ez > merged:
            corners += 1
        if to == begin:
            break
        c0, c1, c2 = unit[to, 0], unit[to, 1], unit[to, 2]
        if at != begin:
            ux, uy, uz = x[at] - x[begin], y[at] - y[begin], z[at] - z[begin]
            area += normal[0] * (uy * ez - uz * ey)
            area += normal[1] * (uz * ex - ux * ez)
            area += normal[2] * (ux * ey - uy * ex)
            d0, d1, d2 = c0 - b0, c1 - b1, c2 - b2
            u0, u1, u2 = b0 - a0, b1 - a1, b2 - a2
            triple = a0 * (u1 * d2 - u2 * d1) + a1 * (u2 * d0 - u0 * d2) + a2 * (u0 * d1 - u1 * d0)
            rest = 1.0 + (a0 * b0 + a1 * b1 + a2 * b2) + (b0 * c0 + b1 * c1 + b2 * c2)
            rest += c0 * a0 + c1 * a1 + c2 * a2
            real, imaginary = real * rest - imaginary * triple, real * triple + imaginary * rest
        at, b0, b1, b2 = to, c0, c1, c2
    return 0.5 * area, 2.0 * math.atan2(imaginary, real), corners


@inner
def measure(
    body: Polyhedron, count: int, n_planes: int, walls: Candidates, grid: Grid, site: int,
    facets: Facets, row: int,
) -> tuple[int, float]:  # fmt: skip
    """Append the facets of a finished cell.

    Parameters
    ----------
    body, count, n_planes
        The cell, its number of vertices and of planes.
    walls
        The neighbour behind each plane.
    grid, site
        The crystal and the sorted site of the cell.
    facets, row
        The columns, and the first free row; there must be room for `n_planes` more.

    Returns
    -------
    row : int
        The next free row, or -1 if a face of the starting box is left.
    volume : float, Å³
        Volume of the cell.
    """
    head, unit, normal = np.empty(n_planes, np.int64), np.empty((count, 3)), np.empty(3)
    for plane in range(n_planes):
        head[plane] = -1
    widest = 0.0
    for v in range(count):
        length = math.sqrt(body.square[v])
        unit[v, 0], unit[v, 1] = body.x[v] / length, body.y[v] / length
        unit[v, 2] = body.z[v] / length
        widest = max(widest, body.square[v])
        for k in range(3):
            head[body.planes[v, k]] = v
    volume = 0.0
    for plane in range(n_planes):
        if head[plane] < 0:
            continue
        if plane < BOX_PLANES:
            return -1, 0.0
        distance = math.sqrt(walls.square[plane])
        for k in range(3):
            normal[k] = walls.vector[plane, k] / distance
        area, angle, corners = _polygon(
            body, unit, head[plane], plane, normal, widest * MERGED * MERGED
        )
        volume += area * distance / 6.0
        other, ints, reals = walls.place[plane, 0], facets.ints, facets.reals
        ints[row, NEIGHBOUR], ints[row, CORNERS] = grid.order[other], corners
        for k in range(3):
            image = 0
            for m in range(3):
                cell = walls.place[plane, 1 + m] - grid.shift[other, m] + grid.shift[site, m]
                image += cell * grid.steps[m, k]
            ints[row, IMAGE + k] = image
        reals[row, DISTANCE], reals[row, AREA], reals[row, ANGLE] = distance, area, angle
        row += 1
    return row, volume


@inner
def pair_facets(facets: Facets, rows: Array) -> bool:
    """Find for each facet of a crystal its other side and make both sides equal.

    A bisector mirrors one site onto the other, so both sides have the same area and solid angle;
    round-off in the last digits is averaged away. Facets without another side get twin -1.

    Parameters
    ----------
    facets
        The facets of one crystal.
    rows : (n + 1,) int64
        Site `i` has the rows ``rows[i]:rows[i + 1]``.

    Returns
    -------
    bool
        Whether every facet of more than `LOPSIDED` has another side.
    """
    ints, reals = facets.ints, facets.reals
    for row in range(rows[-1]):
        ints[row, TWIN] = -1
    sound = True
    for site in range(len(rows) - 1):
        for row in range(rows[site], rows[site + 1]):
            if ints[row, TWIN] >= 0:
                continue
            other = ints[row, NEIGHBOUR]
            for back in range(rows[other], rows[other + 1]):
                if ints[back, NEIGHBOUR] != site or ints[back, IMAGE] != -ints[row, IMAGE]:
                    continue
                if (
                    ints[back, IMAGE + 1] == -ints[row, IMAGE + 1]
                    and ints[back, IMAGE + 2] == -ints[row, IMAGE + 2]
                ):
                    _level(facets, row, back)
                    break
            if ints[row, TWIN] < 0 and reals[row, ANGLE] > LOPSIDED:
                sound = False
    return sound


@inner
def _level(facets: Facets, row: int, back: int) -> None:
    """Make two rows the two sides of one facet."""
    ints, reals = facets.ints, facets.reals
    ints[row, TWIN], ints[back, TWIN] = back, row
    corners = max(ints[row, CORNERS], ints[back, CORNERS])
    ints[row, CORNERS] = ints[back, CORNERS] = corners
    for k in (AREA, ANGLE):
        mean = 0.5 * (reals[row, k] + reals[back, k])
        reals[row, k] = reals[back, k] = mean


@inner
def mark_slivers(facets: Facets, rows: Array) -> None:
    """Unpair (twin -1) the facets that either side finds too small to be real."""
    ints, reals = facets.ints, facets.reals
    for site in range(len(rows) - 1):
        begin, end = rows[site], rows[site + 1]
        largest = 0.0
        for row in range(begin, end):
            largest = max(largest, reals[row, AREA])
        for row in range(begin, end):
            back = ints[row, TWIN]
            if back < 0 or reals[row, ANGLE] >= TINY or reals[row, AREA] >= TINY * largest:
                continue
            ints[row, TWIN] = ints[back, TWIN] = -1


@inner
def _before(facets: Facets, a: int, b: int) -> bool:
    p = math.floor(facets.reals[a, DISTANCE] / TIE + 0.5)
    q = math.floor(facets.reals[b, DISTANCE] / TIE + 0.5)
    earlier: bool = p < q
    if p != q:
        return earlier
    for k in range(4):  # neighbour, then image
        if facets.ints[a, k] != facets.ints[b, k]:
            return bool(facets.ints[a, k] < facets.ints[b, k])
    return False


@inner
def sort_facets(facets: Facets, begin: int, end: int, order: Array) -> int:
    """Sorted order of the paired facets among the rows of one site; returns how many."""
    count = 0
    for row in range(begin, end):
        if facets.ints[row, TWIN] < 0:
            continue
        at = count
        while at > 0 and _before(facets, row, order[at - 1]):
            order[at] = order[at - 1]
            at -= 1
        order[at] = row
        count += 1
    return count
