"""Reactions as records of a file: a product, precursors with amounts, operations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matdata.core.crystals import as_ids
from matdata.core.table_rows import TableRows

CARBONATES = ("Li2CO3", "BaCO3", "SrCO3", "CaCO3")
OXIDES = ("TiO2", "ZrO2", "Nb2O5", "Fe2O3", "La2O3")
OPERATIONS = ("mix", "heat", "quench", "shape")


def rows(count: int) -> list[dict[str, Any]]:
    """Records of `count` reactions of two or three precursors and none to three operations."""
    made = []
    for number in range(count):
        carbonate, oxide = CARBONATES[number % 4], OXIDES[number % 5]
        precursors: list[dict[str, Any]] = [
            {"formula": carbonate, "amount": 0.5 + number % 3},
            {"formula": oxide, "amount": 1.0},
        ]
        if number % 3 == 2:
            precursors.append({"formula": "Eu2O3", "amount": None})
        made.append(
            {
                "material_id": f"r{number:03d}",
                "formula": f"{carbonate[:2]}{oxide[:2]}{1 + number}O3".replace("2", ""),
                "precursors": precursors,
                "operations": list(OPERATIONS[: number % 4]),
                "gap": 0.1 * number + 0.1,
            }
        )
    return made


def write_jsonl(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write records as JSON lines."""
    path.write_text("\n".join(map(json.dumps, records)) + "\n")
    return path


def table_of(records: list[dict[str, Any]]) -> TableRows:
    """What the feature `reaction` is given of them."""
    columns = {name: [one.get(name) for one in records] for name in ("precursors", "operations")}
    return TableRows(as_ids([one["material_id"] for one in records]), columns)


# records of the published releases


def material(formula: str, *phases: dict[str, str], **more: Any) -> dict[str, Any]:
    """A target or precursor; amounts of elements by phase."""
    composition = [
        {"formula": formula, "amount": atoms.pop("amount", "1"), "elements": atoms}
        for atoms in map(dict, phases)
    ]
    return {
        "material_formula": formula,
        "composition": composition,
        "amounts_vars": {},
        "elements_vars": {},
        **more,
    }


def between(low: float | None, high: float | None) -> dict[str, Any]:
    """The range of a variable."""
    values = [one for one in (low, high) if one is not None]
    return {"min_value": low, "max_value": high, "values": values}


def step(kind: str, **stated: Any) -> dict[str, Any]:
    """An operation with its conditions, if any."""
    return {"type": kind, "token": kind.lower(), "conditions": stated or None}


TITANIA = material("TiO2", {"Ti": "1", "O": "2"})
CARBONATE = material("BaCO3", {"Ba": "1", "C": "1", "O": "3"})
TITANATE = material("BaTiO3", {"Ba": "1", "Ti": "1", "O": "3"})


def record(**change: Any) -> dict[str, Any]:
    """A record of a release; `change` replaces some of its values."""
    sides = [{"material": "TiO2", "amount": "1"}, {"material": "BaCO3", "amount": "1"}]
    return {
        "doi": "10.1016/j.jssc.2008.01.015",
        "reaction_string": "1 TiO2 + 1 BaCO3 == 1 BaTiO3 + 1 CO2",
        "reaction": {"left_side": sides, "right_side": [], "element_substitution": {}},
        "target": TITANATE,
        "precursors": [TITANIA, CARBONATE],
        "operations": [step("Mixing"), step("HeatingOperation")],
        **change,
    }


def write_release(path: Path, records: list[Any], date: str = "2019-12-03") -> Path:
    """Write records as a release; a bare list without a date."""
    released = {"release_date": date, "reactions": records}
    path.write_text(json.dumps(released if date else records))
    return path


def feature_of(records: list[dict[str, Any]], featurizer: Any) -> Any:
    """The feature of the reactions, in memory."""
    from matdata.training.memory_features import MemoryFeature

    return MemoryFeature(featurizer, table_of(records))


def batch_of_reactions(records: list[dict[str, Any]], **settings: Any) -> Any:
    """One batch of the input `reaction` with all the reactions, in their order."""
    from matdata.features import featurizer
    from matdata.load.loader import make_loader
    from matdata.training.data import View

    feature = feature_of(records, featurizer("reaction", settings))
    view = View("reactions in memory", feature.ids, {}, {}, {"reaction": feature})
    return next(iter(make_loader(view, feature.ids, ["reaction"], batch_size=len(records))))
