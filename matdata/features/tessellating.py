"""The Voronoi tessellation of a batch, shared by the features that read it."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.core.crystals import Crystals
from matdata.features.intermediates import Intermediate
from matdata.features.kernels.tessellation import Tessellation


@dataclass(frozen=True)
class Tessellating(Intermediate[Tessellation]):
    """The Voronoi cells of all sites of a batch, crystal by crystal."""

    def compute(self, batch: Crystals) -> Tessellation:
        """Tessellate a batch."""
        from matdata.features.kernels.voronoi import tessellate  # compiled code, loaded when used

        return tessellate(batch)


TESSELLATION = Tessellating()
