"""Units as they are written: a closed grammar and table of the field's units.

A unit is a label here: nothing is converted. It is recognised where a header holds one,
``gap (eV)`` or ``K [GPa]``, and written in one spelling, so that units that are the same compare
equal: factors joined by ``*``, then one ``/`` for each factor of the denominator
(``W m^-1 K^-1`` and ``W/(m K)`` are ``W/m/K``; ``Å³`` and ``angstrom^3`` are ``Å^3``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Longest text that is parsed as a unit.
MAX_LENGTH = 60


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHYSICAL = _words(
    """
    eV meV keV MeV J mJ kJ MJ kcal cal Ha mHa Ry mRy Wh kWh
    Pa kPa MPa GPa TPa bar mbar kbar atm Torr psi
    K mK °C °F
    Å nm pm fm μm mm cm m km bohr
    g kg mg μg amu Da m_e mol mmol
    s ms μs ns ps fs min h
    Hz kHz MHz GHz THz
    V mV kV μV A mA μA nA C mC μC pC nC F mF μF pF Ω mΩ kΩ S mS μS Ah mAh
    W mW μW kW T mT G Oe kOe emu μB N mN nN D Debye e L mL
    deg ° rad mrad % wt% at% mol% vol% ppm ppb u k_B
    """
)
#: What things are counted per; none is a unit by itself.
COUNTED = _words("atom cell f.u. cation anion ion site electron bond molecule")
SPELLINGS = {
    "angstrom": "Å", "Angstrom": "Å", "angstroms": "Å", "Angstroms": "Å", "Ang": "Å", "ang": "Å",
    "Hartree": "Ha", "hartree": "Ha", "Rydberg": "Ry", "Bohr": "bohr", "a0": "bohr",
    "um": "μm", "uV": "μV", "us": "μs", "ug": "μg", "uB": "μB", "muB": "μB", "mu_B": "μB",
    "Bohr_magneton": "μB", "ohm": "Ω", "Ohm": "Ω", "ohms": "Ω", "degC": "°C", "degree": "deg",
    "degrees": "deg", "wt.%": "wt%", "at.%": "at%", "mol.%": "mol%", "vol.%": "vol%",
    "kelvin": "K", "Kelvin": "K", "ev": "eV", "EV": "eV", "gpa": "GPa", "hr": "h",
    "debye": "Debye", "kB": "k_B",
    "atoms": "atom", "fu": "f.u.", "formula_unit": "f.u.", "unit_cell": "cell", "cells": "cell",
    "cations": "cation", "anions": "anion", "ions": "ion", "sites": "site", "electrons": "electron",
    "bonds": "bond", "molecules": "molecule",
}  # fmt: skip
#: Letters that stand for other things as well (elements, ångström, counts): units in products only.
NOT_ALONE = _words("A C D F G L N S T W e h u min g")
FUNCTIONS = ("log10", "log", "ln", "sqrt")
_NAMES = frozenset({*FUNCTIONS, "exp", "abs"})

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_CHARACTERS = str.maketrans({"µ": "μ", "Å": "Å", "−": "-", "·": "*", "⋅": "*", "×": "*", "Ω": "Ω"})
_FACTOR = re.compile(r"(?P<symbol>[^\s\d*/^()]+?)(?:\^?(?P<power>-?[1-9]))?")
_SCALE = re.compile(r"10\^(?P<power>-?\d{1,2})[ *]+(?P<rest>\S.*)")
_BRACKET = re.compile(r"/\s*\(([^()]*)\)\s*$")  # W/(m K)
_BETWEEN = re.compile(r"[*\s]+")
_PIECES = re.compile(r"\s*([*/ ])\s*")


def canonical_unit(text: str) -> str | None:
    """The one spelling of a unit, None if the text is no unit of the table.

    Parameters
    ----------
    text
        Such as ``eV/atom``, ``W m^-1 K^-1``, ``log10(GPa)``, ``10^21 V/m^2``.
    """
    if len(text) > MAX_LENGTH:
        return None
    plain = _RAISED.sub(lambda match: f"^{match[0].translate(_SUPERSCRIPTS)}", text.strip())
    plain = plain.translate(_CHARACTERS).replace("**", "^").replace(" per ", "/")
    for function in FUNCTIONS:
        if plain.startswith(f"{function}(") and plain.endswith(")"):
            inner = _product(plain[len(function) + 1 : -1])
            return inner and f"{function}({inner})"
    scale = _SCALE.fullmatch(plain)
    if scale is None:
        return _product(plain)
    rest = _product(scale["rest"])
    return rest and f"10^{int(scale['power'])} {rest}"


def unit_in_header(header: str) -> str | None:
    """The unit in brackets at the end of a column's name, None if there is none of the table.

    Parameters
    ----------
    header
        ``gap (eV)``, ``K [GPa]``, ``e_form (eV/atom)``; of ``x (1)``, ``count (total)`` and
        ``log10(GPa)`` nothing is read.
    """
    text = header.rstrip()
    if not text.endswith((")", "]")):
        return None
    start = _opening(text)
    name = text[:start].rstrip()
    if start <= 0 or not name or (name.lower() in _NAMES and text[start] == "("):
        return None
    return canonical_unit(text[start + 1 : -1])


def without_unit(header: str) -> str:
    """A column's name without the unit in brackets at its end, if there is one that is known."""
    text = header.rstrip()
    return header if unit_in_header(text) is None else text[: _opening(text)].rstrip()


