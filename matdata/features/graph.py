"""Crystal graphs: sites and their neighbours, with bases and angles expanded when read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Float, Int, Ragged
from matdata.core.errors import ConfigError
from matdata.core.ledger import Reject
from matdata.core.scheduler_names import WorkerKind
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.inputs import Copied
from matdata.geometry.gaussians import GAUSSIAN_BASES

if TYPE_CHECKING:
    from matdata.features.kernels.edges import Edges

COLUMNS = {
    "sender": "1",
    "receiver": "1",
    "image a": "1",
    "image b": "1",
    "image c": "1",
    "distance": "Å",
}
#: Reason and message by status of `kernels.edges`.
REASONS = (
    ("", ""),
    ("overlapping_atoms", "two sites lie within 0.001 Å of each other"),
    ("degenerate_lattice", "the lattice has no volume or is not finite"),
    ("no_sites", "the crystal has no sites"),
    ("bad_coordinates", "a fractional coordinate is not a number below a million"),
    ("too_many_neighbours", "a site has millions of neighbours within reach"),
    ("isolated_atom", "a site has no neighbour within the radius"),
    ("far_image", "a site lies tens of thousands of cells away from its neighbour"),
    ("too_many_sites", "a crystal has more than 65,536 sites, which edges cannot number"),
)
MOST = 1 << 15  # images are stored as int16


@dataclass(frozen=True)
class GraphSettings(Settings):
    """Which sites are neighbours, and how edges look when read."""

    radius: float = setting(5.0, "cutoff in Å; 0 for none", minimum=0.0)
    max_neighbours: int = setting(12, "nearest neighbours of a site; 0 for all", minimum=0)
    ties: str = setting(
        "keep",
        "neighbours as far as the last one: keep all, or drop all that exceed the limit",
        choices=("keep", "drop"),
    )
    tie: float = setting(1e-4, "distances that differ by less are equal, Å", minimum=0.0)
    isolated: str = setting(
        "reject", "sites without a neighbour: no feature, or no edges", choices=("reject", "keep")
    )
    images: str = setting(
        "all",
        "images of a neighbour within the radius: all, or the nearest of each other site",
        choices=("all", "nearest"),
        later=True,
    )
    cell: str = setting(
        "given",
        "cell whose sites these are: as given, or primitive, of which a crystal has one alone",
        choices=("given", "primitive"),
        later=True,
    )
    basis: str = setting(
        "none",
        "Gaussian basis of the distance in the dense form",
        choices=("none", *GAUSSIAN_BASES),
        view=True,
    )


def metric(lattice: Float) -> Float:
    """Scalar products a.a, b.b, c.c, b.c, a.c, a.b of lattice vectors, (n, 6) in Å^2."""
    products = lattice @ lattice.transpose(0, 2, 1)
    return np.stack(
        [products[:, i, k] for i, k in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))], 1
    )


class Graph(Featurizer[GraphSettings]):
    """Crystal graphs, directed: every site sends an edge to each of its neighbours.

    With a radius alone the graph is symmetric: each edge has its reverse. `max_neighbours` keeps
    the nearest ones. All neighbours that tie with the last one are kept (or all dropped, but never
    the first shell), so that a graph does not depend on how the crystal was written; a cut after
    exactly 12 does in most perovskites. Radius 0 gives the nearest neighbours however far.
    ``images=nearest`` is the binary adjacency of N sites (A. Ihalage and Y. Hao, Adv. Sci. 9,
    2200164, 2022, figure 1b): one edge to each other site, at the least distance, and none from a
    site to its own images; it depends on the cell, and a supercell has other edges. With
    ``cell=primitive`` each crystal is taken in its primitive cell (`symmetry.primitive`: moyopy,
    0.1 Å, no tolerance on angles), so that any cell of it gives the same edges; everything stored
    is of the sites of that cell then, and no input with the sites of the given one is read beside
    it. A crystal whose search fails has no feature.

    Stored are sender, receiver, image and distance of each edge, and of each crystal the metric
    ``a.a, b.b, c.c, b.c, a.c, a.b`` and of each site its element and place, from which angles
    follow. Bases: ``cgcnn`` (T. Xie and J. C. Grossman, PRL 120, 145301, 2018), ``megnet`` (also of
    Finder: 20 centres in [0, 5] Å, sigma 0.5), ``ocrystalnet``.
    """

    name: ClassVar[str] = "graph"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018)"
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = GraphSettings
    batch_form = "matdata.load.inputs.graph:GraphBatch"

    def __init__(self, settings: GraphSettings | None = None) -> None:
        super().__init__(settings)
        if self.settings.radius == 0 and self.settings.max_neighbours == 0:
            raise ConfigError("a graph needs a radius, max_neighbours, or both")
        if self.settings.images == "nearest" and self.settings.max_neighbours:
            raise ConfigError(
                "images=nearest keeps every site within the radius once; max_neighbours is "
                f"{self.settings.max_neighbours}",
                next_step="give max_neighbours=0 and a radius",
            )

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        """The compiler of the kernel, and the engine that finds primitive cells."""
        return ("numba", "moyopy") if self.settings.cell == "primitive" else ("numba",)

    @property
    def workers(self) -> WorkerKind:  # type: ignore[override]
        """Threads share compiled kernels; the search for primitive cells is no such kernel."""
        return "process" if self.settings.cell == "primitive" else "thread"

    @property
    def copied(self) -> Copied:  # type: ignore[override]
        """Edges alone are found as fast as they are read; primitive cells are not."""
        return "rows" if self.settings.cell == "primitive" else "shards"

    @property
    def cell_of_sites(self) -> str:
        """The cell of the setting."""
        return self.settings.cell

    @property
    def fields(self) -> tuple[Field, ...]:
        """Edges, and what angles need."""
        return (
            Field("sender", "edge", (), "uint16", "1", "site that the edge leaves"),
            Field("receiver", "edge", (), "uint16", "1", "neighbouring site"),
            Field("image", "edge", (3,), "int16", "1", "lattice translation of the neighbour"),
            Field("distance", "edge", (), "float32", "Å", "distance of the two sites"),
            Field("numbers", "site", (), "uint8", "1", "atomic number"),
            Field("place", "site", (3,), "float32", "1", "fractional coordinates"),
            Field("metric", "crystal", (6,), "float64", "Å^2", "a.a, b.b, c.c, b.c, a.c, a.b"),
        )

    def featurize(self, batch: FeatureInput) -> Block:
        """Find the neighbours of all sites of a batch, each in its cell or in the primitive one."""
        crystals = self.crystals(batch)
        if self.settings.cell == "given":
            return self._block(crystals)
        from matdata.symmetry.primitive import primitive_cells

        made = primitive_cells(crystals)
        block = self._block(made.crystals)
        return Block(made.rows[block.rows], block.fields, [*made.rejects, *block.rejects])

    def _block(self, batch: Crystals) -> Block:
        """The block of crystals in cells that stay as they are."""
        from matdata.features.kernels import edges as kernel  # compiled code

        edges = self.edges(batch)
        far = np.flatnonzero((np.abs(edges.ints[:, 2:]) >= MOST).any(axis=1))
        edges.status[np.searchsorted(edges.ends, far, side="right") - 1] = kernel.FAR_IMAGE
        rejects = [
            Reject(str(batch.ids[row]), "featurize", *REASONS[int(edges.status[row])])
            for row in np.flatnonzero(edges.status)
        ]
        rows = np.flatnonzero(edges.status == 0)
        columns: dict[str, tuple[npt.NDArray[Any], Int]] = {
            "sender": (edges.ints[:, 0].astype(np.uint16), edges.ends),
            "receiver": (edges.ints[:, 1].astype(np.uint16), edges.ends),
            "image": (edges.ints[:, 2:].astype(np.int16), edges.ends),
            "distance": (edges.distance.astype(np.float32), edges.ends),
            "numbers": (batch.numbers, batch.offsets),
            "place": (batch.frac_coords.astype(np.float32), batch.offsets),
        }
        ragged = {name: Ragged(values, offsets) for name, (values, offsets) in columns.items()}
        if rejects:
            ragged = {name: column.take(rows) for name, column in ragged.items()}
        return Block(rows, {**ragged, "metric": metric(batch.lattice[rows])}, rejects)

    def edges(self, crystals: Crystals) -> Edges:
        """Edges of all crystals, and the status of each."""
        from matdata.features.kernels.edges import nearest_images, neighbour_graph

        chosen = self.settings
        edges = neighbour_graph(
            crystals,
            chosen.radius,
            chosen.max_neighbours,
            chosen.tie,
            chosen.ties == "drop",
            chosen.isolated == "keep",
        )
        if chosen.images == "nearest":
            edges = nearest_images(crystals, edges, chosen.isolated == "keep")
        return edges

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """One float32 row an edge: the columns of `labels`."""
        columns = {name: item for name, item in fields.items() if isinstance(item, Ragged)}
        distance = columns["distance"]
        basis = self.settings.basis
        rows = np.empty((len(distance.values), len(self.labels())), dtype=np.float32)
        rows[:, 0], rows[:, 1] = columns["sender"].values, columns["receiver"].values
        rows[:, 2:5], rows[:, 5] = columns["image"].values, distance.values
        if basis != "none":
            rows[:, 6:] = GAUSSIAN_BASES[basis].expand(distance.values)
        return Ragged(rows, distance.offsets)

    def labels(self) -> Sequence[str]:
        """Sender, receiver, image, distance, then the functions of the basis."""
        basis = self.settings.basis
        centres: Float = GAUSSIAN_BASES[basis].centres if basis != "none" else np.empty(0)
        return [*COLUMNS, *(f"{basis} {centre:.4g}" for centre in centres)]

    def units(self) -> Sequence[str]:
        """Å for the distance."""
        return [*COLUMNS.values(), *["1"] * (len(self.labels()) - len(COLUMNS))]
