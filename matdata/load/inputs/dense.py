"""Features that have no expansion on the device: dense float32, made once on the host."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from matdata.crystals import Ragged
from matdata.features.base import Column, Featurizer
from matdata.load.inputs.base import Input


class DenseInput(Input):
    """Dense float32 numbers: ``values`` (b, d), or (entries, d) with ``offsets["row"]``.

    Magpie, Voronoi attributes, lattices, space groups, and every featurizer of a plugin.
    """

    @classmethod
    def prepare(cls, featurizer: Featurizer, stored: Mapping[str, Column]) -> dict[str, Column]:
        """The dense form."""
        dense = featurizer.dense(stored)
        if isinstance(dense, Ragged):
            return {"values": Ragged(dense.values.astype(np.float32), dense.offsets)}
        return {"values": np.asarray(dense, dtype=np.float32)}

    @classmethod
    def levels(cls, featurizer: Featurizer) -> dict[str, str]:
        """``crystal`` or ``row``, as the stored fields of the featurizer suggest."""
        ragged = any(field.level not in ("crystal", "element") for field in featurizer.fields)
        return {"values": "row" if ragged else "crystal"}

    @property
    def values(self) -> Tensor:
        """Numbers of each material (or entry), float32."""
        return self.fields["values"]

    def dense(self) -> Tensor:
        """`values`."""
        return self.values
