"""Compositions of text-mined materials: variables, substituted elements and phases resolved."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.elements import atomic_number, symbols
from matdata.core.errors import StructureError
from matdata.core.formula import MAX_AMOUNT, MIN_AMOUNT
from matdata.core.ledger import Unusable
from matdata.core.numerals import is_number
from matdata.sources._arithmetic import evaluate

#: How oxygen that is lacking to an unknown extent is written in the amounts.
DEFICIENCY = "del_O"
CARBON, HYDROGEN, OXYGEN = 6, 1, 8
OXYGEN_OF_CARBONATE = 3.0  # atoms per carbon from which on carbon is that of a carbonate


def mapping_at(record: JsonMapping, key: str) -> JsonObject:
    """The JSON object under a key; empty where it is null or missing.

    Raises
    ------
    Unusable
        If anything else is there.
    """
    value = record.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise other_layout(key, "a JSON object", value)
    return value


def list_at(record: JsonMapping, key: str) -> Sequence[JsonObject]:
    """The list of JSON objects under a key; empty where it is null or missing.

    Raises
    ------
    Unusable
        If anything else is there.
    """
    value = record.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise other_layout(key, "a list of JSON objects", value)
    return value


def text_at(record: JsonMapping, key: str) -> str:
    """The text under a key.

    Raises
    ------
    Unusable
        If there is none.
    """
    value = record.get(key)
    if not isinstance(value, str):
        raise other_layout(key, "a text", value)
    return value


def other_layout(key: str, expected: str, value: object) -> Unusable:
    """The error of a record that is not laid out as those of the release."""
    shown = repr(value)
    return Unusable(
        "other_layout",
        f"{key!r} is {shown if len(shown) <= 60 else shown[:60] + '…'}, expected {expected}",
    )


def variables_of(material: JsonMapping) -> dict[str, float]:
    """Values of the variables of a material: the mean of smallest and largest, where stated."""
    values = {}
    for name, stated in mapping_at(material, "amounts_vars").items():
        if not isinstance(stated, dict):
            raise other_layout("amounts_vars", "ranges of variables", stated)
        low, high = stated.get("min_value"), stated.get("max_value")
        if is_finite(low) and is_finite(high):
            values[name] = 0.5 * (low + high)
    return values


def is_finite(value: object) -> TypeGuard[float]:
    """Whether a value is a number that a float64 holds, which integers of JSON need not be."""
    return is_number(value) and abs(value) <= sys.float_info.max


def elements_of(material: JsonMapping, substituted: Mapping[str, str]) -> dict[str, str]:
    """What stands for each element variable: its substitution in the equation, else the first.

    Parameters
    ----------
    material
        With ``elements_vars``: elements by variable.
    substituted
        ``element_substitution`` of the balanced equation.

    Raises
    ------
    Unusable
        If a substituted element is no text.
    """
    for name, symbol in substituted.items():
        if not isinstance(symbol, str):
            raise other_layout("element_substitution", f"an element for {name}", symbol)
    first = {
        name: options[0]
        for name, options in mapping_at(material, "elements_vars").items()
        if isinstance(options, list) and options and isinstance(options[0], str)
    }
    return {**first, **substituted}


def composition_of(
    material: JsonMapping,
    variables: Mapping[str, float],
    substituted: Mapping[str, str],
    keep_organic: bool,
) -> dict[int, float]:
    """Atoms by atomic number, phases added up with their amounts; elements of zero left out.

    Parameters
    ----------
    material
        A target or precursor: ``composition``, ``elements_vars``, ``material_formula``.
    variables
        Values of variables.
    substituted
        Elements by variable, of the balanced equation.
    keep_organic
        Whether a phase that is taken for organic is kept.

    Raises
    ------
    Unusable
        ``unresolved_variable``, ``negative_amount``, ``amount_out_of_range``, ``organic`` or
        ``unparsable``, with the formula.
    """
    name = text_at(material, "material_formula")
    elements = elements_of(material, substituted)
    total: dict[int, float] = {}
    try:
        for phase in list_at(material, "composition"):
            weight = _amount(phase.get("amount"), variables, "the phase")
            atoms = _phase(mapping_at(phase, "elements"), variables, elements)
            if is_organic(atoms) and not keep_organic:
                raise Unusable("organic", "carbon with hydrogen or little oxygen")
            for number, count in atoms.items():
                total[number] = total.get(number, 0.0) + weight * count
    except Unusable as error:
        raise Unusable(error.reason, f"{name}: {error}") from None
    present = {number: count for number, count in total.items() if count > 0}
    for number, count in present.items():
        if not MIN_AMOUNT <= count <= MAX_AMOUNT:
            raise Unusable(
                "amount_out_of_range",
                f"{name}: {count:.4g} of {symbols()[number]}, expected {MIN_AMOUNT:g} to "
                f"{MAX_AMOUNT:g}",
            )
    if not present:
        raise Unusable("unparsable", f"{name}: it has no composition")
    return present


def _phase(
    stated: JsonMapping, variables: Mapping[str, float], elements: Mapping[str, str]
) -> dict[int, float]:
    atoms: dict[int, float] = {}
    for symbol, text in stated.items():
        number = _element(elements.get(symbol, symbol), symbol)
        atoms[number] = atoms.get(number, 0.0) + _amount(text, variables, symbol)
    return {number: count for number, count in atoms.items() if count > 0}


def _element(symbol: str, stated: str) -> int:
    try:
        return atomic_number(symbol)
    except StructureError:
        reason = "unresolved_variable" if symbol == stated else "unparsable"
        raise Unusable(reason, f"{symbol} stands for elements that are not named") from None


def _amount(text: Any, variables: Mapping[str, float], what: str) -> float:
    if not isinstance(text, str):
        raise other_layout("amount", "a text", text)
    value = evaluate(text, variables)
    if value < 0:
        raise Unusable("negative_amount", f"{value:.4g} of {what} ({text})")
    return value


def is_organic(atoms: Mapping[int, float]) -> bool:
    """Whether one phase is taken for organic: carbon with hydrogen, or oxygen, but no carbonate.

    Carbides, carbonates and bicarbonates are inorganic; acetates, citrates, alkoxides and
    oxalates are organic. Three oxygen atoms to a carbon make a carbonate.
    """
    carbon, oxygen = atoms.get(CARBON, 0.0), atoms.get(OXYGEN, 0.0)
    if not carbon or not (oxygen or HYDROGEN in atoms):
        return False
    return oxygen / carbon < OXYGEN_OF_CARBONATE and set(atoms) != {CARBON, OXYGEN}
