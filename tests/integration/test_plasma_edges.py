"""Plasma edges of predicted spectra, and what errors of spectra imply for them."""

from __future__ import annotations

import csv
import importlib

import numpy as np
import pytest


@pytest.fixture
def module():
    return importlib.import_module("matdata_recipes.plasma_edges")


ENERGIES = np.linspace(0.0, 30.0, 601)


def lines(edges, slopes):
    """Real parts that fall along a line through zero at each edge."""
    return np.array(slopes)[:, None] * (np.array(edges)[:, None] - ENERGIES)


def test_an_offset_moves_an_edge_by_its_size_over_the_slope(module):
    true = lines([5.01, 9.99, 20.01], [2.0, 4.0, 0.5])
    found = module.plasma_edges(true, true + 0.1, ENERGIES, 2)
    np.testing.assert_allclose(found.true, [5.01, 9.99, 20.01])
    np.testing.assert_allclose(found.errors, [0.05, 0.025, 0.2])
    np.testing.assert_allclose(found.slopes, [2.0, 4.0, 0.5])
    np.testing.assert_allclose(found.near, 0.1)
    told = found.summary()
    assert told["spectra_mae"] == pytest.approx(0.1)
    assert told["implied_by_mae_between_points_eV"] == pytest.approx(0.05)
    assert told["median_error_between_points_eV"] == pytest.approx(0.05)
    assert told["median_ratio_to_own_error"] == pytest.approx(1.0)
    assert told["share_within_mae"] == told["share_within_mae_near_edge"] == 1.0


def test_errors_near_the_edge_are_told_apart_from_the_mean(module):
    true = lines([10.01, 12.01], [1.0, 1.0])
    change = np.where(np.abs(ENERGIES - np.array([[10.01], [12.01]])) < 2.0, 0.5, 0.0)
    told = module.plasma_edges(true, true + change, ENERGIES, 2).summary()
    assert told["spectra_mae"] < 0.1
    assert told["spectra_mae_near_edge"] == pytest.approx(0.5)
    assert told["median_error_between_points_eV"] == pytest.approx(0.5)
    assert told["share_within_mae"] == 0.0
    assert told["share_within_mae_near_edge"] == 1.0


def test_missed_and_invented_edges_are_counted_and_the_table_has_the_rest(module, tmp_path):
    true = lines([5.01, 6.01], [1.0, 1.0])
    never = np.ones_like(ENERGIES)
    found = module.plasma_edges(
        np.array([*true, never]), np.array([true[0], never, true[0]]), ENERGIES, 2
    )
    assert (found.missed, found.invented, found.rows.tolist()) == (1, 1, [0])
    found.write(tmp_path / "edges.csv", ["a", "b", "c"])
    with open(tmp_path / "edges.csv") as file:
        (row,) = csv.DictReader(file)
    assert row["material_id"] == "a"
    assert float(row["error_eV"]) == 0.0


def test_without_crossovers_there_is_nothing_to_compare(module, tmp_path):
    never = np.ones((2, len(ENERGIES)))
    found = module.plasma_edges(never, never, ENERGIES, 2)
    assert found.summary()["both_cross"] == 0
    assert found.summary()["median_error_between_points_eV"] is None
    found.write(tmp_path / "edges.csv", ["a", "b"])
    assert len((tmp_path / "edges.csv").read_text().splitlines()) == 1
