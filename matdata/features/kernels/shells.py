"""Weights of the walks that lead from a site to its neighbour shells, summed by element.

A walk steps from cell to cell through Voronoi facets. A step from `i` to `j` has the weight of the
facet's area over the largest area of `i`'s cell; a walk has the product over its steps and visits
no atom twice (L. Ward et al., Phys. Rev. B 96, 024104, 2017). Walks of two and three steps are
counted in closed form: all walks, less those that return. Only walks around a triangle of mutual
neighbours need a search.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from matdata.core.jit import kernel

Array = np.ndarray[Any, Any]


class Graph(NamedTuple):
    """Facets of the cells of one crystal; sites are counted within it.

    Attributes
    ----------
    neighbour : (F,) int32
        Site behind the facet.
    image : (F, 3) int32
        Its lattice translation.
    area : (F,) float64
        Area of the facet.
    weight : (F,) float64
        Area over the largest area of the cell: the weight of a step through the facet.
    ends : (n + 1,) int64
        Site `i` has the facets ``ends[i]:ends[i + 1]``.
    largest : (n,) float64
        Largest area of each cell.
    kind : (n,) int64
        Which element of the crystal a site is.
    """

    neighbour: Array
    image: Array
    area: Array
    weight: Array
    ends: Array
    largest: Array
    kind: Array


@kernel
def _slot(site: int, a: int, b: int, c: int, mask: int) -> int:
    """Place in a hash table of 2^k slots, mask 2^k - 1."""
    mixed = site * 73856093 + a * 19349663 + b * 83492791 + c * 49979687
    return (mixed ^ (mixed >> 15)) & mask


@kernel
def _index_facets(graph: Graph, site: int, slots: Array) -> Array:
    """Hash table of the facets of a site by neighbour and image; -1 is an empty slot."""
    begin, end = graph.ends[site], graph.ends[site + 1]
    if len(slots) < 4 * (end - begin):
        size = len(slots)
        while size < 4 * (end - begin):
            size *= 2
        slots = np.empty(size, np.int64)
    slots[:] = -1
    mask, image = len(slots) - 1, graph.image
    for f in range(begin, end):
        place = _slot(graph.neighbour[f], image[f, 0], image[f, 1], image[f, 2], mask)
        while slots[place] >= 0:
            place = (place + 1) & mask
        slots[place] = f
    return slots


@kernel
def _find(graph: Graph, slots: Array, site: int, a: int, b: int, c: int) -> int:
    """Facet towards a site and image, or -1."""
    mask, image = len(slots) - 1, graph.image
    place = _slot(site, a, b, c, mask)
    while slots[place] >= 0:
        f = int(slots[place])
        if (
            graph.neighbour[f] == site
            and image[f, 0] == a
            and image[f, 1] == b
            and image[f, 2] == c
        ):
            return f
        place = (place + 1) & mask
    return -1


@kernel
def _round_triangles(graph: Graph, site: int, slots: Array) -> float:
    """Weight of the walks of three steps that return to the site."""
    image, total = graph.image, 0.0
    for f in range(graph.ends[site], graph.ends[site + 1]):
        middle, returning = graph.neighbour[f], 0.0
        for g in range(graph.ends[middle], graph.ends[middle + 1]):
            last = graph.neighbour[g]
            h = _find(
                graph,
                slots,
                last,
                image[f, 0] + image[g, 0],
                image[f, 1] + image[g, 1],
                image[f, 2] + image[g, 2],
            )
            if h >= 0:
                returning += graph.weight[g] * graph.area[h] / graph.largest[last]
        total += graph.weight[f] * returning
    return total


@kernel
def first_shell(graph: Graph, n_kinds: int) -> Array:
    """Weight of the steps from each site to each element, (n, kinds)."""
    out = np.zeros((len(graph.kind), n_kinds))
    for site in range(len(out)):
        for f in range(graph.ends[site], graph.ends[site + 1]):
            out[site, graph.kind[graph.neighbour[f]]] += graph.weight[f]
    return out


@kernel
def second_shell(graph: Graph, first: Array) -> Array:
    """Weight of the walks of two steps from each site to each element, (n, kinds)."""
    out = np.zeros_like(first)
    for site in range(len(out)):
        own = graph.kind[site]
        for f in range(graph.ends[site], graph.ends[site + 1]):
            near, step = graph.neighbour[f], graph.weight[f]
            for t in range(first.shape[1]):
                out[site, t] += step * first[near, t]
            out[site, own] -= step * graph.area[f] / graph.largest[near]
    return out


@kernel
def third_shell(graph: Graph, first: Array, second: Array) -> Array:
    """Weight of the walks of three steps from each site to each element, (n, kinds)."""
    out = np.zeros_like(first)
    slots = np.empty(128, np.int64)
    for site in range(len(out)):
        for f in range(graph.ends[site], graph.ends[site + 1]):
            near, step = graph.neighbour[f], graph.weight[f]
            back = graph.area[f] / graph.largest[near]
            for t in range(first.shape[1]):
                # All walks, less those that step back at once and then go on elsewhere.
                out[site, t] += step * (second[near, t] - back * first[site, t])
            out[site, graph.kind[near]] += step * back * step
        slots = _index_facets(graph, site, slots)
        out[site, graph.kind[site]] -= _round_triangles(graph, site, slots)
    return out


@kernel
def disorder(reached: Array, fractions: Array) -> float:
    """Mean over sites and elements of ``|1 - share / fraction|`` (Warren-Cowley parameters)."""
    n, kinds = reached.shape
    total = 0.0
    for site in range(n):
        weight = 0.0
        for t in range(kinds):
            weight += reached[site, t]
        for t in range(kinds):
            total += abs(1.0 - reached[site, t] / (weight * fractions[t]))
    mean: float = total / (n * kinds)
    return mean
