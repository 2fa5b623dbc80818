"""What a loader reads of a feature, and the columns that become of it. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.features.base import (
    CRYSTAL,
    DENSE_FORM,
    BatchColumns,
    Column,
    Featurizer,
    stored_columns,
)


@dataclass(frozen=True)
class Preparation:
    """How the stored fields of a feature become the columns of a loader.

    Attributes
    ----------
    featurizer
        The feature's featurizer, which decides it (`Featurizer.batch_columns`).
    as_stored
        Whether all stored fields are taken as they are, as batches of NumPy arrays hold them.
    """

    featurizer: Featurizer
    as_stored: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stored fields that are read."""
        if self.as_stored:
            return tuple(item.name for item in self.featurizer.fields)
        return self.featurizer.batch_fields

    @property
    def expands(self) -> bool:
        """Whether columns are the dense form, which may be much larger than what is stored."""
        return not self.as_stored and self.featurizer.batch_form == DENSE_FORM

    @property
    def derives(self) -> bool:
        """Whether the featurizer's own function computes the columns."""
        default = type(self.featurizer).batch_columns is Featurizer.batch_columns
        return not self.as_stored and not default

    def columns(self, stored: Mapping[str, Column]) -> BatchColumns:
        """Columns of any number of materials."""
        if self.as_stored:
            return stored_columns(self.featurizer, stored)
        return self.featurizer.batch_columns(stored)

    def bytes_per_material(
        self, lengths: Mapping[str, npt.NDArray[np.int64]], count: int
    ) -> npt.NDArray[np.int64]:
        """Bytes of the columns of each material, an estimate where they are derived, (count,).

        Parameters
        ----------
        lengths
            Entries of each material by ragged level of the stored fields.
        count
            Number of materials.
        """
        names = self.names
        total = np.zeros(count, dtype=np.int64)
        for field in self.featurizer.fields:
            if field.name in names:
                total += field.entry_bytes * (1 if field.level == CRYSTAL else lengths[field.level])
        if self.expands:
            entries = max(lengths.values(), key=lambda level: int(level.sum()), default=np.ones(1))
            dense = 4 * len(self.featurizer.labels()) * entries.astype(np.int64)
            total = np.maximum(total, dense)
        return total
