"""Ward's Voronoi attributes: 128 of the structure and 145 of the composition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.settings import Settings
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.intermediates import Intermediate
from matdata.features.magpie import (
    COMPOSITION_FIELDS,
    CompositionSettings,
    compose,
    composition_labels,
    composition_units,
    dense_compositions,
)
from matdata.features.tessellating import TESSELLATION
from matdata.tables import magpie

STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev")
WIDTH = 18 + len(STATISTICS) * len(magpie.PROPERTIES)


class Voronoi(Featurizer[CompositionSettings]):
    """Voronoi attributes (L. Ward et al., Phys. Rev. B 96, 024104, 2017), 273 columns.

    In the order and with the labels of matminer's featurizers: effective coordination number (5),
    heterogeneity of bond lengths and cell volumes (9), chemical ordering of three neighbour shells
    (3), maximum packing efficiency (1), local differences of 22 elemental properties (110); then
    the 145 attributes of the composition, as `magpie` has them. Neighbours count by the area of
    the facet between the two cells.

    The 128 structure attributes are stored, and the composition; `dense` computes the rest.

    Notes
    -----
    Here cells are those of the infinite crystal. matminer tessellates the atoms within 13 Å of
    those in the unit cell: where a cell reaches farther it fails, or is wrong without notice (CsCl
    blown up to 14 Å). It also fails if a coordinate lies outside the unit cell, be it by round-off
    (-1e-17), and gives a crystal whose sites were reordered the neighbours of the one before.
    Facets below 1e-10 of a cell's largest, which come from round-off, have no weight here and
    nearly none there.
    """

    name: ClassVar[str] = "voronoi"
    version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    citation: ClassVar[str] = (
        "Ward et al., Phys. Rev. B 96, 024104 (2017), doi:10.1103/PhysRevB.96.024104"
    )
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = CompositionSettings

    @property
    def fields(self) -> tuple[Field, ...]:
        """Structure attributes, the composition, and whether it can be an ionic compound."""
        meaning = "structure attributes, in the order of the labels"
        structure = Field("structure", "crystal", (WIDTH,), "float64", "1", meaning)
        return (structure, *COMPOSITION_FIELDS)

    @property
    def intermediates(self) -> tuple[Intermediate[object], ...]:
        """The tessellation."""
        return (TESSELLATION,)

    def featurize(self, batch: FeatureInput) -> Block:
        """Tessellate a batch and summarise the cells of each crystal."""
        from matdata.features.kernels.ward import structure_attributes  # compiled, loaded when used

        batch = self.crystals(batch)
        cells = TESSELLATION.of(batch)
        done = np.flatnonzero(cells.status == 0)
        compositions = Compositions.from_crystals(batch).take(done)
        block = compose(compositions, self.settings.unknown == "reject")
        rows = done[block.rows]
        attributes = structure_attributes(batch, cells, rows, magpie.properties())
        fields = {"structure": attributes, **block.fields}
        return Block(rows, fields, block.rejects + cells.rejects(batch))

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The 273 attributes of each crystal, (n, 273) float64."""
        structure = cast(npt.NDArray[Any], fields["structure"])
        return np.hstack([structure, dense_compositions(fields)])

    def labels(self) -> Sequence[str]:
        """matminer's labels in matminer's order."""
        differences = [
            f"{statistic} local difference in {name}"
            for name in magpie.PROPERTIES
            for statistic in STATISTICS
        ]
        return [
            *(f"{statistic} CN_VoronoiNN" for statistic in STATISTICS),
            "mean absolute deviation in relative bond length",
            "max relative bond length",
            "min relative bond length",
            *(f"{statistic} neighbor distance variation" for statistic in STATISTICS),
            "mean absolute deviation in relative cell size",
            *(f"mean ordering parameter shell {shell}" for shell in (1, 2, 3)),
            "max packing efficiency",
            *differences,
            *composition_labels(),
        ]

    def units(self) -> Sequence[str]:
        """Units of the elemental properties; none for the other columns."""
        differences = [unit for unit in magpie.UNITS.values() for _ in STATISTICS]
        return ["1"] * 18 + differences + composition_units()
