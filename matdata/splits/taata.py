"""The split of the TAATA set: of each {Ti, Zr, Hf} trio two systems are in train, one in test.

Goodall, thesis, section 6.2: "we perform a group split based on composition prototypes (e.g.
{Ti, Zr, Hf}Zn2N, {Ti, Zr, Hf}ZnN4 etc.) and then in each instance randomly assign two of the
chemical systems (if present in the data) to the training set and one to the test set."

For each prototype one of the three metals is drawn for test, whether its composition is in the
data or not, and those present follow the draw. The text could also be read as drawing among the
systems present; section 6.4.3 counts 3,087 test systems of the 9,256 of table 6.1, which is
the third that the first reading gives (incomplete trios, which are many, would move it otherwise).
The thesis has no validation part here and does not say where materials outside the trios go
(Zn3N2, elements): they belong to all three phase diagrams, and are in train.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import formula_of, parse_formula, reduced_amounts
from matdata.core.errors import SplitError, StructureError, did_you_mean
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids, Labels
from matdata.splits.holdout import VAL_HELP, hold_out
from matdata.splits.names import split_name
from matdata.splits.ranking import BITS, keyed_numbers


@dataclass(frozen=True)
class TaataSettings(Settings):
    """Settings of the TAATA split."""

    metals: tuple[str, ...] = setting(("Ti", "Zr", "Hf"), "elements that replace each other")
    seed: int = setting(0, "seed of the draw", minimum=0)
    val_fraction: float = setting(0.0, VAL_HELP, minimum=0.0, maximum=0.6)


def taata_split(ids: Ids, columns: Columns, settings: TaataSettings) -> list[Split]:
    """Split by composition prototype; polymorphs of one composition stay together.

    Raises
    ------
    SplitError
        If fewer than two metals are given, formulas are missing or unreadable, or no material
        holds one of the metals.
    """
    metals = settings.metals
    _check_metals(metals)
    formulas = columns.labels("formula")
    keys = prototypes(formulas, metals)
    prototype_names = sorted({prototype for prototype, _ in keys if prototype})
    if not prototype_names:
        raise SplitError(
            f"no material holds exactly one of {', '.join(metals)}",
            cause="this split is meant for the Ti/Zr/Hf-Zn-N set",
            next_step="name the metals of your own set, or use the group split",
        )
    is_test = _drawn_for_test(keys, prototype_names, settings)
    pool = np.flatnonzero(~is_test)
    inner = hold_out(
        ids[pool],
        len(ids),
        settings.val_fraction,
        settings.seed,
        "taata validation",
        [formulas[row] for row in pool.tolist()],
    )
    name = split_name("taata", val=(settings.val_fraction, 0.0), seed=settings.seed)
    outside = sum(metal is None for _, metal in keys)
    notes = (
        f"{len(prototype_names)} composition prototypes; {int(is_test.sum())} of {len(ids)} "
        f"materials test",
        f"{outside} materials are in no trio of {'/'.join(metals)} and are in train",
    )
    parts = {**inner, "test": ids[is_test]}
    return [Split(name, "taata", settings.to_dict(), parts, notes if outside else notes[:1])]


def _check_metals(metals: tuple[str, ...]) -> None:
    if len(set(metals)) != len(metals) or len(metals) < 2:
        raise SplitError(
            f"metals are {', '.join(metals) or 'empty'}; expected two or more different ones",
            next_step="give them as Ti,Zr,Hf",
        )
    for metal in metals:
        if metal not in elements.symbols()[1:]:
            raise SplitError(
                f"{metal!r} is not an element{did_you_mean(metal, elements.symbols()[1:])}",
                next_step="give symbols, as Ti,Zr,Hf",
            )


def _drawn_for_test(
    keys: list[tuple[str, str | None]], prototype_names: list[str], settings: TaataSettings
) -> npt.NDArray[np.bool_]:
    metals = settings.metals
    numbers = keyed_numbers(prototype_names, settings.seed, "taata").tolist()
    drawn = {
        prototype: metals[number * len(metals) >> BITS]
        for prototype, number in zip(prototype_names, numbers, strict=True)
    }
    return np.array([metal is not None and drawn[p] == metal for p, metal in keys])


def prototypes(formulas: Labels, metals: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Composition prototype and metal per formula; ``("", None)`` outside the trios.

    The prototype is the reduced formula with the metal taken out and its amount kept
    (``ZnN2|1`` for TiZnN2); materials with none or several of the metals have none.

    Raises
    ------
    SplitError
        If a formula is missing or cannot be read.
    """
    prototype_of: dict[str | None, tuple[str, str | None]] = {}
    for formula in formulas:
        if formula not in prototype_of:
            prototype_of[formula] = _prototype(formula, metals)
    return [prototype_of[formula] for formula in formulas]


def _prototype(formula: str | None, metals: tuple[str, ...]) -> tuple[str, str | None]:
    try:
        amounts = reduced_amounts(parse_formula(formula or ""))
    except StructureError as error:
        raise SplitError(
            f"the TAATA split needs every material's formula: {error.what}",
            next_step="complete the formula column, or drop these materials",
        ) from error
    symbols = elements.symbols()
    inside = [z for z in amounts if symbols[z] in metals]
    if len(inside) != 1:
        return "", None
    rest = {z: amount for z, amount in amounts.items() if z != inside[0]}
    return f"{formula_of(rest)}|{amounts[inside[0]]:g}", symbols[inside[0]]


METHOD = Method("taata", TaataSettings, taata_split)
