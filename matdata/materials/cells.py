"""Cells of a user's table as the readers of files give them: plain values, or a structure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from matdata.adapters import ase, pymatgen
from matdata.adapters.sites import Sites
from matdata.core import elements
from matdata.core.errors import SourceError
from matdata.core.ledger import Unusable

LEVELS = 20  # of lists and mappings in a cell
MISSING = ("NAType", "NaTType")  # marks of pandas


class Refused(NamedTuple):
    """A structure that cannot be used: reason and message of its row in the ledger."""

    reason: str
    message: str


def holds_object(value: object) -> bool:
    """Whether a cell is a structure of pymatgen or ASE."""
    return pymatgen.is_structure(value) or pymatgen.is_molecule(value) or ase.is_atoms(value)


def structure_of(value: Any) -> Sites | Refused:
    """The crystal of a pymatgen or ASE object, or why it is none."""
    if pymatgen.is_molecule(value):
        return Refused("not_periodic", "a molecule, not a crystal")
    try:
        if ase.is_atoms(value):
            return ase.sites_of(value)
        return pymatgen.sites_of(value)
    except Unusable as error:
        return Refused(error.reason, str(error))


def formula_of(composition: Any) -> str:
    """The formula of a pymatgen `Composition`, with its amounts as they are."""
    try:
        amounts = pymatgen.amounts_of(composition)
    except Unusable as error:
        return str(error)  # no formula: its record is rejected as one
    names = elements.symbols()
    return "".join(f"{names[number]}{_amount(amount)}" for number, amount in amounts.items())


def _amount(amount: float) -> str:
    return "" if amount == 1.0 else format(Decimal(repr(amount)).normalize(), "f")


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN, or a mark of pandas."""
    if value is None or type(value).__name__ in MISSING:
        return True
    return isinstance(value, (float, np.floating, Decimal)) and math.isnan(value)


def plain(value: object, column: str, level: int = 0) -> Any:
    """A cell as a JSON document would hold it; None where it is missing.

    Numbers out of range of float64, and infinity, are text, as in a file: they are counted with
    what is no number. Dates are ISO text. Categories are their values.

    Raises
    ------
    SourceError
        If it is of another kind, with the column; if lists are nested too deeply.
    """
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return number if math.isfinite(number) else str(number)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if pymatgen.is_composition(value):
        return formula_of(value)
    if level < LEVELS and isinstance(value, Mapping):
        return {str(key): plain(one, column, level + 1) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if level < LEVELS and isinstance(value, (list, tuple)):
        return [plain(one, column, level + 1) for one in value]
    nested = isinstance(value, (list, tuple, Mapping))
    what = "lists that are nested too deeply" if nested else f"a {type(value).__name__}"
    raise SourceError(
        f"column {column!r} of the table holds {what}",
        cause="a cell is a number, a text, true or false, a date, a list of these, or a structure",
        next_step=f"convert it, or leave it out: table.drop(columns=[{column!r}])",
    )
