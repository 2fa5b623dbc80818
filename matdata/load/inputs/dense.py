"""Features that have no expansion on the device: dense float32, made once on the host."""

from __future__ import annotations

from torch import Tensor

from matdata.load.inputs.base import Input


class DenseInput(Input):
    """Dense float32 numbers: ``values`` (b, d), or (entries, d) with ``offsets["row"]``.

    Magpie, Voronoi attributes, lattices, space groups, and every featurizer of a plugin.
    """

    @property
    def values(self) -> Tensor:
        """Numbers of each material (or entry), float32."""
        return self.fields["values"]

    def dense(self) -> Tensor:
        """`values`."""
        return self.values
