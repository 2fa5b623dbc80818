"""The statements of a block about its content, checked against the sites built from it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from matdata.adapters.cif.atoms import Atoms
from matdata.adapters.cif.cell import volume_of
from matdata.adapters.cif.document import Block, number_of
from matdata.adapters.cif.expand import Built
from matdata.core import elements
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable

_AMOUNT = re.compile(r"([A-Z][a-z]?)(\d*(?:\.\d+)?)")
_WHOLE = re.compile(r"\s*(?:[A-Z][a-z]?\d*(?:\.\d+)?\s*)+")
LONGEST_FORMULA = 2000
SLACK = 1e-4  # relative, for amounts that are not whole numbers
DENSITY = 0.05  # relative difference of a stated density from that of the cell
GRAMS = 1.66053907  # u/Å³ in g/cm³


@dataclass(frozen=True)
class Formula:
    """A stated sum formula: lower and upper bound of the amount of each element.

    An integer is exact, a decimal number accurate to half a unit in its last place.
    """

    text: str
    bounds: Mapping[int, tuple[float, float]]


@dataclass(frozen=True)
class Statements:
    """Sum formula, formula units per cell, density (g/cm³); None if not stated."""

    formula: Formula | None
    units: float | None
    density: float | None


def statements_of(block: Block) -> Statements:
    """Read the statements of a block; formulas with words or brackets are not checked."""
    units = block.value("_cell_formula_units_z")
    density = block.value("_exptl_crystal_density_diffrn")
    if density is not None and not density[:1].isdecimal():  # "not measured"
        density = None
    return Statements(
        _formula(block.value("_chemical_formula_sum")),
        None if units is None else number_of(units, "_cell_formula_units_Z"),
        None if density is None else number_of(density, "_exptl_crystal_density_diffrn"),
    )


def _formula(text: str | None) -> Formula | None:
    if text is None or len(text) > LONGEST_FORMULA or _WHOLE.fullmatch(text) is None:
        return None
    bounds: dict[int, tuple[float, float]] = {}
    for symbol, amount in _AMOUNT.findall(text):
        try:
            number = elements.atomic_number(symbol)
        except StructureError:
            return None
        value = float(amount or 1)
        decimals = len(amount.partition(".")[2])
        half = 0.5 * 10**-decimals if decimals else 0.0
        low, high = bounds.get(number, (0.0, 0.0))
        bounds[number] = (low + max(value - half, 0.0), high + value + half)
    bounds = {z: (low, high) for z, (low, high) in bounds.items() if high > 0}
    return Formula(" ".join(text.split()), bounds) if bounds else None


def proved(statements: Statements, built: Built) -> bool:
    """Whether formula and units prove that all sites are present.

    One unit per cell proves nothing: careless files state that of their asymmetric unit.
    """
    stated = statements.formula is not None and (statements.units or 0) > 1
    return stated and contradiction(statements, None, built) is None


def contradiction(statements: Statements, atoms: Atoms | None, built: Built) -> Unusable | None:
    """The contradiction between statements and sites, None if there is none.

    Parameters
    ----------
    statements
        What the block states.
    atoms
        Its rows, for multiplicities and density; None to check the formula only.
    built
        All sites.
    """
    amounts = Counter(built.sites.numbers.tolist())
    problem = _formula_problem(statements, amounts) if statements.formula else None
    if problem is None and atoms is not None:
        problem = _multiplicity_problem(atoms, built) or _density_problem(statements, atoms, built)
    return problem


def _formula_problem(statements: Statements, amounts: Mapping[int, int]) -> Unusable | None:
    formula, units = statements.formula, statements.units
    assert formula is not None
    symbols = elements.symbols()
    content = " ".join(f"{symbols[z]}{n}" for z, n in sorted(amounts.items()))
    stated = f"formula {formula.text}" + (f" with Z = {units:g}" if units else "")
    missing = [symbols[z] for z in formula.bounds if z not in amounts]
    if missing and set(amounts) <= set(formula.bounds):
        comparison = f"the cell holds {content}, the file states {stated}"
        return Unusable("missing_atoms", f"no site of {', '.join(missing)}: {comparison}")
    disagreement = Unusable("contradiction", f"the cell holds {content}, the file states {stated}")
    if set(amounts) != set(formula.bounds):
        return disagreement
    low = max(amounts[z] / high for z, (_, high) in formula.bounds.items())
    high = min(amounts[z] / max(low, 1e-9) for z, (low, _) in formula.bounds.items())
    low, high = low * (1 - SLACK), high * (1 + SLACK)
    if low > high:
        return disagreement
    if units is None:
        return None if math.floor(high) >= max(1, math.ceil(low)) else disagreement
    # Programs that write the content of the cell as formula state the units nevertheless.
    whole_cell = low <= 1 <= high and units > 0 and math.gcd(*amounts.values()) % units == 0
    return None if low <= units <= high or whole_cell else disagreement


def _multiplicity_problem(atoms: Atoms, built: Built) -> Unusable | None:
    stated, counts = atoms.multiplicities, built.counts.tolist()
    if stated is None or stated == counts:
        return None
    # Older SHELXL wrote the order of the site symmetry under this name.
    order = len(built.operations)
    if order > 1 and all(m * count == order for m, count in zip(stated, counts, strict=True)):
        return None
    row = next(k for k, (m, count) in enumerate(zip(stated, counts, strict=True)) if m != count)
    return Unusable(
        "contradiction",
        f"row {row + 1} of the atom list gives {counts[row]} sites, its stated multiplicity is "
        f"{stated[row]}",
    )


def _density_problem(statements: Statements, atoms: Atoms, built: Built) -> Unusable | None:
    if statements.density is None or statements.units is not None or atoms.heavy_hydrogen:
        return None
    mass = float(elements.masses()[built.sites.numbers].sum())
    density = GRAMS * mass / volume_of(built.sites.lattice)
    if abs(density - statements.density) <= DENSITY * density:
        return None
    return Unusable(
        "contradiction",
        f"the cell has {density:.4g} g/cm³, the file states {statements.density:g}",
    )
