"""Sites that message passing does not distinguish, by colour refinement.

A network that sees elements, who is whose neighbour, and distances gives equal states to sites of
one orbit of the space group, and to all others whose neighbourhoods look alike however far one
follows the edges. These classes are the coarsest equitable partition of the graph: begin with the
elements as colours, give each site the multiset of the colours and distances of its neighbours as
its new colour, and repeat until no class is split any more (1-dimensional Weisfeiler-Leman; K. Xu
et al., ICLR 2019, show that message passing sees no more). No search for symmetry is needed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

#: Of splitmix64 (G. Steele, D. Lea and C. Flood, OOPSLA 2014): its step and its finaliser.
STEP, FIRST, SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9,
                                              0x94D049BB133111EB))  # fmt: skip


def equivalent_sites(crystal: Int, numbers: Int, sender: Int, receiver: Int, length: Int) -> Int:
    """The class of each site: 0, 1, …, ascending with the crystal.

    Multisets are compared by sums of hashes of 64 bits; two that differ within one crystal have
    the same sum once in 10^19 cases.

    Parameters
    ----------
    crystal, numbers : (N,)
        Crystal of each site, ascending, and its atomic number.
    sender, receiver : (E,)
        The site whose neighbour an edge names, and that neighbour, among all sites.
    length : (E,)
        Distances as whole numbers, not negative.

    Returns
    -------
    (N,) int64
        Sites of one class have the same element and as many neighbours of each class at each
        distance. Classes ascend with the crystal; their order within it depends neither on the
        order of its sites nor on other crystals.
    """
    if not len(crystal):
        return np.empty(0, np.int64)
    starts = np.diff(crystal, prepend=-1) != 0
    begin, owner = np.flatnonzero(starts), np.cumsum(starts) - 1
    colour = ranks(crystal, numbers.astype(np.uint64))
    lengths = mixed(length.astype(np.uint64) + STEP)
    while True:
        own = colour - np.minimum.reduceat(colour, begin)[owner]  # from 0 in each crystal
        neighbour = mixed(lengths ^ mixed(own[receiver].astype(np.uint64) + STEP))
        around = np.zeros(len(colour), np.uint64)
        np.add.at(around, sender, neighbour)  # sums wrap around, whatever their order
        finer = ranks(colour, around)
        if finer.max() == colour.max():  # classes are only ever split
            return colour
        colour = finer


def grouped(*columns: Int | Bits) -> tuple[Int, Int, Int]:
    """An order in which equal rows are neighbours, where each begins, and how many there are.

    Rows ascend by the first column, then by the others.
    """
    order = np.lexsort(columns[::-1])
    differs = np.logical_or.reduce([np.diff(column[order]) != 0 for column in columns])
    begin = np.flatnonzero(np.concatenate([[True], differs])[: len(order)])
    return order, begin, np.diff(np.append(begin, len(order)))


def ranks(first: Int, second: Bits) -> Int:
    """Rank of each pair among the distinct ones, by the first, then the second."""
    order, begin, count = grouped(first, second)
    found = np.empty(len(first), np.int64)
    found[order] = np.repeat(np.arange(len(begin)), count)
    return found


def mixed(bits: Bits) -> Bits:
    """A permutation of all numbers of 64 bits in which each bit depends on all."""
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))
