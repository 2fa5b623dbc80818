"""What a featurizer is: stored fields, a batch function, and the dense form it expands to.

A featurizer stores a tensor in its smallest exact form (`Field`, `Block`) and knows how to expand
it to the shape that its paper names (`dense`). Expansion uses NumPy and matdata's own tables
alone, so that a machine without chemistry packages can read every store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Ragged
from matdata.core.digest import digest_json
from matdata.core.ledger import Reject
from matdata.core.settings import Settings
from matdata.core.table_rows import TableRows

Column: TypeAlias = "npt.NDArray[Any] | Ragged"
Batch: TypeAlias = "Crystals | Compositions | TableRows"
Dense: TypeAlias = "npt.NDArray[Any] | Ragged"


@dataclass(frozen=True)
class Field:
    """One stored array of a feature.

    Attributes
    ----------
    name
        Name of the array in the store.
    level
        ``crystal``: one entry a crystal. Any other word names a ragged level (``site``, ``facet``,
        ``edge``), whose fields share their offsets.
    shape
        Inner shape of an entry.
    dtype
        NumPy dtype in the store.
    unit
        Physical unit, ``1`` when there is none.
    meaning
        What the numbers are.
    """

    name: str
    level: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    meaning: str

    @property
    def entry_bytes(self) -> int:
        """Bytes of one entry."""
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class Block:
    """The result of featurizing a batch.

    Attributes
    ----------
    rows : (k,) int64
        Positions in the batch that succeeded, ascending.
    fields
        For each stored field an array of length `k`, or a `Ragged` of `k` rows.
    rejects
        One ledger row for each position that is not in `rows`.
    """

    rows: npt.NDArray[np.int64]
    fields: Mapping[str, Column]
    rejects: list[Reject] = field(default_factory=list)


class Featurizer(ABC):
    """Base of all featurizers; `features/ofm.py` is one to copy from.

    A subclass sets the class attributes, names its stored `fields`, and implements `featurize`
    (a batch to a `Block`) and `dense` (stored fields to the paper's shape).
    """

    name: ClassVar[str]
    version: ClassVar[str]
    citation: ClassVar[str]
    #: What `featurize` is given: `Crystals`, `Compositions`, or `TableRows` of `columns`.
    requires: ClassVar[Literal["structure", "composition", "columns"]]
    Settings: ClassVar[type[Settings]] = Settings
    #: How workers share the work: compiled kernels release the GIL, Python code does not.
    workers: ClassVar[Literal["thread", "process"]] = "thread"
    #: Crystals handed to one call of `featurize` by a build.
    batch_rows: ClassVar[int] = 512
    #: Most crystals in one shard: what a killed build may have to do again.
    shard_rows: ClassVar[int] = 16384

    def __init__(self, settings: Any = None) -> None:
        self.settings: Any = settings if settings is not None else self.Settings()

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The arrays that are stored."""

    @abstractmethod
    def featurize(self, batch: Any) -> Block:
        """Featurize a batch; a crystal that fails is a `Reject`, never a NaN."""

    @abstractmethod
    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Expand stored fields of any number of crystals to the dense form."""

    @abstractmethod
    def labels(self) -> Sequence[str]:
        """Names of the columns of the dense form."""

    def units(self) -> Sequence[str]:
        """Units of the columns of the dense form; ``1`` where there is none."""
        return ["1"] * len(self.labels())

    def columns(self) -> tuple[str, ...]:
        """Columns of the table that it reads, where it requires ``columns``."""
        return ()

    def for_units(self, units: Mapping[str, str]) -> Self:
        """The featurizer for a table whose columns have these units; itself if it reads none."""
        return self

    @property
    def spec(self) -> str:
        """The name a user types: ``name``, or ``name:variant`` for a family."""
        variant = getattr(self.settings, "variant", None)
        return f"{self.name}:{variant}" if variant else self.name

    def identity(self) -> dict[str, Any]:
        """What a store of this feature depends on, beside the dataset."""
        return {
            "featurizer": self.name,
            "version": self.version,
            "settings": self.settings.identity(),
        }

    def digest(self) -> str:
        """SHA-256 (hex) of `identity`."""
        return digest_json(self.identity())

    def describe(self) -> dict[str, Any]:
        """Schema for the manifest: identity, citation and fields."""
        return {
            **self.identity(),
            "citation": self.citation,
            "requires": self.requires,
            "fields": [asdict(item) for item in self.fields],
        }
