"""What an opened dataset and an opened feature are, wherever they lie: in a store or in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Reject
from matdata.features.base import Column, Dense, Featurizer


class FieldsLike(Protocol):
    """Stored fields of the materials that have a feature."""

    def lengths(self, level: str) -> npt.NDArray[np.int64]:
        """Entries (n,) of each material at a ragged level."""

    def read(
        self, names: Sequence[str], positions: npt.NDArray[np.int64] | None = None
    ) -> dict[str, Column]:
        """Some fields of some materials, or of all."""


class FeatureLike(Protocol):
    """An opened feature: `matdata.features.feature.Feature`, or one of materials in memory."""

    @property
    def featurizer(self) -> Featurizer:
        """What made it, with its settings."""

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Rows (k,) of the dataset that have it, ascending."""

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """Ids (k,) of the materials that have it."""

    @property
    def arrays(self) -> FieldsLike:
        """Its stored fields."""

    def dense(self, ids: Sequence[str]) -> Dense:
        """The dense form of some materials."""

    def rejects(self) -> list[Reject]:
        """Materials that could not be featurized, each with its reason."""


class DatasetLike(Protocol):
    """An opened dataset: `matdata.Dataset`, or materials in memory with their features."""

    @property
    def ref(self) -> str:
        """Exact reference, or what messages call it."""

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """Material ids (n,) in the order of the rows."""

    @property
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """The table."""

    @property
    def units(self) -> Mapping[str, str]:
        """Units of its columns."""

    def rows(self, ids: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
        """Rows (m,) of m materials; an error names those that are not there."""

    def feature(self, spec: str, **settings: object) -> FeatureLike:
        """An opened feature."""
