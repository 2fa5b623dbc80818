"""Space groups, Wyckoff letters and orbits of crystals, by moyopy or by spglib.

Tolerances default to those of `matdata.core.tolerances`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int, as_rows, gather_index
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.ledger import Reject
from matdata.core.tolerances import SYMPREC, angle_tolerance_of, for_engine
from matdata.symmetry.cell import (
    Cell,
    CellSymmetry,
    NoSymmetry,
    Search,
    plain_cells,
    usable_cells,
)
from matdata.tables import wyckoff
from matdata.tables.space_groups import CRYSTAL_SYSTEMS, FAMILIES, system_numbers

Engine = Literal["moyopy", "spglib"]
Str = npt.NDArray[np.str_]
#: Within it, an engine writes nothing to the terminal.
Quiet: TypeAlias = Callable[[], AbstractContextManager[None]]
_NAMES = np.array(["", *CRYSTAL_SYSTEMS])
_FAMILIES = np.array(["", *FAMILIES])


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Symmetry of a batch of crystals, row for row; rows without one hold 0, "" and -1.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    space_group_number : (n,) int64
        1 to 230, or 0.
    pearson_symbol : (n,) str
        AFLOW style: every one-face centring is C (``oC8``), rhombohedral cells count the atoms of
        the hexagonal cell.
    n_conventional : (n,) int64
        Sites of the conventional cell.
    letters : (N,) str
        Wyckoff letter of each site, in the engine's setting.
    orbits : (N,) int64
        For each site the first site of its crystal (counted from 0) that symmetry maps to it.
    offsets : (n + 1,) int64
        As in `Crystals`.
    engine, engine_version, symprec, angle_tolerance
        The engine that searched, and its tolerances in Å and degrees.
    rejects
        One row for each crystal without symmetry (stage ``curate``, reason ``no_symmetry``).
    """

    ids: Str
    space_group_number: Int
    pearson_symbol: Str
    n_conventional: Int
    letters: Str
    orbits: Int
    offsets: Int
    engine: str
    engine_version: str
    symprec: float
    angle_tolerance: float | None
    rejects: tuple[Reject, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Rows with a space group, (n,)."""
        return self.space_group_number > 0

    @property
    def crystal_system(self) -> Str:
        """Crystal systems (``trigonal`` and ``hexagonal`` apart), (n,)."""
        return _NAMES[system_numbers(self.space_group_number)]

    @property
    def position_rows(self) -> Int:
        """Each site's row among the 1,731 positions of `matdata.tables.wyckoff`, (N,) or -1."""
        numbers = np.repeat(self.space_group_number, np.diff(self.offsets))
        return wyckoff.position_rows(numbers, self.letters)

    @property
    def multiplicities(self) -> Int:
        """Multiplicity of each site's position in the conventional cell, (N,); 0 if unknown."""
        return np.append(wyckoff.multiplicities(), 0)[self.position_rows]

    @property
    def site_symmetries(self) -> Str:
        """Site-symmetry symbol of each site, (N,)."""
        return np.append(wyckoff.site_symmetries(), "")[self.position_rows]

    def take(self, key: object) -> Symmetry:
        """The rows given by a slice, a mask or integers, with the rejects among them."""
        rows = as_rows(key, len(self))
        index, offsets = gather_index(self.offsets, rows)
        ids = self.ids[rows]
        chosen = set(ids.tolist())
        return Symmetry(
            ids,
            self.space_group_number[rows],
            self.pearson_symbol[rows],
            self.n_conventional[rows],
            self.letters[index],
            self.orbits[index],
            offsets,
            self.engine,
            self.engine_version,
            self.symprec,
            self.angle_tolerance,
            tuple(reject for reject in self.rejects if reject.material_id in chosen),
        )


def analyse(
    crystals: Crystals,
    engine: Engine = "moyopy",
    symprec: float = SYMPREC,
    angle_tolerance: float | Literal["default"] | None = "default",
) -> Symmetry:
    """Find the symmetry of each crystal, one search per crystal.

    Parameters
    ----------
    crystals
        What to analyse; not changed.
    engine
        ``"moyopy"`` or ``"spglib"``.
    symprec
        Tolerance on positions in Å.
    angle_tolerance
        Tolerance on angles in degrees; None for the engine's own test of lengths alone;
        ``"default"`` is that of `matdata.core.tolerances`.

    Raises
    ------
    ConfigError
        If the engine is unknown or a tolerance is not positive.
    """
    if angle_tolerance == "default":
        default = angle_tolerance_of(engine, symprec, None)
        angle_tolerance = for_engine(engine, default)
    version, search, quiet = _engine(engine, symprec, angle_tolerance)
    with quiet():
        results, rejects = _search_all(crystals, search, engine)
    numbers = np.array([cell.number for cell in results], dtype=np.int64)
    return Symmetry(
        crystals.ids,
        numbers,
        _pearson(numbers, results),
        np.array([cell.n_conventional for cell in results], dtype=np.int64),
        np.array([letter for cell in results for letter in cell.letters], dtype="<U1"),
        np.array([orbit for cell in results for orbit in cell.orbits], dtype=np.int64),
        crystals.offsets,
        *(engine, version, symprec, angle_tolerance),
        tuple(rejects),
    )


def _search_all(
    crystals: Crystals, search: Search, engine: str
) -> tuple[list[CellSymmetry], list[Reject]]:
    """A result per crystal, blank where there is none, and a reject for each blank."""
    results: list[CellSymmetry] = []
    rejects: list[Reject] = []
    names, usable = crystals.ids.tolist(), usable_cells(crystals).tolist()
    for name, cell, good in zip(names, plain_cells(crystals), usable, strict=True):
        try:
            results.append(_checked(search, cell, good))
        except NoSymmetry as reason:
            rejects.append(Reject(name, "curate", "no_symmetry", f"{engine}: {reason}"))
            results.append(CellSymmetry(0, "", 0, [""] * len(cell[2]), [-1] * len(cell[2])))
    return results, rejects


def _engine(
    engine: str, symprec: float, angle_tolerance: float | None
) -> tuple[str, Search, Quiet]:
    if not symprec > 0 or (angle_tolerance is not None and not angle_tolerance > 0):
        raise ConfigError(
            f"symprec {symprec} Å and angle_tolerance {angle_tolerance}° must be positive",
            next_step="leave angle_tolerance out of the search with None",
        )
    if engine == "moyopy":
        from matdata.symmetry import moyo

        return *moyo.prepare(symprec, angle_tolerance), moyo.quiet
    if engine == "spglib":
        from matdata.symmetry import spglib

        return *spglib.prepare(symprec, angle_tolerance), spglib.quiet
    engines = get_args(Engine)
    raise ConfigError(
        f"symmetry engine {engine!r} is none of {', '.join(engines)}{did_you_mean(engine, engines)}"
    )


def _checked(search: Search, cell: Cell, usable: bool) -> CellSymmetry:
    """Search one cell; what would crash an engine is refused beforehand."""
    if not usable:
        raise NoSymmetry("a crystal without sites, without volume or with infinite coordinates")
    symmetry = search(cell)
    if not 1 <= symmetry.number <= wyckoff.N_GROUPS or len(symmetry.letters) != len(cell[2]):
        raise NoSymmetry(f"an incomplete answer (space group {symmetry.number})")
    return symmetry


def _pearson(numbers: Int, results: list[CellSymmetry]) -> Str:
    """Pearson symbols; engines write one-face centrings S, A, B or C, AFLOW labels C."""
    families = _FAMILIES[system_numbers(numbers)].tolist()
    return np.array(
        [
            family + ("C" if cell.centring in "ABCS" else cell.centring) + str(cell.n_conventional)
            if cell.number
            else ""
            for family, cell in zip(families, results, strict=True)
        ],
        dtype=np.str_,
    )
