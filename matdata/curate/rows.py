"""The table of a dataset: matdata's own columns first, then those of the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.composition import chemical_systems
from matdata.core.crystals import Int, gather_index
from matdata.curate.records import Records
from matdata.curate.source_names import DERIVED, RANK
from matdata.curate.survey import Traits
from matdata.curate.symmetry import Wyckoff
from matdata.store.arrow import numbers_array
from matdata.store.columns import GIVEN_FORMULA
from matdata.tables.space_groups import CRYSTAL_SYSTEMS, system_numbers

#: Units of matdata's own columns; the others are counts and labels.
OWN_UNITS = {"volume_per_atom": "Å^3/atom"}


class DatasetTable(Mapping[str, Sequence[Any]]):
    """Columns of a dataset by name, each made when it is asked for.

    Parameters
    ----------
    records
        The n records.
    traits
        What is known of them.
    energy : (n,)
        Energies per atom, NaN where there is none.
    rows : (k,)
        Records of the dataset, in its order.
    """

    def __init__(
        self, records: Records, traits: Traits, energy: npt.NDArray[np.float64], rows: Int
    ) -> None:
        self.records = records
        self.traits = traits
        self.rows = rows
        self._energy = energy
        self._present = records.store.present
        self._own = self._own_columns()
        kept = records.kept_names
        #: Names of the source's columns by those of the dataset.
        left = {*DERIVED, *records.apart}
        self.of_source = {kept[name]: name for name in kept if name not in left}
        self._names = list({**self._own, **self.of_source})
        self._read: dict[str, Sequence[Any]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self.of_source

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._read:
            self._read[name] = self._cells(name)
        return self._read[name]

    def _cells(self, name: str) -> Sequence[Any]:
        if name not in self.of_source:
            return self._own[name](self.rows)
        column = self.records.table[self.of_source[name]]
        return [column[row] for row in self.rows.tolist()]

    @property
    def own_names(self) -> list[str]:
        """Names of matdata's own columns."""
        return [*self._own]

    def own(self, rows: Int, names: Sequence[str]) -> dict[str, list[Any]]:
        """Some of matdata's own columns for some of the records, (k,), in the order of `rows`."""
        return {name: self._own[name](rows) for name in names}

    def _own_columns(self) -> dict[str, Callable[[Int], list[Any]]]:
        traits = self.traits
        columns: dict[str, Callable[[Int], list[Any]]] = {
            "material_id": lambda rows: self.records.store.ids[rows].tolist(),
            "formula": lambda rows: traits.formulas.take(numbers_array(rows)).to_pylist(),
            "chemsys": self._chemical_systems,
            "n_elements": lambda rows: traits.n_elements[rows].tolist(),
        }
        if self.records.has_structures:
            columns["n_sites"] = lambda rows: self._with_structure(traits.n_sites, rows)
            volume = traits.volume_per_atom
            columns["volume_per_atom"] = lambda rows: self._with_structure(volume, rows)
        if not self._present[self.rows].all():
            columns[GIVEN_FORMULA] = self._given_formulas
        if traits.wyckoff is not None:
            columns |= _symmetry_columns(traits.wyckoff)
        if self.records.ranks_by_cell:
            columns[RANK] = self._energies
        return columns

    def _chemical_systems(self, rows: Int) -> list[str]:
        index, offsets = gather_index(self.traits.offsets, rows)
        return chemical_systems(self.traits.numbers[index], offsets)

    def _with_structure(self, values: npt.NDArray[Any], rows: Int) -> list[Any]:
        return _masked(values[rows], self._present[rows])

    def _given_formulas(self, rows: Int) -> list[Any]:
        given = self.records.store.array("formula").take(numbers_array(rows)).to_pylist()
        present = self._present[rows].tolist()
        return [None if has else text for text, has in zip(given, present, strict=True)]

    def _energies(self, rows: Int) -> list[Any]:
        return _masked(self._energy[rows], ~np.isnan(self._energy[rows]))


def _masked(values: npt.NDArray[Any], present: npt.NDArray[np.bool_]) -> list[Any]:
    """Values (k,) as cells, None where they are not present."""
    if present.all():
        return list(values.tolist())
    return [v if has else None for v, has in zip(values.tolist(), present.tolist(), strict=True)]


def _symmetry_columns(wyckoff: Wyckoff) -> dict[str, Callable[[Int], list[Any]]]:
    groups = wyckoff.space_group_number
    names = np.array(["", *CRYSTAL_SYSTEMS])
    values: dict[str, Callable[[Int], npt.NDArray[Any]]] = {
        "protostructure": lambda rows: np.array(
            wyckoff.protostructure.take(numbers_array(rows)).to_pylist()
        ),
        "space_group_number": lambda rows: groups[rows],
        "crystal_system": lambda rows: names[system_numbers(groups[rows])],
        "n_wyckoff": lambda rows: wyckoff.n_wyckoff[rows],
        "wyckoff_valid": lambda rows: wyckoff.valid[rows],
    }
    agrees = wyckoff.agrees
    if agrees is not None:
        values["symmetry_engines_agree"] = lambda rows: agrees[rows]
    return {name: _where_found(column, groups) for name, column in values.items()}


def _where_found(
    values: Callable[[Int], npt.NDArray[Any]], groups: npt.NDArray[np.int16]
) -> Callable[[Int], list[Any]]:
    return lambda rows: _masked(values(rows), groups[rows] > 0)
