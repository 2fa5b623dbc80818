"""ASE atoms to and from `Crystals`; extended XYZ frames and ASE databases by ASE's readers."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np

from matdata.adapters.sites import (
    Sites,
    from_cartesian,
    number_of,
    require_periodic,
    to_crystals,
)
from matdata.adapters.xyz_comment import comment_texts, require_unambiguous
from matdata.adapters.xyz_frame import symbols_of
from matdata.core.crystals import Crystals, as_ids
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable, unreadable
from matdata.core.packages import needed_for

if TYPE_CHECKING:
    from ase import Atoms
    from ase.db.row import AtomsRow

#: Arguments of ASE's `Atoms`, as nested lists by name.
Arrays: TypeAlias = dict[str, list[object]]

_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")


def sites_of(atoms: Atoms) -> Sites:
    """One crystal from ASE `Atoms`.

    Raises
    ------
    Unusable
        If the atoms are not periodic in three directions, or hold a dummy atom.
    """
    require_periodic(atoms.pbc.tolist())
    if np.any(atoms.numbers < 1) or np.any(atoms.numbers > 118):
        raise Unusable("unknown_element", "an atom that is no element (number 0 or above 118)")
    return from_cartesian(atoms.cell.array, atoms.positions, atoms.numbers.tolist())


def from_atoms(frames: Sequence[object], ids: Sequence[str] | None = None) -> Crystals:
    """`Crystals` from ASE atoms.

    Raises
    ------
    StructureError
        If one of them cannot be represented; names its position.
    """
    sites = []
    for row, atoms in enumerate(frames):
        try:
            sites.append(sites_of(atoms))
        except Unusable as error:
            raise StructureError(f"atoms {row}: {error}") from error
    names = as_ids(ids if ids is not None else [str(row) for row in range(len(sites))]).tolist()
    return to_crystals(names, sites)


def to_atoms(crystals: Crystals, row: int = 0) -> Atoms:
    """The ASE `Atoms` of one crystal."""
    with needed_for("ASE atoms"):
        from ase import Atoms

    part = crystals.sites(row)
    return Atoms(
        numbers=crystals.numbers[part],
        scaled_positions=crystals.frac_coords[part],
        cell=crystals.lattice[row],
        pbc=True,
    )


def parse_frame(text: str) -> Sites:
    """The crystal of one frame of extended XYZ.

    Raises
    ------
    Unusable
        If it is ambiguous (`symbols_of`), ASE cannot read it, a symbol is not an element's, or the
        crystal is unusable (`sites_of`).
    """
    with needed_for("extended XYZ"):
        from ase.io import read

    symbols = symbols_of(text)
    with unreadable("an extended XYZ frame"):
        atoms = read(io.StringIO(text), format="extxyz")
    sites = sites_of(atoms)
    # ASE capitalises symbols, and prefers a column Z.
    if symbols is not None and [number_of(name) for name in symbols] != sites.numbers.tolist():
        raise Unusable("contradiction", "the columns species and Z name different elements")
    return sites


def frame_values(text: str) -> dict[str, object]:
    """The values of a frame's comment line, regardless of its atoms.

    Text that is no number in decimal notation (``1_000``), or may be one with a decimal comma
    (``0,875``; ``[0,875]`` is a list), stays text.

    Raises
    ------
    Unusable
        If there is no such line, it is ambiguous (`require_unambiguous`), or cannot be parsed.
    """
    with needed_for("extended XYZ"):
        from ase.io.extxyz import key_val_str_to_dict

    comment = "".join(text.split("\n", 2)[1:2])
    require_unambiguous(comment)
    with unreadable("a comment line of extended XYZ"):
        values: dict[str, object] = key_val_str_to_dict(comment)
    for structural in ("Lattice", "Properties", "pbc"):
        values.pop(structural, None)
    texts = comment_texts(comment)
    for key, value in values.items():
        text = texts.get(key, "")
        if isinstance(value, (np.number, np.ndarray)) and not text.startswith("_JSON "):
            is_list = f"[{text}]" in comment or f"{{{text}}}" in comment
            decimal_comma = _DECIMAL_COMMA.fullmatch(text) and not is_list
            if decimal_comma or "_" in text or not text.isascii():
                values[key] = text
    return values


def database_rows(path: Path) -> Iterator[tuple[Arrays, dict[str, object]] | Unusable]:
    """Rows of an ASE database: per row the arrays of the crystal, and the values.

    Rows are fetched one by one, so memory is bounded by one row; a row that cannot be decoded is an
    `Unusable` in its place.

    Raises
    ------
    sqlite3.Error
        If the file is not a database, or its list of rows is damaged.
    """
    import sqlite3

    with needed_for("an ASE database"):
        from ase.db import connect

    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as raw:
        numbers = [number for (number,) in raw.execute("SELECT id FROM systems ORDER BY id")]
    with connect(path, type="db", use_lock_file=False) as database:
        for number in numbers:
            try:
                with unreadable(f"a row of an ASE database (id {number})"):
                    row = _row(database.get(id=int(number)))
            except Unusable as error:
                yield error
            else:
                yield row


def _row(row: AtomsRow) -> tuple[Arrays, dict[str, object]]:
    values = dict(row.key_value_pairs)
    if row.get("energy") is not None:
        values.setdefault("energy", row.get("energy"))
    values.setdefault("id", row.get("unique_id"))
    names = ("numbers", "positions", "cell", "pbc")
    return {name: np.asarray(row.get(name)).tolist() for name in names}, values


def sites_of_row(arrays: Arrays) -> Sites:
    """One crystal from the arrays of a database row; raises as `sites_of`."""
    with needed_for("ASE atoms"):
        from ase import Atoms

    return sites_of(Atoms(**arrays))


def is_atoms(value: object) -> bool:
    """Whether a value is ASE `Atoms`, without importing ASE."""
    return any(
        cls.__module__.startswith("ase.") and cls.__name__ == "Atoms" for cls in type(value).__mro__
    )


def write_frames(path: Path, crystals: Crystals, columns: Mapping[str, Sequence[object]]) -> None:
    """Write crystals as extended XYZ; cells of the table go into the comment lines."""
    with open(path, "w", encoding="utf-8") as file:
        append_frames(file, crystals, columns)


def append_frames(
    file: IO[str], crystals: Crystals, columns: Mapping[str, Sequence[object]]
) -> None:
    """Write frames as `write_frames` does to an open file."""
    with needed_for("writing extended XYZ"):
        from ase.io.extxyz import write_extxyz

    for row in range(len(crystals)):
        atoms = to_atoms(crystals, row)
        values = {name: column[row] for name, column in columns.items()}
        atoms.info = {k: v for k, v in values.items() if v is not None}
        write_extxyz(file, [atoms])