def columns_called(name: str, columns: Iterable[str]) -> list[str]:
    """The column of this name, else those of it before their unit: ``gap`` of ``gap (eV)``."""
    names = list(columns)
    return [name] if name in names else [one for one in names if without_unit(one) == name]


def with_unit(name: str, unit: str | None) -> str:
    """A name for axes and messages, with its unit unless it has none or already ends in it."""
    if unit is None or unit in ("", "1"):
        return name
    canonical = canonical_unit(unit)
    ends_in_it = canonical is not None and unit_in_header(name) == canonical
    return name if ends_in_it else f"{name} ({unit})"


def learnt_quantity(target: str, unit: str, normalizer: str) -> tuple[str, str]:
    """What a network learns of a target, and its unit: a logarithm is a number without one."""
    if normalizer != "log10":
        return target, unit
    return f"log10({target})" if unit == "1" else f"log10({target} / ({unit}))", "1"


def _opening(text: str) -> int:
    """Where the bracket opens that the last letter closes; -1 if nowhere."""
    close = text[-1]
    opening, depth = {")": "(", "]": "["}[close], 0
    for place in range(len(text) - 1, max(-1, len(text) - MAX_LENGTH - 3), -1):
        depth += (text[place] == close) - (text[place] == opening)
        if depth == 0:
            return place
    return -1


def _product(text: str) -> str | None:
    """The spelling of a product of factors; None if one is unknown or none is physical."""
    text = _BRACKET.sub(lambda match: f"/{_BETWEEN.sub('/', match[1].strip())}", text)
    pieces = _PIECES.split(text.strip())
    above: list[str] = []
    below: list[str] = []
    symbols: list[str] = []
    for place, piece in enumerate(pieces[::2]):
        divides = place > 0 and pieces[2 * place - 1] == "/"
        if piece == "1" and place == 0 and len(pieces) > 1:
            continue
        factor = _FACTOR.fullmatch(piece)
        symbol = factor and SPELLINGS.get(factor["symbol"], factor["symbol"])
        if factor is None or symbol is None or symbol not in PHYSICAL | COUNTED:
            return None
        power = int(factor["power"] or 1) * (-1 if divides else 1)
        symbols.append(symbol)
        (above if power > 0 else below).append(
            symbol + (f"^{abs(power)}" if abs(power) > 1 else "")
        )
    if not PHYSICAL.intersection(symbols) or (len(symbols) == 1 and symbols[0] in NOT_ALONE):
        return None
    return "/".join(["*".join(above) or "1", *below])
