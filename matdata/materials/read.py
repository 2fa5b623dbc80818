"""Reader of the user's input into `Materials`: each item is read, or rejected with its reason."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from matdata.adapters import ase, pymatgen
from matdata.adapters.sites import Sites, to_crystals
from matdata.core.composition import Compositions, parse_formula
from matdata.core.crystals import Crystals
from matdata.core.errors import SourceError, StructureError
from matdata.core.ledger import Reject, Unusable
from matdata.materials.columns import Materials
from matdata.materials.items import Item, is_stored, items_of, unknown
from matdata.sources.base import Chunk, Request
from matdata.sources.parse import parse_structures
from matdata.sources.readers.base import Form, Raw, is_structure_dict

Amounts = Mapping[int, float]
#: Characters of a text shown in messages.
SHOWN = 60


def read_materials(materials: object) -> Materials:
    """Read materials in any form; an item that cannot be read is rejected with its reason.

    Parameters
    ----------
    materials
        Structures and compositions of pymatgen, ASE atoms, formulas, paths of files, structure
        dictionaries, texts of CIF or POSCAR; one or several, in a list, a mapping of names, a
        series, or a table with a column of structures or formulas. `Crystals`, `Compositions`.

    Raises
    ------
    StructureError
        If the input is not a collection of materials at all.
    """
    if isinstance(materials, (Crystals, Compositions)):
        return _of_columns(materials)
    reading = _Reading()
    for item in items_of(materials):
        reading.add(item)
    return reading.result()


def formula_or_path(text: str) -> str | Path:
    """The meaning of a text: a formula (returned as text), else an existing file or folder.

    A valid formula always is one: a file of that name must be given as a `Path`.

    Raises
    ------
    Unusable
        If it is neither.
    """
    try:
        parse_formula(text)
    except StructureError as error:
        if os.path.exists(text):  # False for what cannot be a path, such as 5,000 letters
            return Path(text)
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        like_path = os.sep in text or Path(text[-SHOWN:]).suffix
        no_file = f"there is no file {shown!r}, and " if like_path else ""
        raise Unusable("unreadable", f"{no_file}{error.what}") from None
    return text


class _Reading:
    """Accumulates materials as they are read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sites: dict[int, Sites] = {}
        self.amounts: dict[int, Amounts] = {}
        self.rejects: list[Reject] = []
        self.files: list[tuple[Path, range]] = []

    def add(self, item: Item) -> None:
        """Read one item, which may be a path with many materials."""
        try:
            value = item.value
            if isinstance(value, str) and not item.cell and "\n" not in value:
                value = formula_or_path(value)
            if isinstance(value, Path):
                self._add_file(value, item.name)
                return
            parsed = _read(value)
        except Unusable as error:
            self._reject(self._name(item), error.reason, str(error))
            return
        position = self._called(self._name(item))
        if isinstance(parsed, Sites):
            self.sites[position] = parsed
        else:
            self.amounts[position] = parsed

    def _name(self, item: Item) -> str:
        if item.name is not None:
            return item.name
        if is_stored(item.value):
            return str(item.value.id)
        plain = isinstance(item.value, (str, Path)) and "\n" not in str(item.value)
        return str(item.value) if plain else str(len(self.names))

    def _called(self, name: str) -> int:
        self.names.append(name)
        return len(self.names) - 1

    def _reject(self, name: str, reason: str, message: str) -> None:
        self.rejects.append(Reject(str(self._called(name)), "source", reason, message))

    def _add_file(self, path: Path, name: str | None) -> None:
        """Add all materials of a file or folder, under their ids there."""
        from matdata.sources import find_source

        first = len(self.names)
        try:
            for chunk in find_source(str(path), Request(argument=str(path))).chunks():
                self._add_chunk(chunk)
        except SourceError as error:
            self._reject(str(path), "unreadable", error.what)
        positions = range(first, len(self.names))
        self.files.append((path, positions))
        if name is not None:
            self._call_by(positions, name)

    def _call_by(self, positions: range, name: str) -> None:
        """Name a file's materials after the file, followed by their ids if there are several."""
        for position in positions:
            self.names[position] = name if len(positions) == 1 else f"{name}/{self.names[position]}"

    def _disambiguate(self) -> None:
        """If two files share a name, prefix the names of their materials by the files."""
        of_files = (
            {self.names[position] for position in positions}
            for positions in {path.absolute(): positions for path, positions in self.files}.values()
        )
        counts = Counter(name for names in of_files for name in names)
        for path, positions in self.files:
            if any(counts[self.names[position]] > 1 for position in positions):
                self._call_by(positions, str(path))

    def _add_chunk(self, chunk: Chunk) -> None:
        structures = chunk.structures
        for row, name in enumerate(chunk.table["material_id"]):
            position = self._called(str(name))
            crystal = structures.position(row)
            if crystal is not None:
                self.sites[position] = _sites_of(structures.crystals, crystal)
            else:
                self.amounts[position] = parse_formula(chunk.table["formula"][row])
        for reject in chunk.rejects:
            self._reject(reject.material_id, reject.reason, reject.message)

    def result(self) -> Materials:
        """The materials read so far."""
        self._disambiguate()
        crystals = to_crystals(
            [str(position) for position in self.sites], list(self.sites.values())
        )
        formulas = [str(position) for position in self.amounts]
        compositions = Compositions.from_amounts(formulas, list(self.amounts.values()))
        return Materials(tuple(self.names), crystals, compositions, tuple(self.rejects))


