"""Inputs that hold the target under another name."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.features import featurizer
from matdata.training.leakage import leakage_notes
from matdata.training.target import Target

GAP = [0.1, 0.7, None, 3.3, 0.0]


def notes(column, target=GAP, **more):
    table = {"x": column, "gap": target}
    inputs = {"column:x": featurizer("column:x")}
    return leakage_notes(table, [Target("gap", **more)], inputs, range(len(column)))


@pytest.mark.parametrize(
    ("column", "relation"),
    [
        (GAP, "equal to"),
        ([0.1, 0.7, 5.0, 3.3, None], "equal to"),
        ([None if gap is None else gap * 96.48533212 for gap in GAP], "proportional to"),
        ([None if gap is None else gap / 27.2 for gap in GAP], "proportional to"),
        ([None if gap is None else -gap for gap in GAP], "proportional to"),
    ],
)
def test_an_input_that_is_the_target_is_named(column, relation):
    (note,) = notes(column)
    assert note.startswith(f"the input 'column:x' is {relation} the target 'gap' in all rows")


def test_a_factor_is_recognised_whatever_its_rounding():
    random = np.random.default_rng(0)
    target = random.normal(size=300)
    for factor in random.uniform(0.01, 100.0, 50):
        (note,) = notes((factor * target).tolist(), target.tolist())
        assert "proportional to" in note


@pytest.mark.parametrize(
    "column",
    [
        [0.1, 0.7, None, 3.3, 1e-9],
        [0.1, 0.7, None, 3.300001, 0.0],
        [1.1, 1.7, None, 4.3, 1.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [None] * 5,
    ],
)
def test_inputs_that_differ_anywhere_are_not(column):
    assert notes(column) == []


def test_classes_are_compared_and_constants_are_not():
    kinds = ["a", "b", "a", "a", None]
    assert "equal to" in notes(kinds, kinds, size=2, task="classification", classes=("a", "b"))[0]
    assert notes([2.0] * 5, [2.0] * 5) == []


def test_rows_of_the_test_part_are_not_read():
    class Sealed(list):
        def __getitem__(self, row):
            assert row < 3
            return super().__getitem__(row)

    table = {"x": Sealed([1.0, 2.0, 3.0, 9.0]), "gap": Sealed([2.0, 4.0, 6.0, 1.0])}
    (note,) = leakage_notes(table, [Target("gap")], {"column:x": featurizer("column:x")}, range(3))
    assert "proportional to" in note
