"""Nearest vectors, and what counts as wrong though certain and similar."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from matdata.evaluation.similarity import search
from matdata.evaluation.similarity.search import METRICS, nearest
from matdata.evaluation.similarity.surprises import deviations, errors, limits_of, surprises
from matdata.training.ensemble import combine
from matdata.training.outputs import Members
from matdata.training.target import Target


def by_hand(queries, vectors, metric):
    """All pairs, one by one."""
    q, v = queries.astype(float), vectors.astype(float)
    if metric == "euclidean":
        return np.linalg.norm(q[:, None] - v[None], axis=2)
    return (q @ v.T) / np.outer(np.linalg.norm(q, axis=1), np.linalg.norm(v, axis=1))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("chunk", [7, 64, 1000])
@pytest.mark.parametrize("top", [1, 5, 500])
def test_the_nearest_are_those_of_all_pairs(metric, chunk, top, monkeypatch):
    monkeypatch.setattr(search, "CHUNK", chunk)
    monkeypatch.setattr(search, "QUERIES", 4)
    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 6)).astype(np.float32) + 3.0
    queries = random.normal(size=(11, 6)).astype(np.float32) + 3.0
    found = nearest(queries, vectors, top, metric)
    pairs = by_hand(queries, vectors, metric)
    order = np.argsort(pairs if metric == "euclidean" else -pairs, axis=1)[:, : min(top, 300)]
    np.testing.assert_array_equal(found.rows, order)
    np.testing.assert_allclose(
        found.values, np.take_along_axis(pairs, order, 1), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("chunk", [3, 50])
def test_equally_near_ones_come_in_the_order_of_their_rows(metric, chunk, monkeypatch):
    monkeypatch.setattr(search, "CHUNK", chunk)
    vectors = np.tile(np.array([[1.0, 0.0], [0.0, 1.0]]), (10, 1))
    found = nearest(np.array([[0.0, 2.0]]), vectors, 4, metric)
    assert found.rows.tolist() == [[1, 3, 5, 7]]
    assert found.values.tolist() == [[1.0] * 4]


def test_distances_of_near_vectors_far_from_the_origin_are_exact():
    vectors = np.array([[1e4, 1e4], [1e4 + 2.0**-7, 1e4], [1e4, 1e4 + 2.0**-6]])
    found = nearest(vectors[:1], vectors, 3, "euclidean")
    assert found.rows.tolist() == [[0, 1, 2]]
    assert found.values.tolist() == [[0.0, 2.0**-7, 2.0**-6]]


def test_memory_is_bounded_by_chunks():
    vectors = np.ones((60_000, 16), dtype=np.float32)  # all equally near: the worst case
    tracemalloc.start()
    nearest(vectors[:64], vectors, 3, "cosine")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 60_000 * 8  # less than all pairs at once


def test_memory_of_exact_distances_is_that_of_one_query():
    vectors = np.random.default_rng(0).normal(size=(3000, 256)).astype(np.float32)
    tracemalloc.start()
    nearest(vectors[:128], vectors, 1000, "euclidean")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 * 1000 * 256 * 8 / 4  # a quarter of all differences at once


Y = Target("y")


def predicted(mean, std, true):
    members = Members(np.array(mean, float)[None, :, None], np.array(std, float)[None, :, None])
    return combine(
        [str(k) for k in range(len(mean))], (Y,), members, np.array(true, float)[:, None]
    )


def test_wrong_though_certain_and_similar():
    rows = 100
    errors_of_validation = np.linspace(0.0, 1.0, rows)
    validation = predicted(errors_of_validation, np.linspace(0.1, 0.3, rows), np.zeros(rows))
    trained = np.array([[1.0, 0.0]], dtype=np.float32)
    angles = np.linspace(0.0, 1.0, rows)
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    limits = limits_of(validation, vectors, trained, "cosine")
    assert limits.error["y"] == pytest.approx(0.9, abs=0.01)
    assert limits.deviation["y"] == pytest.approx(0.2, abs=0.01)
    assert limits.similar == pytest.approx(np.cos(0.5), abs=0.01)
    assert limits.to_dict()["materials"] == rows
    #        all three, not similar, not wrong, not certain, not known
    asked = predicted(
        [2.0, 2.0, 0.5, 2.0, 2.0], [0.15, 0.15, 0.15, 0.25, 0.15], [0, 0, 0, 0, np.nan]
    )
    near = np.array([0.95, 0.5, 0.95, 0.95, 0.95])
    flags = surprises(asked, near, limits, "cosine")
    assert [flag["y"] for flag in flags] == [True, False, False, False, None]
    near_by_distance = limits_of(validation, vectors, trained, "euclidean")
    flags = surprises(asked, 1.0 - near, near_by_distance, "euclidean")
    assert [flag["y"] for flag in flags] == [True, False, False, False, None]


def test_without_standard_deviations_nothing_is_surprising():
    members = Members(np.zeros((1, 3, 1)))
    predictions = combine(["a", "b", "c"], (Y,), members, np.zeros((3, 1)))
    assert deviations(predictions, Y) is None
    vectors = np.eye(3, dtype=np.float32)
    assert limits_of(predictions, vectors, vectors, "cosine") is None


def test_errors_of_classes_are_those_of_their_probabilities():
    kind = Target("kind", 3, task="classification", classes=("a", "b", "c"))
    chances = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]])
    predictions = combine(
        ["1", "2", "3"], (kind,), Members(chances), np.array([[0.0], [0.0], [np.nan]])
    )
    found = errors(predictions, kind)
    np.testing.assert_allclose(found[:2], [0.0, np.sqrt(2.0 / 3.0)])
    assert np.isnan(found[2])
