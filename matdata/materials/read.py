"""Anything that holds materials to `Materials`: each is read, or rejected with its reason."""

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
from matdata.materials.items import Item, items_of, unknown
from matdata.sources.base import Chunk, Request
from matdata.sources.parse import parse_structures
from matdata.sources.readers.base import Form, Raw, is_structure_dict

Amounts = Mapping[int, float]
#: Characters of a text that messages show.
SHOWN = 60


def read_materials(given: object) -> Materials:
    """Read whatever was given; what cannot be read is rejected with its reason.

    Parameters
    ----------
    given
        Structures and compositions of pymatgen, ASE atoms, formulas, paths of files, structure
        dictionaries, texts of CIF or POSCAR; one or several, in a list, a mapping of names, a
        series, or a table with a column of structures or formulas. `Crystals`, `Compositions`.

    Raises
    ------
    StructureError
        If it holds no materials at all.
    """
    if isinstance(given, (Crystals, Compositions)):
        return _of_columns(given)
    reading = _Reading()
    for item in items_of(given):
        reading.add(item)
    return reading.result()


def formula_or_path(text: str) -> str | Path:
    """What a text means: a formula, which stays text, or else a file or folder that is there.

    A formula is one wherever it is read: files of that name are named by a `Path`.

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
    """Materials as they are read, one after another."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sites: dict[int, Sites] = {}
        self.amounts: dict[int, Amounts] = {}
        self.rejects: list[Reject] = []
        self.files: list[tuple[Path, range]] = []

    def add(self, item: Item) -> None:
        """Read one item, which may be the path of many materials."""
        try:
            value = item.value
            if isinstance(value, str) and not item.cell and "\n" not in value:
                value = formula_or_path(value)
            if isinstance(value, Path):
                self._add_file(value, item.name)
                return
            read = _read(value)
        except Unusable as error:
            self._reject(self._name(item), error.reason, str(error))
            return
        place = self._called(self._name(item))
        if isinstance(read, Sites):
            self.sites[place] = read
        else:
            self.amounts[place] = read

    def _name(self, item: Item) -> str:
        if item.name is not None:
            return item.name
        plain = isinstance(item.value, (str, Path)) and "\n" not in str(item.value)
        return str(item.value) if plain else str(len(self.names))

    def _called(self, name: str) -> int:
        self.names.append(name)
        return len(self.names) - 1

    def _reject(self, name: str, reason: str, message: str) -> None:
        self.rejects.append(Reject(str(self._called(name)), "source", reason, message))

    def _add_file(self, path: Path, name: str | None) -> None:
        """All materials of a file or folder, under the ids that they have there."""
        from matdata.sources import find_source

        first = len(self.names)
        try:
            for chunk in find_source(str(path), Request(argument=str(path))).chunks():
                self._add_chunk(chunk)
        except SourceError as error:
            self._reject(str(path), "unreadable", error.what)
        places = range(first, len(self.names))
        self.files.append((path, places))
        if name is not None:
            self._call_by(places, name)

    def _call_by(self, places: range, name: str) -> None:
        """Call what a file holds by a name of the file, with ids where it holds several."""
        for place in places:
            self.names[place] = name if len(places) == 1 else f"{name}/{self.names[place]}"

    def _tell_apart(self) -> None:
        """Where two files have a name in common, their materials are called by the files."""
        of_files = (
            {self.names[place] for place in places}
            for places in {path.absolute(): places for path, places in self.files}.values()
        )
        counts = Counter(name for names in of_files for name in names)
        for path, places in self.files:
            if any(counts[self.names[place]] > 1 for place in places):
                self._call_by(places, str(path))

    def _add_chunk(self, chunk: Chunk) -> None:
        for row, name in enumerate(chunk.table["material_id"]):
            place = self._called(str(name))
            if chunk.crystals is not None:
                self.sites[place] = _sites_of(chunk.crystals, row)
            else:
                self.amounts[place] = parse_formula(chunk.table["formula"][row])
        for reject in chunk.rejects:
            self._reject(reject.material_id, reject.reason, reject.message)

    def result(self) -> Materials:
        """What was read."""
        self._tell_apart()
        crystals = to_crystals([str(place) for place in self.sites], list(self.sites.values()))
        formulas = [str(place) for place in self.amounts]
        compositions = Compositions.from_amounts(formulas, list(self.amounts.values()))
        return Materials(tuple(self.names), crystals, compositions, tuple(self.rejects))


def _read(value: object) -> Sites | Amounts:
    """One structure, or one composition.

    Raises
    ------
    Unusable
        If it cannot be used, or is no material.
    """
    for is_kind, read in _KINDS:
        if is_kind(value):
            return read(value)
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


def _parsed(form: Form, payload: object) -> Sites:
    """The one structure of a text or a dictionary."""
    chunk = parse_structures([Raw("it", form, payload, {"id": "0"})])
    if chunk.rejects:
        raise Unusable(chunk.rejects[0].reason, chunk.rejects[0].message)
    if chunk.crystals is None or len(chunk.crystals) != 1:
        raise Unusable("unreadable", f"the text holds {len(chunk)} structures, expected one")
    return _sites_of(chunk.crystals, 0)


#: How to tell a kind of material, and how to read it.
_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Sites | Amounts]], ...] = (
    (lambda value: isinstance(value, str), _from_text),
    (pymatgen.is_structure, pymatgen.sites_of),
    (ase.is_atoms, ase.sites_of),
    (pymatgen.is_composition, pymatgen.amounts_of),
    (is_structure_dict, lambda value: _parsed("dict", value)),
)


def _sites_of(crystals: Crystals, row: int) -> Sites:
    part = crystals.sites(row)
    return Sites(crystals.lattice[row], crystals.frac_coords[part], crystals.numbers[part])


def _of_columns(columns: Crystals | Compositions) -> Materials:
    """Columns under their own ids."""
    names = tuple(columns.ids.tolist())
    places = np.arange(len(names)).astype(np.str_)
    none = Compositions.from_amounts([], [])
    if isinstance(columns, Crystals):
        return Materials(names, Crystals(places, **columns.columns()), none)
    return Materials(names, to_crystals([], []), replace(columns, ids=places))
