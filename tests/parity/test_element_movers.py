"""The element mover's distance against the package of its authors, and against an optimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance

from matdata.core.elements import symbols
from matdata.core.formula import parse_formula
from matdata.tables.pettifor import SCALE, places
from matdata.training.element_shares import element_shares
from matdata.training.scores.element_movers import element_movers_distance

FORMULAS = ("CaTiO3", "NaCl", "Fe2O3", "FeO", "La0.6Ca0.4MnO3", "He", "H", "UO2", "LiFePO4", "Lr")


def compositions() -> np.ndarray:
    random = np.random.default_rng(0)
    drawn = random.dirichlet(np.full(103, 0.05), 40)
    return np.concatenate([np.array([element_shares(one) for one in FORMULAS]), drawn])


def test_it_is_the_wasserstein_distance_on_the_scale():
    every = compositions()
    positions = places()[1:104]
    random = np.random.default_rng(1)
    pairs = random.integers(len(every), size=(200, 2))
    found = element_movers_distance(every[pairs[:, 0]], every[pairs[:, 1]])
    expected = [wasserstein_distance(positions, positions, every[a], every[b]) for a, b in pairs]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_it_is_the_least_work_over_all_ways_of_moving():
    every = compositions()[: len(FORMULAS)]
    positions = places()[1:104].astype(float)
    for a, b in ((0, 1), (2, 8), (4, 7)):
        one, other = np.flatnonzero(every[a]), np.flatnonzero(every[b])
        cost = np.abs(positions[one][:, None] - positions[other][None])
        rows = [np.kron(np.eye(len(one)), np.ones(len(other)))]
        rows += [np.kron(np.ones(len(one)), np.eye(len(other)))]
        solved = linprog(
            cost.ravel(), A_eq=np.concatenate(rows), b_eq=[*every[a][one], *every[b][other]]
        )
        found = element_movers_distance(every[[a]], every[[b]])
        np.testing.assert_allclose(found, [solved.fun], rtol=1e-8)


def test_scale_and_distances_are_those_of_the_published_package():
    # which reads its tables by a module that newer versions of setuptools lack
    elmd = pytest.importorskip("ElMD", reason='pip install ElMD==0.5.15 "setuptools<81"')
    formulas = [one for one in FORMULAS if "." not in one]
    theirs = elmd.ElMD("H", metric="mod_petti").periodic_tab
    for place, symbol in enumerate(SCALE):
        assert theirs[symbol] == place
    for a in formulas:
        for b in formulas:
            shares = [np.array([element_shares(one)]) for one in (a, b)]
            expected = elmd.ElMD(a, metric="mod_petti").elmd(elmd.ElMD(b, metric="mod_petti"))
            assert element_movers_distance(*shares)[0] == pytest.approx(expected, abs=1e-6)


def test_the_scale_is_that_of_the_element_tables():
    embeddings = pytest.importorskip("elementembeddings.core", reason="uv sync --group tables")
    table = embeddings.Embedding.load_data("mod_petti").embeddings
    for symbol in symbols()[1:104]:
        assert np.argmax(table[symbol]) == places()[next(iter(parse_formula(symbol)))]
