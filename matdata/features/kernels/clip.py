"""A convex polyhedron around the origin, cut by planes one after another.

Every vertex belongs to exactly three planes and has three edges; where more planes meet in a
point, several vertices lie on it, joined by edges of no length. So the graph never changes its
kind, and a crystal's high symmetry needs no cases of its own. A cut takes away the vertices
beyond the plane and closes the hole with one new vertex on each edge that crosses it. It is done
only if the hole's rim is one cycle that meets no plane twice, which keeps the graph that of a
polyhedron whatever round-off does to the coordinates; otherwise the tolerance is doubled until
the vertices that round-off scattered lie on one side.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from matdata.core.jit import inlined, inner, reduction

Array = np.ndarray[Any, Any]

MISSED = 0
NO_ROOM = -1
TANGLED = -2
#: Doublings of the tolerance before a cut is given up.
ATTEMPTS = 8


class Polyhedron(NamedTuple):
    """Vertices of a polyhedron and room for the next cut.

    Attributes
    ----------
    x, y, z, square : (room,) float64
        Coordinates and squared distance from the origin.
    height : (room,) float64
        Height over the plane at hand, scaled by the length of its normal.
    planes : (room, 3) int64
        The three planes of each vertex, counter-clockwise seen from outside.
    edges : (room, 3) int64
        The vertex at the other end of each edge; edge `k` lies on the other two planes than `k`.
    removed : (room,) int64
        Vertices beyond the plane.
    rim : (3 room, 5) int64
        Edges that cross it: removed end, kept end, place of the edge at the kept end, and the two
        planes it lies on.
    point : (3 room, 3) float64
        Where each rim edge meets the plane.
    first, last : (room,) int64
        For each plane the rim edge that has it as first or as second plane.
    """

    x: Array
    y: Array
    z: Array
    square: Array
    height: Array
    planes: Array
    edges: Array
    removed: Array
    rim: Array
    point: Array
    first: Array
    last: Array


@inner
def new_polyhedron(room: int) -> Polyhedron:
    """Room for `room` vertices and as many planes."""
    return Polyhedron(
        np.empty(room),
        np.empty(room),
        np.empty(room),
        np.empty(room),
        np.empty(room),
        np.empty((room, 3), np.int64),
        np.empty((room, 3), np.int64),
        np.empty(room, np.int64),
        np.empty((3 * room, 5), np.int64),
        np.empty((3 * room, 3)),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
    )


@inner
def make_box(body: Polyhedron, half: float) -> int:
    """A cube of edge ``2 half`` with planes 0 to 5; returns its number of vertices."""
    for corner in range(8):
        a, b, c = corner & 1, (corner >> 1) & 1, (corner >> 2) & 1
        body.x[corner] = half * (1 - 2 * a)
        body.y[corner] = half * (1 - 2 * b)
        body.z[corner] = half * (1 - 2 * c)
        body.square[corner] = 3.0 * half * half
        # Mirror images turn the other way round: every second corner lists y and z exchanged.
        second, third = (1, 2) if (a + b + c) % 2 == 0 else (2, 1)
        body.planes[corner, 0], body.edges[corner, 0] = a, corner ^ 1
        body.planes[corner, second], body.edges[corner, second] = 2 + b, corner ^ 2
        body.planes[corner, third], body.edges[corner, third] = 4 + c, corner ^ 4
    return corner + 1


@reduction
def reach_towards(x: Array, y: Array, z: Array, count: int, a: float, b: float, c: float) -> float:
    """Largest scalar product of a vertex with (a, b, c)."""
    best = 0.0
    for v in range(count):
        best = max(best, x[v] * a + y[v] * b + z[v] * c)
    return best


@reduction
def largest(values: Array, count: int) -> float:
    """Largest of the first `count` values, at least 0."""
    best = 0.0
    for v in range(count):
        best = max(best, values[v])
    return best


@inlined
def _find_rim(body: Polyhedron, count: int, tolerance: float) -> tuple[int, int]:
    """Numbers of removed vertices and of rim edges; rim `TANGLED` if it is not one cycle."""
    height, planes, edges, rim = body.height, body.planes, body.edges, body.rim
    n_removed, n_rim = 0, 0
    for v in range(count):
        if height[v] <= tolerance:
            continue
        body.removed[n_removed] = v
        n_removed += 1
        for k in range(3):
            kept = edges[v, k]
            if height[kept] > tolerance:
                continue
            a, b = planes[v, (k + 1) % 3], planes[v, (k + 2) % 3]
            rim[n_rim, 0], rim[n_rim, 1], rim[n_rim, 3], rim[n_rim, 4] = v, kept, a, b
            body.first[a] = body.first[b] = body.last[a] = body.last[b] = -1
            n_rim += 1
    if n_removed == 0:
        return 0, 0
    for e in range(n_rim):
        a, b = rim[e, 3], rim[e, 4]
        if body.first[a] >= 0 or body.last[b] >= 0:
            return n_removed, TANGLED
        body.first[a] = body.last[b] = e
    at, steps = 0, 0
    while True:
        at = body.first[rim[at, 4]]
        steps += 1
        if at <= 0 or steps > n_rim:
            break
    if at != 0 or steps != n_rim or n_rim < 3:
        return n_removed, TANGLED
    return n_removed, n_rim


@inlined
def _cross_edges(body: Polyhedron, n_rim: int) -> None:
    """Where each rim edge meets the plane, always between its two ends."""
    for e in range(n_rim):
        gone, kept = body.rim[e, 0], body.rim[e, 1]
        depth = -body.height[kept]
        # A kept vertex may lie beyond the plane within the tolerance: it is the crossing then.
        t = max(depth, 0.0) / (body.height[gone] + max(depth, 0.0))
        body.point[e, 0] = body.x[kept] + t * (body.x[gone] - body.x[kept])
        body.point[e, 1] = body.y[kept] + t * (body.y[gone] - body.y[kept])
        body.point[e, 2] = body.z[kept] + t * (body.z[gone] - body.z[kept])
        for k in range(3):
            if body.edges[kept, k] == gone:
                body.rim[e, 2] = k


@inlined
def _move(body: Polyhedron, source: int, target: int) -> None:
    body.x[target], body.y[target], body.z[target] = body.x[source], body.y[source], body.z[source]
    body.square[target] = body.square[source]
    for k in range(3):
        other = body.edges[source, k]
        body.planes[target, k] = body.planes[source, k]
        body.edges[target, k] = other
        for back in range(3):
            if body.edges[other, back] == source:
                body.edges[other, back] = target


@inlined
def _close(body: Polyhedron, count: int, n_removed: int, n_rim: int, plane: int) -> int:
    """Put the new vertices into the places of the removed ones; returns the vertex count."""
    for e in range(n_rim):
        slot = body.removed[e] if e < n_removed else count + e - n_removed
        x, y, z = body.point[e, 0], body.point[e, 1], body.point[e, 2]
        body.x[slot], body.y[slot], body.z[slot] = x, y, z
        body.square[slot] = x * x + y * y + z * z
        kept, a, b = body.rim[e, 1], body.rim[e, 3], body.rim[e, 4]
        body.planes[slot, 0], body.planes[slot, 1], body.planes[slot, 2] = plane, a, b
        after, before = body.first[b], body.last[a]
        body.edges[slot, 0] = kept
        body.edges[slot, 1] = (
            body.removed[after] if after < n_removed else count + after - n_removed
        )
        body.edges[slot, 2] = (
            body.removed[before] if before < n_removed else count + before - n_removed
        )
        body.edges[kept, body.rim[e, 2]] = slot
    count += max(n_rim - n_removed, 0)
    for hole in range(n_removed - 1, n_rim - 1, -1):  # descending: the last vertex is no hole
        count -= 1
        if body.removed[hole] != count:
            _move(body, count, body.removed[hole])
    return count


@inlined
def cut(
    body: Polyhedron,
    count: int,
    x: float,
    y: float,
    z: float,
    square: float,
    plane: int,
    eps: float,
) -> int:
    """Cut off what is nearer to the point (x, y, z) than to the origin.

    Parameters
    ----------
    body, count
        The polyhedron and its number of vertices.
    x, y, z, square
        The point, in Å, and its squared distance from the origin.
    plane
        Number of the new plane.
    eps : float, Å
        Vertices less than this beyond the plane stay.

    Returns
    -------
    int
        The new number of vertices; `MISSED` when the plane cuts nothing, `NO_ROOM` when the
        polyhedron needs more room, `TANGLED` when no tolerance gave a clean cut: all three leave
        it as it was.
    """
    for v in range(count):
        body.height[v] = (body.x[v] * x + body.y[v] * y + body.z[v] * z) - 0.5 * square
    if plane >= len(body.first):
        return NO_ROOM
    tolerance = eps * math.sqrt(square)
    for _ in range(ATTEMPTS):
        n_removed, n_rim = _find_rim(body, count, tolerance)
        if n_removed == 0:
            return MISSED
        if n_rim != TANGLED:
            if count + n_rim > len(body.x):
                return NO_ROOM
            _cross_edges(body, n_rim)
            return _close(body, count, n_removed, n_rim, plane)
        tolerance *= 2.0
    return TANGLED
