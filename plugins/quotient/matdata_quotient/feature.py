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
from matdata_quotient.partition import Int, equivalent_sites


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
        chosen = self.settings
        settings = {"radius": chosen.radius, "max_neighbours": chosen.max_neighbours}
        graph = featurizer("graph", {**settings, "isolated": chosen.isolated}).featurize(batch)
        columns = {
            name: column for name, column in graph.fields.items() if isinstance(column, Ragged)
        }
        sites, links = columns["numbers"], columns["sender"]
        crystal = np.repeat(np.arange(len(sites)), sites.lengths)
        begin = np.repeat(sites.offsets[:-1], links.lengths)
        sender, receiver = (
            columns[name].values.astype(np.int64) + begin for name in ("sender", "receiver")
        )
        length = np.rint(columns["distance"].values / chosen.resolution).astype(np.int64)
        numbers = sites.values.astype(np.int64)
        classes = equivalent_sites(crystal, numbers, sender, receiver, length)
        _, first, multiplicity = np.unique(classes, return_index=True, return_counts=True)
        edges = _quotient(classes, first, sender, receiver, length)
        nodes = _offsets(crystal[first], len(sites))
        owner = crystal[first][edges.sender]
        offsets, base = _offsets(owner, len(sites)), nodes[owner]
        distance = edges.length * chosen.resolution
        fields: dict[str, Column] = {
            "sender": Ragged((edges.sender - base).astype(np.uint16), offsets),
            "receiver": Ragged((edges.receiver - base).astype(np.uint16), offsets),
            "distance": Ragged(distance.astype(np.float32), offsets),
            "count": Ragged(edges.copies.astype(np.int32), offsets),
            "numbers": Ragged(sites.values[first], nodes),
            "multiplicity": Ragged(multiplicity.astype(np.int32), nodes),
        }
        return Block(graph.rows, fields, graph.rejects)

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


def _quotient(classes: Int, first: Int, sender: Int, receiver: Int, length: Int) -> _Edges:
    """The edges of the first site of each class, by the class of the neighbour and length."""
    represents = np.zeros(len(classes), dtype=bool)
    represents[first] = True
    kept = represents[sender]
    columns = classes[sender[kept]], classes[receiver[kept]], length[kept]
    order = np.lexsort(columns[::-1])
    rows = np.stack(columns)[:, order]
    new = np.flatnonzero(np.concatenate([[True], (np.diff(rows) != 0).any(0)])[: rows.shape[1]])
    count = np.diff(np.concatenate([new, [rows.shape[1]]]))
    ends = rows[:, new]
    return _Edges(ends[0], ends[1], ends[2], count)


def _offsets(owner: Int, size: int) -> npt.NDArray[np.int64]:
    """Where the entries of each crystal begin, (size + 1,), by the owner of each entry."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=size))]).astype(np.int64)
