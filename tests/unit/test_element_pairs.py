"""Pairs of elements in what is kept, and where a network draws them."""

from __future__ import annotations

import numpy as np

from matdata.evaluation.screening.pairs import ElementPairs
from matdata.figures.networks import layout


def test_pairs_are_counted_once_per_composition():
    formulas = ["Mg2V2O7", "Ca2V2O7", "Ca4V4O14", "CaV2P2O9", "NaF", "He"]
    counts = ElementPairs.of(formulas)
    assert counts.compositions == 5
    assert counts.pairs[("V", "O")] == 3
    assert next(iter(counts.pairs)) == ("V", "O")
    assert counts.pairs[("Ca", "V")] == 2
    assert ("Mg", "Ca") not in counts.pairs
    assert counts.elements["O"] == 3
    assert counts.elements["He"] == 1
    assert counts.rows()[0] == {"elements": ["V", "O"], "compositions": 3}
    assert sum(counts.pairs.values()) == 3 + 3 + 6 + 1


def test_no_formula_has_no_pairs():
    assert ElementPairs.of([]) == ElementPairs(0, {}, {})


def test_a_layout_is_deterministic_and_keeps_nodes_apart():
    edges = [(0, k) for k in range(1, 12)] + [(20, 21), (21, 22)]
    places = layout(23, edges)
    np.testing.assert_array_equal(places, layout(23, edges))
    assert np.abs(places).max() <= 1.0
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1)) + 9 * np.eye(23)
    assert apart.min() > 0.08
    joined = np.mean([apart[edge] for edge in edges])
    assert joined < apart[apart < 9].mean()
    assert layout(0, []).shape == (0, 2)
    assert layout(1, []).tolist() == [[0.0, 0.0]]
    assert layout(2, [(0, 1)]).shape == (2, 2)
