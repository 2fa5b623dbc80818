"""One material of a dataset: what is known of it, read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.html import card
from matdata.core.printable import short_value
from matdata.store.tables import check_column

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals
    from matdata.features.feature import Feature
    from matdata.store.dataset_folder import DatasetFolder


class MaterialFeatures(Mapping[str, npt.NDArray[Any]]):
    """The stored features of one material by name, each its dense form, read at every look."""

    def __init__(self, identity: str, names: list[str], open_: Callable[[str], Feature]) -> None:
        self._id, self._names, self._open = identity, names, open_

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Raise `FeatureError` for a feature that is not built, or that the material lacks."""
        return self._open(name)[self._id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"features of {self._id}: {', '.join(self._names) or 'none'}"


class Material:
    """One material of a dataset; ``material["band_gap"]`` is a value of the table.

    Attributes
    ----------
    id
        Its id.
    columns
        Its values by column of the table, None where there is none.
    features
        Its stored features by name, as arrays (columns,) or (sites, columns).
    """

    def __init__(
        self, dataset: DatasetFolder, row: int, names: list[str], open_: Callable[[str], Feature]
    ) -> None:
        self._dataset, self._row = dataset, row
        self.id = str(dataset.ids[row])
        self.columns: JsonObject = dataset.columns.row(row)
        self.columns.pop("material_id")
        self.features = MaterialFeatures(self.id, names, open_)

    @property
    def formula(self) -> str:
        """Its reduced formula."""
        return str(self.columns["formula"])

    @property
    def crystal(self) -> Crystals:
        """Its structure as columns; raises as `structure`."""
        return self._dataset.crystal(self.id)

    def crystal_or_formula(self) -> Crystals | str:
        """Its structure as columns, or its formula where it has none: what predictions read."""
        crystal = self._dataset.structures.crystal(self._row)
        return self.formula if crystal is None else crystal

    @property
    def structure(self) -> Any:
        """Its structure, of pymatgen.

        Raises
        ------
        StructureError
            If it has none, only a formula.
        """
        from matdata.adapters.pymatgen import to_structure

        return to_structure(self.crystal, 0)

    @property
    def atoms(self) -> Any:
        """Its structure as ASE atoms; raises as `structure`."""
        from matdata.adapters.ase import to_atoms

        return to_atoms(self.crystal, 0)

    def __getitem__(self, column: str) -> Any:
        """A value of the table.

        Raises
        ------
        StoreError
            If there is no such column, with the closest one.
        """
        if column == "material_id":
            return self.id
        check_column(self._dataset.ref, list(self.columns), column)
        return self.columns[column]

    def __contains__(self, column: object) -> bool:
        return column == "material_id" or column in self.columns

    def __iter__(self) -> Iterator[str]:
        """The columns of the table that it has values of, as `columns` names them."""
        return iter(self.columns)

    def __repr__(self) -> str:
        return f"Material({self.id!r}, {self.formula})"

    def _repr_html_(self) -> str:
        rows = [
            (name, short_value(value)) for name, value in self.columns.items() if value is not None
        ]
        features = f"features: {', '.join(self.features)}" if self.features else ""
        lines = [f"{self.formula} in {self._dataset.ref}", features]
        return card(self.id, lines, ("column", "value"), rows)
