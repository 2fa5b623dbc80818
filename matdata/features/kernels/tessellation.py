"""What `voronoi.tessellate` returns; needs no numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals, Float, Int
    from matdata.core.ledger import Reject

OK, OVERLAPPING, FLAT_LATTICE, NOT_CLOSED, NO_SITES, TOO_SPARSE, COORDINATES = range(7)
#: Reason code and explanation of each status.
REASONS: dict[int, tuple[str, str]] = {
    OVERLAPPING: ("overlapping_atoms", "two sites lie within 0.001 Å of each other"),
    FLAT_LATTICE: ("degenerate_lattice", "the lattice has no volume or is not finite"),
    NOT_CLOSED: ("voronoi_not_closed", "round-off left a Voronoi cell open or inconsistent"),
    NO_SITES: ("no_sites", "the crystal has no sites"),
    TOO_SPARSE: ("voronoi_too_sparse", "a Voronoi cell has millions of neighbours within reach"),
    COORDINATES: ("bad_coordinates", "a fractional coordinate is not a number below a million"),
}


@dataclass(frozen=True, eq=False)
class Tessellation:
    """Voronoi facets as columns, by site and then by distance, neighbour and image.

    Distances within 1e-8 Å count as equal in that order. Facets below 1e-10 of their cell's
    largest area (and below 1e-10 sr) are left out: they come from round-off, where a bisector
    only touches a vertex or an edge. The two sides of a facet have bitwise equal values.

    Attributes
    ----------
    neighbour : (F,) int32
        Index of the neighbouring site within its crystal.
    image : (F, 3) int32
        Lattice translation: the neighbour lies at ``frac_coords[neighbour] + image``.
    distance : (F,) float64, Å
        Distance between the two sites.
    area : (F,) float64, Å²
        Area of the facet.
    solid_angle : (F,) float64, sr
        Solid angle of the facet seen from the site.
    n_vertices : (F,) int32
        Distinct corners of the facet.
    facet_offsets : (N + 1,) int64
        Site `i` has the facets ``facet_offsets[i]:facet_offsets[i + 1]``.
    cell_volume : (N,) float64, Å³
        Volume of each site's cell; 0 in crystals that failed.
    status : (n,) int8
        0, or the key of `REASONS` by which a crystal failed; it has no facets then.
    """

    neighbour: npt.NDArray[np.int32]
    image: npt.NDArray[np.int32]
    distance: Float
    area: Float
    solid_angle: Float
    n_vertices: npt.NDArray[np.int32]
    facet_offsets: Int
    cell_volume: Float
    status: npt.NDArray[np.int8]

    @property
    def volume(self) -> Float:
        """Volume of the pyramid of each facet in Å³, (F,)."""
        return self.area * self.distance / 6.0

    @property
    def facet_site(self) -> Int:
        """For each facet the row of its site, (F,)."""
        counts = np.diff(self.facet_offsets)
        return np.repeat(np.arange(len(counts), dtype=np.int64), counts)

    def rejects(self, crystals: Crystals) -> list[Reject]:
        """A ledger row for each crystal that failed."""
        # here: kernels import this module, and are compiled anew when what it imports changes
        from matdata.core.ledger import Reject

        return [
            Reject(str(crystals.ids[row]), "featurize", *REASONS[int(self.status[row])])
            for row in np.flatnonzero(self.status)
        ]
