"""A stranger's distribution: features of several kinds of columns at once."""

from __future__ import annotations

from pathlib import Path

from support.distributions import install

CODE = '''
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matdata.plugin import (
    Block, Column, Dense, FeatureInput, Featurizer, Field, Ragged, Reject, Settings, setting,
)


@dataclass(frozen=True)
class ConditionSettings(Settings):
    """Which condition."""

    column: str = setting("temperature", "column of the table")


class ConditionedCell(Featurizer[ConditionSettings]):
    """Atoms per volume of a structure times a condition, and the condition at each site."""

    name, version, citation = "conditioned-cell", "1", "none"
    requires = frozenset({"structure", "columns"})
    Settings = ConditionSettings

    def columns(self) -> tuple[str, ...]:
        return (self.settings.column,)

    @property
    def fields(self) -> tuple[Field, ...]:
        return (
            Field("density", "crystal", (), "float64", "1", "atoms per cubic angstrom, scaled"),
            Field("condition", "site", (), "float64", "1", "the condition"),
        )

    def featurize(self, batch: FeatureInput) -> Block:
        crystals, table = self.crystals(batch), self.table(batch)
        cells = table.columns[self.settings.column]
        rows = np.array([k for k, cell in enumerate(cells) if cell is not None], dtype=np.int64)
        rejects = [
            Reject(str(crystals.ids[k]), "featurize", "missing_value", "no condition")
            for k, cell in enumerate(cells)
            if cell is None
        ]
        kept = crystals.take(rows)
        values = np.array([float(cells[k]) for k in rows.tolist()])
        sites = Ragged(np.repeat(values, kept.n_sites), kept.offsets)
        density = kept.n_sites / kept.volume * values
        return Block(rows, {"density": density, "condition": sites}, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        return np.asarray(fields["density"])[:, None]

    def labels(self) -> Sequence[str]:
        return ["density times condition"]


class ConditionedAtoms(ConditionedCell):
    """The number of elements of a formula beside a condition; in a process of its own."""

    name = "conditioned-elements"
    requires = frozenset({"composition", "columns"})
    workers = "process"

    def featurize(self, batch: FeatureInput) -> Block:
        compositions, table = self.compositions(batch), self.table(batch)
        values = np.array([float(cell or 0) for cell in table.columns[self.settings.column]])
        sites = Ragged(compositions.amounts, compositions.offsets)
        fields = {"density": compositions.n_elements + values, "condition": sites}
        return Block(np.arange(len(values)), fields)


class Everything(ConditionedCell):
    """Structure, formula and table of the same rows."""

    name = "everything"
    requires = frozenset({"structure", "composition", "columns"})

    def featurize(self, batch: FeatureInput) -> Block:
        crystals, formulas = self.crystals(batch), self.compositions(batch)
        assert crystals.ids.tolist() == formulas.ids.tolist() == self.table(batch).ids.tolist()
        assert self.materials(batch) is crystals
        return super().featurize(batch)
'''


def install_conditioned(site: Path) -> None:
    """Write the distribution into a folder of the path."""
    features = {
        "conditioned-cell": "conditioned:ConditionedCell",
        "conditioned-elements": "conditioned:ConditionedAtoms",
        "everything": "conditioned:Everything",
    }
    install(site, "conditioned", {"featurizers": features}, CODE)
