"""The recipe of synthesis reactions."""

from __future__ import annotations

import importlib
import json

import pytest
from support.crystals import real
from support.recipes import counts

import matdata as md

pytestmark = pytest.mark.usefixtures("recipes")


def _material(formula: str, **parts: str) -> dict:
    composition = [{"formula": formula, "amount": "1", "elements": parts}]
    return {"material_formula": formula, "composition": composition}


def test_reactions_and_what_is_left_out(run, tmp_path):
    oxide, carbonate = _material("TiO2", Ti="1", O="2"), _material("BaCO3", Ba="1", C="1", O="3")
    target = _material("BaTiO3", Ba="1", Ti="1", O="3")
    acetate = _material("Ba(CH3COO)2", Ba="1", C="4", H="6", O="4")
    variable = _material("BaxTiO3", Ba="x", Ti="1", O="3")
    substituted = _material("MTiO3", M="1", Ti="1", O="3")
    cases = [
        *[(target, [oxide, carbonate])] * 8,
        *[(target, [oxide, carbonate, oxide, oxide])] * 4,
        (variable, [oxide, carbonate]),
        (substituted, [oxide, carbonate]),
        (target, [oxide, acetate]),
        (target, [oxide]),
        (_material("Ti", Ti="1"), [oxide, carbonate]),
    ]
    reactions = [
        {
            "doi": "10.1/x",
            "reaction_string": "a == b",
            "reaction": {"left_side": [{"material": "BaCO3", "amount": "1"}], "right_side": []},
            "target": made,
            "precursors": precursors,
            "operations": [{"type": "Mixing"}, {"type": "HeatingOperation"}],
        }
        for made, precursors in cases
    ]
    path = tmp_path / "reactions.json"
    path.write_text(json.dumps({"release_date": "x", "reactions": reactions}))
    (result,) = run("reactions", "--from", path)
    found = counts(result)
    assert found["in split up-to-10-80-20"] == (16231, 12)
    assert found["in split up-to-3-80-20"] == (11083, 8)
    dataset = md.open("reactions")
    assert dataset.ledger["reason"].tolist() == [
        "not_stoichiometric",
        "not_stoichiometric",
        "one_precursor",
        "organic",
        "pure_product",
    ]
    row = dataset.table.iloc[0]
    assert json.loads(row["precursors"]) == [["TiO2", ""], ["BaCO3", "1"]]
    assert row["actions"] == "Dry Mixing > Heating"


@pytest.mark.parametrize(
    ("amounts", "organic"),
    [
        ({"C": 1, "O": 3, "Ba": 1}, False),
        ({"C": 1, "Si": 1}, False),
        ({"C": 1, "H": 1, "O": 3, "Na": 1}, False),
        ({"C": 2, "O": 4, "Fe": 1}, True),
        ({"C": 6, "H": 8, "O": 7}, True),
        ({"O": 1, "H": 2}, False),
        ({"C": 1, "O": 2}, False),
    ],
)
def test_what_is_organic(amounts, organic):
    assert importlib.import_module("reactions").is_organic(amounts) is organic


@pytest.mark.real_data
@pytest.mark.slow
def test_reactions_of_the_release(run):
    (result,) = run("reactions", "--from", real("synthesis/solid-state_dataset_2019-12-03.json.xz"))
    assert counts(result)["materials"] == (16231, 16237)
    assert counts(result)["in split up-to-3-80-20"] == (11083, 12912)
