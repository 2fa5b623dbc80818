"""Any matminer featurizer as ``matminer:<class>``: slow, complete, and the parity oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from matdata.adapters.matminer import Matminer
from matdata.core.crystals import Ragged
from matdata.core.ledger import Reject
from matdata.core.scheduler_names import WorkerKind
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.inputs import Requirement


@dataclass(frozen=True)
class MatminerSettings(Settings):
    """Which matminer featurizer, and how it is made."""

    variant: str = setting("", "class name of the matminer featurizer")
    preset: str | None = setting(None, "preset given to its from_preset")
    arguments: str = setting("{}", "JSON object of arguments for its constructor")


class MatminerFeaturizer(Featurizer[MatminerSettings]):
    """A structure, composition or site featurizer of matminer, one crystal at a time."""

    name: ClassVar[str] = "matminer"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Ward et al., Comput. Mater. Sci. 152, 60 (2018)"
    Settings: ClassVar[type[Settings]] = MatminerSettings
    workers: ClassVar[WorkerKind] = "process"
    packages: ClassVar[tuple[str, ...]] = ("matminer", "pymatgen", "pymatgen-core")
    batch_rows: ClassVar[int] = 16
    shard_rows: ClassVar[int] = 128

    def __init__(self, settings: MatminerSettings | None = None) -> None:
        super().__init__(settings)
        chosen: MatminerSettings = self.settings
        self._matminer = Matminer(chosen.variant, chosen.preset, chosen.arguments)

    @property
    def requires(self) -> frozenset[Requirement]:  # type: ignore[override]
        """Composition featurizers take formulas, all others structures."""
        by_formula = self._matminer.kind == "composition"
        return frozenset({"composition" if by_formula else "structure"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """One array: matminer's columns, per crystal or per site."""
        level = "site" if self._matminer.kind == "site" else "crystal"
        meaning = f"columns of matminer's {self.settings.variant}"
        return (Field("values", level, (len(self.labels()),), "float64", "1", meaning),)

    def labels(self) -> Sequence[str]:
        """matminer's labels, in its order."""
        return self._matminer.labels

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The stored values as they are."""
        return fields["values"]

    def featurize(self, batch: FeatureInput) -> Block:
        """Call matminer for each crystal; what it raises becomes a ledger row."""
        materials = self.materials(batch)
        values, rows, rejects = [], [], []
        for row in range(len(batch)):
            try:
                values.append(self._matminer(materials, row))
                rows.append(row)
            except Exception as error:  # whatever a featurizer stumbles over
                text = f"{type(error).__name__}: {error}"
                identity = str(batch.ids[row])
                rejects.append(Reject(identity, "featurize", "matminer_failed", text))
        return Block(np.array(rows, dtype=np.int64), {"values": self._join(values)}, rejects)

    def _join(self, values: list[Any]) -> Column:
        width = len(self.labels())
        if self._matminer.kind == "site":
            empty = Ragged(np.empty((0, width)), np.zeros(1, np.int64))
            return Ragged.from_rows(values) if values else empty
        return np.array(values, dtype=np.float64).reshape(-1, width)
