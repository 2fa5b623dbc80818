"""Facets of every site's Voronoi cell: the neighbours of a crystal without a cutoff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Ragged
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.intermediates import Intermediate
from matdata.features.kernels.tessellation import Tessellation
from matdata.features.tessellating import TESSELLATION

COLUMNS = {
    "site": "1",
    "neighbour": "1",
    "image_a": "1",
    "image_b": "1",
    "image_c": "1",
    "distance": "Å",
    "area": "Å^2",
    "solid_angle": "sr",
}


class VoronoiFacets(Featurizer):
    """Voronoi facets as a table (M. O'Keeffe, Acta Cryst. A 35, 772, 1979).

    Stored are, for each facet, the neighbouring site, the translation of its image and float32
    measures: they come with a relative error of 6e-8, far below that of any structure, and exact
    distances follow from coordinates and images. Cell volumes stay float64, so that their sum is
    the volume of the cell. Facets are sorted by site, then by distance (to 1e-8 Å), neighbour and
    image; `n_facets` says how many belong to each site.

    The dense form has one row a facet: site, neighbour, image (3), distance, area, solid angle.
    """

    name: ClassVar[str] = "voronoi-facets"
    version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    citation: ClassVar[str] = "O'Keeffe, Acta Cryst. A 35, 772 (1979)"
    requires = frozenset({"structure"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """Facet columns, and facet counts and volumes of the sites."""
        return (
            Field("neighbour", "facet", (), "int32", "1", "index of the neighbour in its crystal"),
            Field("image", "facet", (3,), "int32", "1", "lattice translation of the neighbour"),
            Field("distance", "facet", (), "float32", "Å", "distance of the two sites"),
            Field("area", "facet", (), "float32", "Å^2", "area of the facet"),
            Field("solid_angle", "facet", (), "float32", "sr", "solid angle seen from the site"),
            Field("n_facets", "site", (), "int32", "1", "number of facets of the site's cell"),
            Field("cell_volume", "site", (), "float64", "Å^3", "volume of the site's cell"),
        )

    @property
    def intermediates(self) -> tuple[Intermediate[object], ...]:
        """The tessellation."""
        return (TESSELLATION,)

    def featurize(self, batch: FeatureInput) -> Block:
        """Tessellate a batch."""
        batch = self.crystals(batch)
        cells = TESSELLATION.of(batch)
        done = np.flatnonzero(cells.status == 0)
        columns: dict[str, npt.NDArray[Any]] = {
            "n_facets": np.diff(cells.facet_offsets).astype(np.int32),
            "cell_volume": cells.cell_volume,
        }
        fields: dict[str, Column] = {
            name: Ragged(column, batch.offsets).take(done) for name, column in columns.items()
        }
        fields |= _facet_fields(cells, batch, done)
        return Block(done, fields, cells.rejects(batch))

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """One float64 row a facet with the columns of `labels`."""
        columns = {name: column for name, column in fields.items() if isinstance(column, Ragged)}
        counts, facets = columns["n_facets"], columns["neighbour"]
        sites = np.arange(len(counts.values)) - np.repeat(counts.offsets[:-1], counts.lengths)
        rows = np.empty((len(facets.values), len(COLUMNS)))
        rows[:, 0] = np.repeat(sites, counts.values)
        rows[:, 1] = facets.values
        rows[:, 2:5] = columns["image"].values
        for place, name in enumerate(("distance", "area", "solid_angle"), start=5):
            rows[:, place] = columns[name].values
        return Ragged(rows, facets.offsets)

    def labels(self) -> Sequence[str]:
        """Names of the columns."""
        return list(COLUMNS)

    def units(self) -> Sequence[str]:
        """Units of the columns."""
        return list(COLUMNS.values())


def _facet_fields(
    cells: Tessellation, batch: Crystals, done: npt.NDArray[np.int64]
) -> dict[str, Ragged]:
    """Facet columns of the crystals that succeeded, in the types that are stored."""
    offsets = cells.facet_offsets[batch.offsets]
    columns: dict[str, npt.NDArray[Any]] = {
        "neighbour": cells.neighbour,
        "image": cells.image,
        "distance": cells.distance.astype(np.float32),
        "area": cells.area.astype(np.float32),
        "solid_angle": cells.solid_angle.astype(np.float32),
    }
    return {name: Ragged(column, offsets).take(done) for name, column in columns.items()}