def _read(value: object) -> Sites | Amounts:
    """One structure, or one composition.

    Raises
    ------
    Unusable
        If it cannot be used, or is not a material.
    """
    for is_kind, parse in _KINDS:
        if is_kind(value):
            return parse(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise Unusable("unreadable", f"a missing value; {unknown(value).what}")
    raise Unusable("unreadable", unknown(value).what)


def _from_text(text: str) -> Sites | Amounts:
    """A formula, or the text of a CIF or POSCAR."""
    if "\n" not in text.strip():
        try:
            return parse_formula(text)
        except StructureError as error:
            raise Unusable("unreadable", error.what) from None
    return _parsed("cif" if "_cell_length_a" in text or "data_" in text[:200] else "poscar", text)


def _from_stored(material: Any) -> Sites | Amounts:
    """A material of a dataset: its structure, or its formula where it has none."""
    known = material.crystal_or_formula()
    return parse_formula(known) if isinstance(known, str) else _sites_of(known, 0)


def _parsed(form: Form, payload: object) -> Sites:
    """The single structure of a text or a dictionary."""
    chunk = parse_structures([Raw("it", form, payload, {"id": "0"})])
    if chunk.rejects:
        raise Unusable(chunk.rejects[0].reason, chunk.rejects[0].message)
    if chunk.crystals is None or len(chunk.crystals) != 1:
        raise Unusable("unreadable", f"the text holds {len(chunk)} structures, expected one")
    return _sites_of(chunk.crystals, 0)


#: Test for each kind of material, and its reader.
_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Sites | Amounts]], ...] = (
    (lambda value: isinstance(value, str), _from_text),
    (pymatgen.is_structure, pymatgen.sites_of),
    (ase.is_atoms, ase.sites_of),
    (pymatgen.is_composition, pymatgen.amounts_of),
    (is_structure_dict, lambda value: _parsed("dict", value)),
    (is_stored, _from_stored),
)


def _sites_of(crystals: Crystals, row: int) -> Sites:
    part = crystals.sites(row)
    return Sites(crystals.lattice[row], crystals.frac_coords[part], crystals.numbers[part])


def _of_columns(columns: Crystals | Compositions) -> Materials:
    """Materials of columns, under their own ids."""
    names = tuple(columns.ids.tolist())
    positions = np.arange(len(names)).astype(np.str_)
    no_compositions = Compositions.from_amounts([], [])
    if isinstance(columns, Crystals):
        return Materials(names, Crystals(positions, **columns.columns()), no_compositions)
    return Materials(names, to_crystals([], []), replace(columns, ids=positions))
