"""Hermann-Mauguin symbols and numbers to the settings that they can mean."""

from __future__ import annotations

import functools
import itertools
import re
from collections import defaultdict

import gemmi

from matdata.adapters.cif.operations import Operations, of_members
from matdata.core.packages import needed_for

LONGEST = 60
# `F d -3 m :2`, `R -3 m :H`, `R-3mH`; monoclinic and orthorhombic settings (`:b1`, `:cab`) too.
_EXTENSION = re.compile(r"(?P<symbol>.+?)\s*:\s*(?P<code>[-\w]+)")
_WORDS = re.compile(
    r"(?P<symbol>.+?)\s*\((?:origin choice )?(?P<code>[12HR])(?:exagonal axes|hombohedral axes)?\)",
    re.IGNORECASE,
)  # as AFLOW writes them
_AXES = re.compile(r"(?P<symbol>R.+?)\s*(?P<code>[HR])", re.IGNORECASE)


def settings_of_symbol(symbol: str) -> list[gemmi.SpaceGroup]:
    """All settings that a Hermann-Mauguin symbol can mean; empty if it is unknown.

    Short symbols of monoclinic groups can mean any unique axis, groups with two origins and
    rhombohedral ones both, unless the symbol specifies one.
    """
    text = symbol.replace("_", "").strip()
    if len(text) > LONGEST:
        return []
    patterns = (_EXTENSION, _WORDS, _AXES)
    match = next((matched for each in patterns if (matched := each.fullmatch(text))), None)
    base, code = (match["symbol"], match["code"]) if match else (text, "")
    if base[:1].upper() == "H":  # as the Protein Data Bank calls R groups in hexagonal axes
        base, code = "R" + base[1:], "H"
    return with_code(_by_name(base), code)


def with_code(settings: list[gemmi.SpaceGroup], code: str) -> list[gemmi.SpaceGroup]:
    """Settings compatible with a coordinate system code (``1``, ``2``, ``h``, ``r``, ``b1``)."""
    if not code:
        return settings
    return [s for s in settings if code.lower() in (s.ext.lower(), s.qualifier.lower())]


def settings_of_number(number: int) -> list[gemmi.SpaceGroup]:
    """All settings of the International Tables that a space group number can mean."""
    return [s for s in gemmi.spacegroup_table_itb() if s.number == number]


@functools.lru_cache(1024)
def of_setting(xhm: str, hall: str) -> Operations:
    """Operations of a setting, by its extended symbol and its Hall symbol."""
    return of_members(xhm, gemmi.symops_from_hall(hall))


def _by_name(symbol: str) -> list[gemmi.SpaceGroup]:
    key, breaks = _key(symbol), _breaks(symbol)
    settings = [s for s, ends in _short_symbols().get(key, ()) if breaks <= ends]
    if settings:
        return settings
    return [s for s, ends in _full_symbols().get(key, ()) if breaks <= ends]


def _key(symbol: str) -> str:
    return "".join(symbol.split()).lower()


def _breaks(symbol: str) -> frozenset[int]:
    """Positions of a symbol's blanks, counted in its other letters: `P 3 2` is not `P 32`."""
    return frozenset(itertools.accumulate(len(part) for part in symbol.split()))


_Names = dict[str, list[tuple[gemmi.SpaceGroup, frozenset[int]]]]


@functools.cache
def _short_symbols() -> _Names:
    names: _Names = defaultdict(list)
    for setting in gemmi.spacegroup_table():
        spellings = {setting.hm}
        if 3 <= setting.number <= 15:
            spellings.add(" ".join(part for part in setting.hm.split() if part != "1"))
        if setting.number in (39, 41, 64, 67, 68):  # e: glides along both axes, since 1992
            spellings |= _with_e(setting)
        if setting.number >= 200:
            spellings.add(setting.hm.replace(" -3", " 3"))  # F m 3 m, before 1983
        for spelling in spellings:
            names[_key(spelling)].append((setting, _breaks(spelling)))
    return names


def _with_e(setting: gemmi.SpaceGroup) -> set[str]:
    """Symbols with ``e`` for each of the glides that it can denote (C m c e for C m c a)."""
    centring, *parts = setting.hm.split()
    return {
        " ".join([centring, *parts[:k], "e", *parts[k + 1 :]])
        for k, part in enumerate(parts)
        if part in ("a", "b", "c")
    }


@functools.cache
def _full_symbols() -> _Names:
    with needed_for("reading CIF"):
        from moyopy import HallSymbolEntry

    names: _Names = defaultdict(list)
    for hall_number in range(1, 531):
        entry = HallSymbolEntry(hall_number=hall_number)
        hall = entry.hall_symbol.replace("=", '"')
        setting = gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(hall))
        spelling = entry.hm_full.replace("_", "")
        names[_key(spelling)].append((setting, _breaks(spelling)))
    return names
