"""The 128 structure attributes of L. Ward et al., Phys. Rev. B 96, 024104 (2017).

All follow from one Voronoi tessellation. With A_k the area of facet k of a site's cell and d_k the
distance to the neighbour behind it, the values of a site are (definitions as in matminer, where the
paper has words):

- effective coordination number ``(sum A)^2 / sum A^2``;
- mean bond length ``l = sum A d / sum A`` and its variation ``sum A |d - l| / (l sum A)``;
- local difference of a property p, ``sum A |p_k - p| / sum A``;
- the radius of the largest sphere in the cell, half the shortest d.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from matdata.core.jit import kernel
from matdata.features.kernels import shells
from matdata.features.kernels.shells import Graph
from matdata.features.kernels.tessellation import Tessellation

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals, Float, Int

Array = np.ndarray[Any, Any]

STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev")
SITE_STATISTICS = len(STATISTICS)
#: Columns of the attributes: coordination, heterogeneity, ordering, packing, local differences.
COORDINATION, LENGTHS, ORDERING, PACKING, DIFFERENCES = 0, 5, 14, 17, 18
SHELLS = 3
NUMBER, LENGTH, VARIATION, RADIUS = range(4)  # columns of the values of sites


@kernel
def _mean(values: Array) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@kernel
def _mean_deviation(values: Array, mean: float) -> float:
    total = 0.0
    for value in values:
        total += abs(value - mean)
    return total / len(values)


@kernel
def _describe(values: Array, out: Array) -> None:
    """Write `STATISTICS` of the values of the sites."""
    low, high = values[0], values[0]
    for value in values:
        low, high = min(low, value), max(high, value)
    mean = _mean(values)
    out[0], out[1], out[2] = low, high, high - low
    out[3], out[4] = mean, _mean_deviation(values, mean)


@kernel
def _elements(numbers: Array, kind: Array) -> tuple[Array, Array]:
    """Number the elements of a crystal: their atomic numbers and fractions; fills `kind`."""
    place = np.full(256, -1, np.int64)
    listed, counts = np.empty(256, np.int64), np.zeros(256)
    n_kinds = 0
    for site in range(len(numbers)):
        number = numbers[site]
        if place[number] < 0:
            place[number] = n_kinds
            listed[n_kinds] = number
            n_kinds += 1
        kind[site] = place[number]
        counts[kind[site]] += 1.0
    return listed[:n_kinds].copy(), counts[:n_kinds] / len(numbers)


@kernel
def _graph(
    numbers: Array, facet_offsets: Array, neighbour: Array, image: Array, area: Array
) -> tuple[Graph, Array, Array]:
    """The facets of one crystal with their weights; its elements and their fractions."""
    n, first = len(numbers), facet_offsets[0]
    ends = facet_offsets - first
    part = slice(first, first + ends[n])
    graph = Graph(
        neighbour[part],
        image[part],
        area[part],
        np.empty(ends[n]),
        ends,
        np.zeros(n),
        np.empty(n, np.int64),
    )
    for site in range(n):
        for f in range(ends[site], ends[site + 1]):
            graph.largest[site] = max(graph.largest[site], graph.area[f])
        for f in range(ends[site], ends[site + 1]):
            graph.weight[f] = graph.area[f] / graph.largest[site]
    listed, fractions = _elements(numbers, graph.kind)
    return graph, listed, fractions


@kernel
def _site_values(graph: Graph, distance: Array) -> Array:
    """Coordination number, mean bond length, its variation and the radius of each site, (n, 4)."""
    out = np.empty((len(graph.kind), 4))
    for site in range(len(out)):
        begin, end = graph.ends[site], graph.ends[site + 1]
        total, squares, lengths, shortest = 0.0, 0.0, 0.0, np.inf
        for f in range(begin, end):
            weight = graph.weight[f]
            total += weight
            squares += weight * weight
            lengths += weight * distance[f]
            shortest = min(shortest, distance[f])
        mean, spread = lengths / total, 0.0
        for f in range(begin, end):
            spread += graph.weight[f] * abs(distance[f] - mean)
        out[site, NUMBER] = total * total / squares
        out[site, LENGTH] = mean
        out[site, VARIATION] = spread / (total * mean)
        out[site, RADIUS] = 0.5 * shortest
    return out


@kernel
def _heterogeneity(values: Array, volumes: Array, out: Array) -> None:
    """Write the nine statistics of bond lengths and cell volumes."""
    lengths = values[:, LENGTH] / _mean(values[:, LENGTH])
    low, high = lengths[0], lengths[0]
    for length in lengths:
        low, high = min(low, length), max(high, length)
    out[0], out[1], out[2] = _mean_deviation(lengths, _mean(lengths)), high, low
    _describe(values[:, VARIATION], out[3 : 3 + SITE_STATISTICS])
    mean = _mean(volumes)
    out[3 + SITE_STATISTICS] = _mean_deviation(volumes, mean) / mean


@kernel
def _local_differences(
    reached: Array, kind: Array, listed: Array, properties: Array, out: Array
) -> None:
    """Write statistics of each property's local difference, property by property."""
    (n, kinds), width = reached.shape, properties.shape[1]
    found = np.zeros((width, n))
    for site in range(n):
        total = 0.0
        for t in range(kinds):
            total += reached[site, t]
        own = properties[listed[kind[site]]]
        for t in range(kinds):
            if t != kind[site] and reached[site, t] > 0.0:
                share, other = reached[site, t] / total, properties[listed[t]]
                for p in range(width):
                    found[p, site] += share * abs(other[p] - own[p])
    for p in range(width):
        _describe(found[p], out[SITE_STATISTICS * p : SITE_STATISTICS * (p + 1)])


