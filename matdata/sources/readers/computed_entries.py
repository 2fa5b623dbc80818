"""Computed entries of pymatgen in JSON: an energy of a composition, with or without a structure.

A list of them is what clients of the Materials Project hand out. Columns have the names of
pymatgen's properties: ``energy_per_atom`` is the corrected energy, ``correction_scheme`` names the
class that made the corrections (``MaterialsProject2020Compatibility``). An entry without a
structure is known by its formula.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeGuard

from matdata.adapters.sites import number_of
from matdata.core.composition import formula_of
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.elements import symbols
from matdata.core.ledger import Unusable

#: Classes whose energy is one of a composition at 0 K, in eV per the composition that is given.
CLASSES = frozenset(("ComputedEntry", "ComputedStructureEntry", "PDEntry"))
#: Modules of entries in pymatgen; their other classes are energies of another kind.
MODULES = (
    "pymatgen.entries", "pymatgen.core.entries", "pymatgen.analysis.phase_diagram",
    "pymatgen.analysis.pourbaix",
)  # fmt: skip
MANUAL = "ManualEnergyAdjustment"
#: Keys that become other columns.
_TAKEN = frozenset(
    ("@module", "@class", "@version", "entry_id", "composition", "energy", "correction",
     "energy_adjustments", "structure", "parameters", "data", "attribute")
)  # fmt: skip
#: Names of formulas; a record with one of them is no entry unless its class says so.
_FORMULAS = frozenset(("formula", "formula_pretty", "pretty_formula", "reduced_formula"))
#: Agreement of a stated correction with the sum of its adjustments, and of compositions.
CLOSE = 1e-5
BOUND = 1e12


def is_entry(value: JsonMapping) -> bool:
    """Whether a JSON object is a computed entry.

    It is one by its class, or, without a class, if it holds an energy and a composition by element
    and neither a formula nor any structure.
    """
    kind, module = value.get("@class"), value.get("@module")
    if kind in CLASSES:
        return True
    if isinstance(kind, str):
        of_entries = isinstance(module, str) and module.startswith(MODULES)
        return of_entries and kind.endswith("Entry")
    if not _FORMULAS.isdisjoint(value) or any(_is_structured(one) for one in value.values()):
        return False
    composition, energy = value.get("composition"), value.get("energy")
    return _is_number(energy) and isinstance(composition, dict) and _is_of_elements(composition)


def identity_of(value: JsonMapping) -> object:
    """The id of an entry; None if it states none."""
    identity = value.get("entry_id")
    return identity if isinstance(identity, (str, int)) else None


def plain_entry(value: JsonMapping) -> JsonObject:
    """An entry as a document of plain values, its structure or formula, and its energies.

    Raises
    ------
    Unusable
        If it is of another kind, its energy is not known, or what it states contradicts itself.
    """
    kind = value.get("@class", "ComputedEntry")
    if kind not in CLASSES:
        raise Unusable("unsupported", f"a {kind!s:.60} is no energy of a composition at 0 K")
    amounts = _amounts(value.get("composition"))
    energy, correction = value.get("energy"), _correction(value)
    if not _is_number(energy):
        raise Unusable("no_energy", "the entry has no energy")
    document: JsonObject = {}
    if (identity := identity_of(value)) is not None:
        document["material_id"] = str(identity)
    structure = value.get("structure")
    if structure is None:
        document["formula"] = formula_of(amounts)
    else:
        _require_same(structure, amounts)
        document["structure"] = structure
    document |= _energies(energy, correction, amounts, _scheme(value, correction))
    document["run_type"] = _run_type(value)
    rest = {name: one for name, one in value.items() if name not in _TAKEN | document.keys()}
    for name in ("parameters", "data"):
        inner = value.get(name)
        if isinstance(inner, dict):
            rest[name] = {key: one for key, one in inner.items() if _is_plain(one)}
    return {**document, **rest}


def recorrected(entry: JsonMapping, corrections: str) -> JsonObject:
    """The columns of energies of an entry whose corrections are left out or computed anew.

    Parameters
    ----------
    entry
        An entry of which `plain_entry` makes a document.
    corrections
        ``none``, or a key of `matdata.adapters.corrections.SCHEMES`.

    Raises
    ------
    Unusable
        If the scheme does not apply to the entry.
    """
    amounts = _amounts(entry.get("composition"))
    if corrections == "none":
        return _energies(entry["energy"], 0.0, amounts, None)
    from matdata.adapters.corrections import SCHEMES, correction_of

    correction = correction_of(entry, corrections)
    return _energies(entry["energy"], correction, amounts, SCHEMES[corrections])


def _energies(
    energy: float, correction: float, amounts: Mapping[int, float], scheme: str | None
) -> JsonObject:
    atoms = sum(amounts.values())
    return {
        "energy_per_cell": energy + correction,
        "energy_per_atom": (energy + correction) / atoms,
        "uncorrected_energy_per_atom": energy / atoms,
        "correction_per_atom": correction / atoms,
        "correction_scheme": scheme,
    }


def _amounts(composition: object) -> dict[int, float]:
    if not isinstance(composition, dict) or not composition:
        raise Unusable("unreadable", "the entry has no composition by element")
    amounts: dict[int, float] = {}
    for symbol, amount in composition.items():
        if not _is_number(amount) or amount < 0.0:
            raise Unusable("unreadable", f"the composition holds {amount!r:.40} of {symbol!s:.20}")
        if amount > 0.0:
            number = number_of(symbol)
            amounts[number] = amounts.get(number, 0.0) + float(amount)
    if not amounts:
        raise Unusable("unreadable", "the composition holds no atoms")
    return amounts


def _correction(value: JsonMapping) -> float:
    """The correction of the energy, eV; what is stated and the sum of its parts must agree."""
    stated, adjustments = value.get("correction"), value.get("energy_adjustments") or []
    if not isinstance(adjustments, list):
        raise Unusable("unreadable", "energy_adjustments is no list")
    if stated is not None and not _is_number(stated):
        raise Unusable("unreadable", f"the correction {stated!r:.40} is not a number")
    parts = [_adjustment(one) for one in adjustments]
    if not parts:
        return float(stated or 0.0)
    total = math.fsum(parts)
    if stated is not None and abs(total - stated) > CLOSE * max(1.0, abs(total)):
        raise Unusable(
            "contradiction", f"the correction is {stated:.6g} eV, its parts sum to {total:.6g} eV"
        )
    return total if stated is None else float(stated)


def _adjustment(one: object) -> float:
    """The value of an adjustment in eV, as the classes of pymatgen define it."""
    factors = {
        "ConstantEnergyAdjustment": ("value",),
        MANUAL: ("value",),
        "CompositionEnergyAdjustment": ("adj_per_atom", "n_atoms"),
    }
    kind = one.get("@class") if isinstance(one, dict) else None
    if not isinstance(one, dict) or kind not in factors:
        raise Unusable("unsupported", f"an adjustment of the energy of the kind {kind!s:.60}")
    numbers = [one.get(name) for name in factors[str(kind)]]
    if not all(map(_is_number, numbers)):
        raise Unusable("unreadable", f"a {kind} without its numbers")
    return math.prod(float(number) for number in numbers if number is not None)


def _scheme(value: JsonMapping, correction: float) -> str | None:
    """Classes that made the corrections; None where there are none."""
    names = set()
    for one in value.get("energy_adjustments") or []:
        maker = one.get("cls")
        name = maker.get("@class") if isinstance(maker, dict) else None
        kind = maker.get("compat_type") if isinstance(maker, dict) else None
        variant = f" ({kind})" if isinstance(kind, str) and kind != "Advanced" else ""
        names.add(f"{name}{variant}" if isinstance(name, str) else MANUAL)
    if not names and correction:
        names.add(MANUAL)
    return " + ".join(sorted(names)) or None


def _run_type(value: JsonMapping) -> str | None:
    for key in ("parameters", "data"):
        inner = value.get(key)
        run_type = inner.get("run_type") if isinstance(inner, dict) else None
        if isinstance(run_type, str):
            return run_type
    return None


def _require_same(structure: object, amounts: Mapping[int, float]) -> None:
    """Refuse a structure of another composition; one that cannot be read is rejected later."""
    try:
        counts: dict[int, float] = {}
        for site in structure["sites"]:  # type: ignore[index]
            for species in site["species"]:
                number = number_of(species["element"])
                counts[number] = counts.get(number, 0.0) + float(species["occu"])
    except (KeyError, TypeError, ValueError, OverflowError, Unusable):
        return
    total, atoms = sum(counts.values()), sum(amounts.values())
    same = total > 0.0 and all(
        abs(counts.get(z, 0.0) / total - amounts.get(z, 0.0) / atoms) < CLOSE
        for z in counts.keys() | amounts.keys()
    )
    if not same:
        raise Unusable(
            "contradiction",
            f"the composition is {formula_of(amounts)}, the structure {formula_of(counts)}",
        )


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number; no energy or amount is anywhere near the bound."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and -BOUND < value < BOUND  # type: ignore[operator]


def _is_of_elements(composition: JsonMapping) -> bool:
    known = symbols()
    return bool(composition) and all(
        name in known and _is_number(amount) for name, amount in composition.items()
    )


def _is_structured(value: object) -> bool:
    return isinstance(value, dict) and ("sites" in value or "lattice" in value)


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))
