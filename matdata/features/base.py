"""What a featurizer is: stored fields, a batch function, and the dense form it expands to.

A featurizer stores a tensor in its smallest exact form (`Field`, `Block`) and knows how to expand
it to the shape that its paper names (`dense`). Expansion uses NumPy and matdata's own tables
alone, so that a machine without chemistry packages can read every store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Ragged, offsets_of
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import FeatureError
from matdata.core.ledger import Reject
from matdata.core.scheduler_names import WorkerKind
from matdata.core.settings import Settings
from matdata.core.table_rows import TableRows
from matdata.features.fields import Field as Field
from matdata.features.inputs import KINDS, Copied, RecordColumns, Requirement
from matdata.features.inputs import FeatureInput as FeatureInput
from matdata.features.intermediates import Intermediate

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    #: `Featurizer` alone means `Featurizer[Settings]`: one with any settings.
    S_co = TypeVar("S_co", bound=Settings, default=Settings, covariant=True)
else:
    from typing import TypeVar

    S_co = TypeVar("S_co", bound=Settings, covariant=True)

Column: TypeAlias = "npt.NDArray[Any] | Ragged"
Dense: TypeAlias = "npt.NDArray[Any] | Ragged"
#: What a loader holds of a feature: the level and the values of each column, by name.
BatchColumns: TypeAlias = "Mapping[str, tuple[str, Column]]"

#: The level that has one entry per material.
CRYSTAL = "crystal"
#: The level of the rows of a dense form that has several per material.
ROW = "row"
#: The batch form of a featurizer that declares none: dense float32 numbers.
DENSE_FORM = "matdata.load.inputs.dense:DenseBatch"


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


class Featurizer(ABC, Generic[S_co]):
    """Base of all featurizers, generic in the settings; `features/ofm.py` is one to copy from.

    A subclass sets the class attributes, names its stored `fields`, and implements `featurize`
    (a batch to a `Block`) and `dense` (stored fields to the paper's shape)::

        class OrbitalField(Featurizer[OrbitalFieldSettings]):
            Settings = OrbitalFieldSettings
    """

    name: ClassVar[str]
    version: ClassVar[str]
    citation: ClassVar[str]
    #: What `featurize` is given: `Crystals` for ``structure``, `Compositions` for ``composition``,
    #: `TableRows` of `columns` for ``columns``; `RecordColumns` of all of these for several.
    requires: ClassVar[frozenset[Requirement]]
    Settings: ClassVar[type[Settings]] = Settings
    #: How workers share the work: compiled kernels release the GIL, Python code does not.
    workers: ClassVar[WorkerKind] = "thread"
    batch_rows: ClassVar[int] = 512  #: Crystals handed to one call of `featurize` by a build.
    shard_rows: ClassVar[int] = 16384  #: Most in one shard: what a killed build may do again.
    #: Whether values depend on nothing but what is given of a material, so that those of older
    #: versions of the dataset serve; False for one that reads ids or is fitted on the dataset.
    reusable: ClassVar[bool] = True
    copied: ClassVar[Copied] = "rows"  #: From older versions, as computing is slower.
    #: Distributions that computing it needs, and that its values depend on.
    packages: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: S_co | None = None) -> None:
        #: The settings that it was made with.
        self.settings: S_co = cast(S_co, self.Settings()) if settings is None else settings

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The arrays that are stored."""

    @abstractmethod
    def featurize(self, batch: FeatureInput) -> Block:
        """Featurize a batch; a crystal that fails is a `Reject`, never a NaN.

        A batch is what `requires` says; `crystals`, `compositions` and `table` narrow its type.
        """

    def crystals(self, batch: FeatureInput) -> Crystals:
        """The batch, which holds structures.

        Raises
        ------
        FeatureError
            If it holds anything else.
        """
        columns = batch.crystals if isinstance(batch, RecordColumns) else batch
        if isinstance(columns, Crystals):
            return columns
        raise FeatureError(f"{self.spec} needs structures, got {KINDS[type(batch)]}")

    def compositions(self, batch: FeatureInput) -> Compositions:
        """The batch, which holds compositions.

        Raises
        ------
        FeatureError
            If it holds anything else.
        """
        columns = batch.compositions if isinstance(batch, RecordColumns) else batch
        if isinstance(columns, Compositions):
            return columns
        raise FeatureError(
            f"{self.spec} needs compositions, got {KINDS[type(batch)]}",
            next_step="take those of the structures: Compositions.from_crystals(crystals)",
        )

    def materials(self, batch: FeatureInput) -> Crystals | Compositions:
        """The batch, which holds structures or compositions; structures if both.

        Raises
        ------
        FeatureError
            If it holds rows of a table.
        """
        columns: object = batch
        if isinstance(batch, RecordColumns):
            columns = batch.compositions if batch.crystals is None else batch.crystals
        if isinstance(columns, (Crystals, Compositions)):
            return columns
        held = KINDS[type(batch)]
        raise FeatureError(f"{self.spec} needs structures or compositions, got {held}")

    def table(self, batch: FeatureInput) -> TableRows:
        """The cells of `columns` for the materials of the batch.

        Raises
        ------
        FeatureError
            If the materials have no table.
        """
        columns = batch.table if isinstance(batch, RecordColumns) else batch
        if isinstance(columns, TableRows):
            return columns
        raise FeatureError(
            f"{self.spec} reads a column of a dataset's table, which structures and formulas "
            "given by themselves do not have",
            next_step=f"build a dataset whose table has {', '.join(self.columns())}",
        )

    @abstractmethod
    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Expand stored fields of any number of crystals to the dense form."""

    @abstractmethod
    def labels(self) -> Sequence[str]:
        """Names of the columns of the dense form."""

    def units(self) -> Sequence[str]:
        """Units of the columns of the dense form; ``1`` where there is none."""
        return ["1"] * len(self.labels())

    @property
    def cell_of_sites(self) -> str | None:
        """Which cell of a material its rows of level ``site`` are of: the one that is given.

        None if readers get no row per site: nothing of that level is stored, or the batch form is
        one row per material. Inputs whose sites are of different cells are not loaded together.
        """
        return "given" if any(field.level == "site" for field in self.fields) else None

    def columns(self) -> tuple[str, ...]:
        """Columns of the table that it reads, where it requires ``columns``."""
        return ()

    @property
    def intermediates(self) -> tuple[Intermediate[object], ...]:
        """Intermediates that `featurize` reads and others may read, too: computed once for all.

        Features that declare an equal one and are built together share a pass over the dataset.
        """
        return ()

    def for_units(self, units: Mapping[str, str]) -> Self:
        """The featurizer for a table whose columns have these units; itself if it reads none."""
        return self

    @property
    def batch_form(self) -> str:
        """Class that a batch of tensors holds for this feature, ``"package.module:Class"``.

        A subclass of `matdata.load.inputs.base.BatchForm`, imported by loaders of tensors alone;
        a class attribute, or a property if it depends on settings. The default: the dense form.
        """
        return DENSE_FORM

    @property
    def batch_fields(self) -> tuple[str, ...]:
        """Names of the stored fields that `batch_columns` reads: all, unless declared."""
        return tuple(item.name for item in self.fields)

    @property
    def counted(self) -> Mapping[str, str]:
        """Ragged levels of which not the entries but their number is stored.

        By level, the field of level ``crystal`` that holds how many entries a material has. A
        batch has segments for such a level, budgets can limit its entries, and the batch form
        makes them.
        """
        return {}

    def batch_columns(self, fields: Mapping[str, Column]) -> BatchColumns:
        """What a loader holds of any number of materials, by name with its level; without torch.

        A featurizer with a `batch_form` of its own has its stored fields as they are, others
        ``values``, the dense form as float32, of level ``row`` where materials have several rows.
        Columns of one level have the same lengths. Each material's must not depend on which
        others are read with it. `fields` are those named by `batch_fields`.
        """
        if self.batch_form != DENSE_FORM:
            return stored_columns(self, fields)
        dense = self.dense(fields)
        if isinstance(dense, Ragged):
            return {"values": (ROW, Ragged(dense.values.astype(np.float32), dense.offsets))}
        return {"values": (CRYSTAL, np.asarray(dense, dtype=np.float32))}

    @property
    def spec(self) -> str:
        """The name a user types: ``name``, or ``name:variant`` for a family."""
        variant = getattr(self.settings, "variant", None)
        return f"{self.name}:{variant}" if variant else self.name

    def identity(self) -> JsonObject:
        """What a store of this feature depends on, beside the dataset."""
        return {
            "featurizer": self.name,
            "version": self.version,
            "settings": self.settings.identity(),
        }

    def digest(self) -> str:
        """SHA-256 (hex) of `identity`."""
        return digest_json(self.identity())

    def describe(self) -> JsonObject:
        """Schema for the manifest: identity, citation and fields."""
        return {
            **self.identity(),
            "citation": self.citation,
            "requires": "+".join(sorted(self.requires)),
            "fields": [asdict(item) for item in self.fields],
        }


def stored_columns(featurizer: Featurizer, fields: Mapping[str, Column]) -> BatchColumns:
    """Stored fields as columns of a batch, as they are; of counted levels columns without width."""
    levels = {item.name: item.level for item in featurizer.fields}
    columns = {name: (levels[name], column) for name, column in fields.items()}
    for level, field_name in featurizer.counted.items():
        offsets = offsets_of(cast("npt.NDArray[np.int64]", fields[field_name]))
        columns[level] = level, Ragged(np.empty((int(offsets[-1]), 0), np.uint8), offsets)
    return columns