@kernel
def _attributes(
    numbers: Array, facet_offsets: Array, neighbour: Array, image: Array, area: Array,
    distance: Array, volumes: Array, cell_volume: float, properties: Array, out: Array,
) -> None:  # fmt: skip
    """Write the attributes of one crystal."""
    graph, listed, fractions = _graph(numbers, facet_offsets, neighbour, image, area)
    values = _site_values(graph, distance[facet_offsets[0] : facet_offsets[-1]])
    _describe(values[:, NUMBER], out[COORDINATION:LENGTHS])
    _heterogeneity(values, volumes, out[LENGTHS:ORDERING])
    first = shells.first_shell(graph, len(listed))
    out[ORDERING:PACKING] = 0.0  # by definition, in a crystal of one element
    if len(listed) > 1:
        second = shells.second_shell(graph, first)
        third = shells.third_shell(graph, first, second)
        out[ORDERING] = shells.disorder(first, fractions)
        out[ORDERING + 1] = shells.disorder(second, fractions)
        out[ORDERING + 2] = shells.disorder(third, fractions)
    spheres = 0.0
    for radius in values[:, RADIUS]:
        spheres += radius**3
    out[PACKING] = 4.0 / 3.0 * math.pi * spheres / cell_volume
    _local_differences(first, graph.kind, listed, properties, out[DIFFERENCES:])


@kernel
def _all_attributes(
    rows: Array, offsets: Array, numbers: Array, facet_offsets: Array, neighbour: Array,
    image: Array, area: Array, distance: Array, volumes: Array, cell_volumes: Array,
    properties: Array, out: Array,
) -> None:  # fmt: skip
    for k in range(len(rows)):
        begin, end = offsets[rows[k]], offsets[rows[k] + 1]
        _attributes(
            numbers[begin:end],
            facet_offsets[begin : end + 1],
            neighbour,
            image,
            area,
            distance,
            volumes[begin:end],
            cell_volumes[rows[k]],
            properties,
            out[k],
        )


def structure_attributes(
    crystals: Crystals, cells: Tessellation, rows: Int, properties: Float
) -> Float:
    """Structure attributes of tessellated crystals.

    Parameters
    ----------
    crystals
        A batch of crystals.
    cells
        Its tessellation.
    rows : (k,)
        Crystals of the batch whose tessellation succeeded.
    properties : (119, p)
        Elemental properties by atomic number.

    Returns
    -------
    (k, 18 + 5 p) float64
        Coordination number (5 statistics over the sites); bond lengths, their variation (5
        statistics) and cell volumes (9 columns); ordering of three shells; packing efficiency;
        5 statistics of each property's local difference.
    """
    out = np.empty((len(rows), DIFFERENCES + SITE_STATISTICS * properties.shape[1]))
    _all_attributes(
        rows,
        crystals.offsets,
        crystals.numbers,
        cells.facet_offsets,
        cells.neighbour,
        cells.image,
        cells.area,
        cells.distance,
        cells.cell_volume,
        crystals.volume,
        properties,
        out,
    )
    return out
