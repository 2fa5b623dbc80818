"""Checks of the statements of an OPTIMADE entry against its sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matdata.adapters.sites import require_periodic
from matdata.core import elements
from matdata.core.composition import parse_formula, reduced_amounts, reduced_formula
from matdata.core.documents import JsonMapping
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable
from matdata.sources.optimade_terms import anonymous_formula

FORMULAS = (
    "chemical_formula_reduced", "chemical_formula_hill", "chemical_formula_descriptive",
)  # fmt: skip
RATIO_TOLERANCE = 0.01  # services round the shares of elements


def check_dimensions(attributes: JsonMapping) -> None:
    """Reject an entry that is stated not to be periodic, or contradicts itself about it.

    Raises
    ------
    Unusable
        ``not_periodic`` or ``contradiction``.
    """
    types, count = attributes.get("dimension_types"), attributes.get("nperiodic_dimensions")
    if types is not None and count is not None and sum(map(bool, types)) != count:
        raise Unusable("contradiction", f"dimension_types {types} and nperiodic_dimensions {count}")
    if types is not None:
        require_periodic(types)
    if count is not None and count != 3:
        raise Unusable("not_periodic", f"periodic in {count} directions only")


def check_statements(attributes: JsonMapping, numbers: Sequence[int]) -> None:
    """Reject an entry whose sites differ from its statements: number, elements, or formula.

    Parameters
    ----------
    attributes
        Attributes of the entry; what is not stated is not checked.
    numbers
        Atomic numbers of its sites.

    Raises
    ------
    Unusable
        ``contradiction``, with both values.
    """
    counts = dict(Counter(numbers))
    symbols = sorted(elements.symbols()[number] for number in counts)
    stated = attributes.get("elements")
    _compare("nsites", attributes.get("nsites"), len(numbers))
    _compare("nelements", attributes.get("nelements"), len(counts))
    _compare("elements", stated if stated is None else sorted(stated), symbols)
    if stated is not None:
        shares = [counts[elements.atomic_number(symbol)] / len(numbers) for symbol in stated]
        _compare_ratios(attributes.get("elements_ratios"), shares)
    anonymous = attributes.get("chemical_formula_anonymous")
    reduced = [int(amount) for amount in reduced_amounts(counts).values()]
    _compare("chemical_formula_anonymous", anonymous, anonymous_formula(reduced))
    for name in FORMULAS:
        _compare_formula(name, attributes.get(name), counts)


def _compare_ratios(stated: Any, computed: Sequence[float]) -> None:
    if stated is None:
        return
    deviates = [abs(a - b) > RATIO_TOLERANCE for a, b in zip(stated, computed, strict=False)]
    if len(stated) != len(computed) or any(deviates):
        shares = ", ".join(f"{share:.3f}" for share in computed)
        raise Unusable("contradiction", f"elements_ratios is {stated}, its sites make {shares}")


def _compare(name: str, stated: object, computed: object) -> None:
    if stated is not None and stated != computed:
        raise Unusable("contradiction", f"{name} is {stated}, its sites make {computed}")


def _compare_formula(name: str, stated: object, counts: Mapping[int, int]) -> None:
    if stated is None:
        return
    try:
        amounts = parse_formula(str(stated))
    except StructureError:  # providers may write some of them freely
        return
    if reduced_amounts(amounts) != reduced_amounts(counts):
        raise Unusable("contradiction", f"{name} is {stated}, its sites {reduced_formula(counts)}")
