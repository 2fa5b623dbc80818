"""Features that have no expansion on the device: dense float32, computed once on the host."""

from __future__ import annotations

from torch import Tensor

from matdata.load.inputs.base import BatchForm


class DenseBatch(BatchForm):
    """Dense float32 numbers: the form of every featurizer that declares none of its own.

    Magpie, Voronoi attributes, lattices, space groups. `values` is (b, d), or (entries, d) with
    ``segments["row"]`` where materials have several rows; units are those of `Featurizer.units`.
    """

    @property
    def values(self) -> Tensor:
        """Numbers of each material, (b, d), or of each row, (entries, d), float32."""
        return self.fields["values"]

    def dense(self) -> Tensor:
        """`values`."""
        return self.values
