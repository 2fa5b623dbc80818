"""The feature ``quotient-graph``: a crystal graph with each class of equivalent sites once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.plugin import (
    Block,
    Column,
    Dense,
    FeatureInput,
    Featurizer,
    Field,
    Ragged,
    Settings,
    featurizer,
    setting,
)
from matdata_quotient.partition import Int, equivalent_sites, grouped


@dataclass(frozen=True)
class QuotientGraphSettings(Settings):
    """Which sites are neighbours (as of `graph`), and which distances are equal."""

    radius: float = setting(0.0, "cutoff in Å; 0 for none", minimum=0.0)
    max_neighbours: int = setting(
        12, "nearest neighbours of a site, and ties; 0 for all", minimum=0
    )
    isolated: str = setting(
        "reject", "sites without a neighbour: no feature, or no edges", choices=("reject", "keep")
    )
    resolution: float = setting(
        2.0**-12, "distances are rounded to multiples of this, Å", minimum=1e-6, maximum=0.1
    )


class Neighbours(NamedTuple):
    """Sites and edges of several crystals, before equal ones are joined.

    `crystal` and `numbers` (N,); `sender`, `receiver` among all sites, rounded
    `length` in multiples of the resolution, and `owner`, the crystal, (E,).
    """

    crystal: Int
    numbers: Int
    sender: Int
    receiver: Int
    length: Int
    owner: Int


class _Edges(NamedTuple):
    """Distinct edges between classes, ascending by all columns, and how many each stands for."""

    sender: Int
    receiver: Int
    length: Int
    copies: Int


class QuotientGraph(Featurizer[QuotientGraphSettings]):
    """The quotient of a crystal graph by its equivalent sites.

    Sites of one orbit of the space group (and any others that look alike to message passing, see
    `partition`) are one node with a multiplicity, and edges between two nodes of one length are
    one edge with a count. A network of elements and distances whose sums and means are weighted by
    them computes what it would of all sites, with the work of the asymmetric unit alone, as
    R. Ruff et al. propose. Distances are rounded first, for those that symmetry makes equal differ
    in their last bits; sites of an imprecise structure that are not equivalent to this resolution
    are nodes of their own.
    """

    name: ClassVar[str] = "quotient-graph"
    version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    citation: ClassVar[str] = (
        "Ruff, Reiser, Stühmer and Friederich, Digital Discovery 3, 594 (2024)"
    )
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = QuotientGraphSettings
    batch_form = "matdata_quotient.batch:QuotientGraphBatch"

    @property
    def fields(self) -> tuple[Field, ...]:
        """Nodes and edges."""
        return (
            Field("sender", "edge", (), "uint16", "1", "node whose neighbour the edge names"),
            Field("receiver", "edge", (), "uint16", "1", "neighbouring node"),
            Field("distance", "edge", (), "float32", "Å", "distance of the two, rounded"),
            Field("count", "edge", (), "int32", "1", "edges of a site of the sender's class"),
            Field("numbers", "node", (), "uint8", "1", "atomic number"),
            Field("multiplicity", "node", (), "int32", "1", "sites of the class"),
        )

    def featurize(self, batch: FeatureInput) -> Block:
        """Find the neighbours of all sites, then the classes of sites."""
        found = graphs(self.settings, batch)
        size, whole = len(found.rows), neighbours(found, self.settings.resolution)
        classes = equivalent_sites(
            whole.crystal, whole.numbers, whole.sender, whole.receiver, whole.length
        )
        _, first, multiplicity = np.unique(classes, return_index=True, return_counts=True)
        edges = _quotient(classes, first, whole)
        nodes = offsets_of_owners(whole.crystal[first], size)
        owner = whole.crystal[first][edges.sender]
        offsets, base = offsets_of_owners(owner, size), nodes[owner]
        distance = edges.length * self.settings.resolution
        fields: dict[str, Column] = {
            "sender": Ragged((edges.sender - base).astype(np.uint16), offsets),
            "receiver": Ragged((edges.receiver - base).astype(np.uint16), offsets),
            "distance": Ragged(distance.astype(np.float32), offsets),
            "count": Ragged(edges.copies.astype(np.int32), offsets),
            "numbers": Ragged(whole.numbers[first].astype(np.uint8), nodes),
            "multiplicity": Ragged(multiplicity.astype(np.int32), nodes),
        }
        return Block(found.rows, fields, found.rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """One float32 row an edge: the columns of `labels`."""
        columns = {name: item for name, item in fields.items() if isinstance(item, Ragged)}
        parts = [columns[name].values.astype(np.float32) for name in self.labels()]
        return Ragged(np.stack(parts, 1), columns["distance"].offsets)

    def labels(self) -> Sequence[str]:
        """Sender, receiver, distance, count."""
        return ["sender", "receiver", "distance", "count"]

    def units(self) -> Sequence[str]:
        """Å for the distance."""
        return ["1", "1", "Å", "1"]


def graphs(settings: QuotientGraphSettings, batch: FeatureInput) -> Block:
    """The feature `graph` of all sites."""
    chosen = {name: getattr(settings, name) for name in ("radius", "max_neighbours", "isolated")}
    return featurizer("graph", chosen).featurize(batch)


def neighbours(found: Block, resolution: float) -> Neighbours:
    """All sites and edges of what `graphs` found."""
    columns = {name: column for name, column in found.fields.items() if isinstance(column, Ragged)}
    sites, links = columns["numbers"], columns["sender"]
    crystal, owner = (np.repeat(np.arange(len(one)), one.lengths) for one in (sites, links))
    begin = sites.offsets[:-1][owner]
    sender, receiver = (
        columns[name].values.astype(np.int64) + begin for name in ("sender", "receiver")
    )
    length = np.rint(columns["distance"].values / resolution).astype(np.int64)
    return Neighbours(crystal, sites.values.astype(np.int64), sender, receiver, length, owner)


def _quotient(classes: Int, first: Int, whole: Neighbours) -> _Edges:
    """The edges of the first site of each class, by the class of the neighbour and length."""
    kept = np.isin(np.arange(len(classes)), first)[whole.sender]
    columns = classes[whole.sender[kept]], classes[whole.receiver[kept]], whole.length[kept]
    order, begin, count = grouped(*columns)
    sender, receiver, length = (column[order[begin]] for column in columns)
    return _Edges(sender, receiver, length, count)


def offsets_of_owners(owner: Int, size: int) -> npt.NDArray[np.int64]:
    """Where the entries of each crystal begin, (size + 1,), by the owner of each entry."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=size))]).astype(np.int64)
