"""The null model of products of reactions, against hand-made numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

import matdata as md

null = pytest.importorskip("matdata_recipes.reaction_null")


def test_amounts_are_means_of_the_products_that_hold_an_element():
    train = np.zeros((2, 118))
    train[0, [55, 7]] = 0.5, 0.5  # BaO
    train[1, [21, 7]] = 0.25, 0.75  # TiO3
    present = null.in_precursors(
        [[{"formula": "BaCO3"}, {"formula": "Ti"}], [{"formula": "Au"}]], True
    )
    assert set(np.flatnonzero(present[0]) + 1) == {56, 6, 8, 22}
    assert set(np.flatnonzero(present[1]) + 1) == {79, 8}
    predicted = null.amounts(present, train)
    total = 0.5 + 0.25 + 0.625
    np.testing.assert_allclose(
        predicted[0, [55, 21, 7, 5]], np.array([0.5, 0.25, 0.625, 0]) / total
    )
    np.testing.assert_allclose(predicted[1, [78, 7]], [0.0, 1.0])
    assert not null.in_precursors([[{"formula": "Au"}]], False)[0, 7]


def test_a_split_is_scored(tmp_path, capsys):
    fractions = [0.0] * 118
    fractions[55] = fractions[7] = 0.5
    records = [
        {
            "material_id": f"r{row}",
            "formula": "BaO",
            "precursors": [{"formula": "BaO2" if row % 2 else "BaCO3", "amount": 1.0}],
            "product_fractions": fractions,
        }
        for row in range(20)
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    made = md.build(path, cache=tmp_path, name="r", workers=1, dedupe="none")
    made.split("50/50", name="main")
    part = dict(
        zip(*(made.load_split("main")[0][name] for name in ("material_id", "part")), strict=True)
    )
    right = np.mean([int(one[1:]) % 2 for one, where in part.items() if where == "test"])
    assert null.main(["r", "--split", "main", "--cache", str(tmp_path)]) == 0
    elements, amounts, _ = capsys.readouterr().out.splitlines()
    assert f"subset_accuracy {right:.4g}," in elements  # carbon is not in the product
    assert "l1 0," in amounts  # which no training product holds
    assert null.main(["r", "--split", "absent", "--cache", str(tmp_path)]) == 1
