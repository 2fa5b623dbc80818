"""Rows of text-mined reactions: product, precursors with amounts, operations, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matdata.core.composition import formula_of, reduced_formula
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.elements import N_ELEMENTS
from matdata.core.ledger import Unusable
from matdata.core.settings import Settings, setting
from matdata.sources._arithmetic import evaluate
from matdata.sources._doi_years import year_of
from matdata.sources._reaction_amounts import (
    DEFICIENCY,
    composition_of,
    is_finite,
    list_at,
    mapping_at,
    other_layout,
    text_at,
    variables_of,
)
from matdata.sources.parse import require_formula
from matdata.tables.operations import OF_TYPE

#: What a record of the releases of 2019 holds, and is read here.
KEYS = ("target", "precursors", "reaction", "operations", "doi")
EQUATION = "reaction_string"  # the balanced equation, which a record may lack
MIN_PRECURSORS = 2
UNITS = {"heating_temperature": "C", "heating_time": "h"}


@dataclass(frozen=True)
class ReactionsQuery(Settings):
    """Which reactions are kept."""

    oxygen_deficiency: str = setting(
        "drop",
        "a material that lacks oxygen to an unknown extent: no reaction, or taken as whole",
        choices=("drop", "zero"),
    )
    organic: str = setting(
        "drop", "a reaction with an organic product or precursor", choices=("drop", "keep")
    )
    max_precursors: int = setting(10, "most precursors of a reaction", minimum=MIN_PRECURSORS)


def row_of(record: JsonMapping, query: ReactionsQuery) -> JsonObject:
    """Columns of one reaction.

    Raises
    ------
    Unusable
        If it is left out, with the reason.
    """
    for key in KEYS:
        if key not in record:
            raise Unusable("other_layout", f"it has no {key!r}; it has {', '.join(record)[:200]}")
    stated, reaction = list_at(record, "precursors"), mapping_at(record, "reaction")
    _require_count(len(stated), query.max_precursors)
    target = mapping_at(record, "target")
    deficiency = {DEFICIENCY: 0.0} if query.oxygen_deficiency == "zero" else {}
    variables = {**variables_of(target), **deficiency}
    substituted = mapping_at(reaction, "element_substitution")
    keep = query.organic == "keep"
    product = composition_of(target, variables, substituted, keep)
    if len(product) < 2:
        raise Unusable("one_element", f"the product {formula_of(product)} is an element")
    precursors = []
    for one in stated:
        atoms = composition_of(one, {**variables, **variables_of(one)}, substituted, keep)
        precursors.append((atoms, _moles(one, reaction, variables)))
    formula = formula_of(product)
    require_formula(formula)
    operations = list_at(record, "operations")
    words = [_word(step) for step in operations]
    conditions = _conditions(operations)
    return {
        "formula": formula,
        "reaction": _label([atoms for atoms, _ in precursors], product),
        "precursors": [{"formula": formula_of(a), "amount": moles} for a, moles in precursors],
        "n_precursors": len(precursors),
        "operations": words or None,  # a list without entries is missing, as in files
        "conditions": conditions or None,
        "max_temperature": _largest(conditions, "temperature_max"),
        "max_time": _largest(conditions, "time_max"),
        "product_fractions": _fractions(product),
        "equation": None if record.get(EQUATION) is None else text_at(record, EQUATION),
        "doi": text_at(record, "doi"),
        "year": year_of(text_at(record, "doi")),
    }


def _require_count(count: int, most: int) -> None:
    if count == 0:
        raise Unusable("no_precursors", "the record has no precursors")
    if count < MIN_PRECURSORS:
        raise Unusable("few_precursors", f"{count} precursor, at least {MIN_PRECURSORS} are read")
    if count > most:
        raise Unusable("many_precursors", f"{count} precursors, at most {most} are read")


def _moles(
    precursor: JsonMapping, reaction: JsonMapping, variables: Mapping[str, float]
) -> float | None:
    """Amount of a precursor in the balanced equation; None if the equation leaves it out.

    Dopants and fluxes are such precursors: the release balances the undoped product.

    Raises
    ------
    Unusable
        If the amount has no value, or none above zero, or the equation has two of them.
    """
    name = text_at(precursor, "material_formula")
    sides = [one for one in list_at(reaction, "left_side") if one.get("material") == name]
    if not sides:
        return None
    text = text_at(sides[0], "amount")
    if len(sides) > 1:
        raise Unusable("repeated_amount", f"the equation has {len(sides)} amounts of {name}")
    moles = evaluate(text, variables)
    if moles <= 0:
        reason = "negative_amount" if moles < 0 else "zero_amount"
        raise Unusable(reason, f"{moles:.4g} of the precursor {name} ({text})")
    return moles


def _label(precursors: Sequence[Mapping[int, float]], product: Mapping[int, float]) -> str:
    """Reduced formulas of precursors and product: equal if these are, whatever the amounts."""
    sides = sorted({reduced_formula(atoms) for atoms in precursors})
    return f"{' + '.join(sides)} = {reduced_formula(product)}"


def _word(step: JsonMapping) -> str:
    kind = text_at(step, "type")
    if kind not in OF_TYPE:
        raise Unusable(
            "unknown_operation", f"{kind!r} is none of the operations {', '.join(OF_TYPE)}"
        )
    return OF_TYPE[kind]


def _conditions(operations: Sequence[JsonMapping]) -> list[JsonObject]:
    """Temperatures (°C) and times (h) of the operations that state any; None for what they do not.

    Each with the place of its operation, counted from 0.
    """
    found = []
    for place, step in enumerate(operations):
        stated = mapping_at(step, "conditions")
        low, high = _range(stated, "heating_temperature")
        shortest, longest = _range(stated, "heating_time")
        if high is not None or longest is not None:
            found.append(
                {
                    "operation": place,
                    "temperature_min": low,
                    "temperature_max": high,
                    "time_min": shortest,
                    "time_max": longest,
                }
            )
    return found


def _range(conditions: JsonMapping, key: str) -> tuple[float | None, float | None]:
    """Smallest and largest number that an operation states."""
    numbers: list[float] = []
    for one in list_at(conditions, key):
        if one.get("units") != UNITS[key]:
            raise other_layout(key, f"numbers in {UNITS[key]}", one.get("units"))
        values = one.get("values")
        stated = [one.get("min_value"), one.get("max_value")]
        stated += values if isinstance(values, list) else []
        numbers += [float(value) for value in stated if is_finite(value)]
    return (min(numbers), max(numbers)) if numbers else (None, None)


def _largest(conditions: Sequence[JsonObject], key: str) -> float | None:
    return max((one[key] for one in conditions if one[key] is not None), default=None)


def _fractions(product: Mapping[int, float]) -> list[float]:
    """Atomic fractions of all elements, (118,), in order of atomic number."""
    total = sum(product.values())
    return [product.get(number, 0.0) / total for number in range(1, N_ELEMENTS + 1)]
