from __future__ import annotations

import numpy as np
import pytest

import matdata as md
from matdata.core.crystals import Ragged
from matdata.evaluation import cecv

RNG = np.random.default_rng(0)


def ragged(parts) -> Ragged:
    sizes = np.array([len(part) for part in parts])
    return Ragged(np.concatenate(parts), np.concatenate([[0], np.cumsum(sizes)]))


def test_correlations_are_pearson():
    rows = RNG.normal(size=(5, 9))
    np.testing.assert_allclose(cecv.correlations(rows), np.corrcoef(rows), atol=1e-12)
    rows[2] = 0.1
    found = cecv.correlations(rows)
    assert np.isfinite(found).all()
    assert not found[2].any()


def test_thresholds_are_those_of_the_paper():
    assert cecv.THRESHOLDS == (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)


def test_leaders_by_hand():
    points = np.array([[0.0], [0.2], [0.06], [0.12], [0.21]])
    assert cecv.leaders(points, 0.05).tolist() == [0, 1, 2, 3, 1]
    # 0.12 is near 0.06, which leads no cluster: only leaders count
    assert cecv.leaders(points, 0.1).tolist() == [0, 1, 0, 1, 1]
    assert cecv.leaders(points, 0.3).tolist() == [0] * 5


def test_environments_see_patterns_not_scales():
    base = RNG.normal(size=(3, 40))
    other = RNG.normal(size=(3, 40))
    other[2] = other[0] + 0.1 * other[2]
    maps = ragged([base, other, 5 * base + 2, base[:2], other[:2], base[[0, 0, 1, 2]]])
    found = cecv.environments(maps, 0.1)
    assert found[0] == found[2]
    assert found[0] != found[1]
    # two binaries always agree, and numbers of elements never mix
    assert found[3] == found[4]
    assert len(set(found.tolist())) == 4


def test_an_environment_is_what_numpy_computes():
    rows = RNG.normal(size=(4, 30))
    standard = (rows - rows.mean(0)) / rows.std(0)
    np.testing.assert_allclose(cecv.environment(rows), np.corrcoef(standard), atol=1e-10)


def test_compounds_by_direction_of_their_means():
    vector = RNG.normal(size=20)
    maps = ragged([vector[None], np.stack([vector, 3 * vector]), -vector[None]])
    assert cecv.compounds(maps, 0.05).tolist() == [0, 0, 1]


def test_counts_fall_with_the_threshold():
    maps = ragged([RNG.normal(size=(3, 30)) for _ in range(60)])
    curve = cecv.cecv(maps)
    assert curve.thresholds == cecv.THRESHOLDS
    assert list(curve.counts) == sorted(curve.counts, reverse=True)
    assert curve.counts[0] > 3 * curve.counts[-1]
    assert curve.clusters.shape == (8, 60)
    assert cecv.cecv(maps, [0.4, 0.05]).counts == (curve.counts[0], curve.counts[-1])


def test_one_point_and_identical_points():
    rows = RNG.normal(size=(3, 8))
    assert cecv.cecv(ragged([rows])).counts == (1,) * 8
    assert cecv.cecv(ragged([rows] * 5), method="compounds").counts == (1,) * 8


def curve(counts) -> cecv.Curve:
    return cecv.Curve(cecv.THRESHOLDS, tuple(counts), np.zeros((8, 1), np.int64))


# figure 2 gives the vector of LSTM; the others are made up around it
LSTM = curve([376, 147, 80, 48, 31, 27, 16, 14])
LOCAL = curve([900, 400, 200, 120, 80, 60, 50, 40])


def test_the_target_is_global_at_small_and_local_at_large_thresholds():
    region = cecv.target_region(cecv.THRESHOLDS, LSTM, LOCAL)
    assert region.target.tolist() == [376, 147, 140, 120, 80, 60, 50, 40]
    assert region.low.tolist() == list(LSTM.counts)
    assert region.high.tolist() == list(LOCAL.counts)


@pytest.mark.parametrize(
    ("counts", "advice"),
    [
        (LOCAL.counts, ["global"]),
        (LSTM.counts, ["local"]),
        ([376, 147, 140, 120, 80, 60, 50, 40], []),
        ([500, 200, 100, 60, 40, 30, 20, 18], ["global", "local"]),
    ],
)
def test_which_part_should_weigh_more(counts, advice):
    region = cecv.target_region(cecv.THRESHOLDS, LSTM, LOCAL)
    judged = cecv.judge(curve(counts), region)
    assert judged["advice"] == advice
    assert judged["inside"] == [True] * 8


def test_outside_the_region():
    region = cecv.target_region(cecv.THRESHOLDS, LSTM, LOCAL)
    judged = cecv.judge(curve([1000, *LOCAL.counts[1:]]), region)
    assert judged["inside"] == [False] + [True] * 7


@pytest.mark.parametrize(
    ("maps", "options", "message"),
    [
        (ragged([np.ones((2, 3))]), {"method": "other"}, "expected one of"),
        (ragged([np.ones((2, 3))]), {"thresholds": [0.0]}, "thresholds between"),
        (ragged([np.full((2, 3), np.nan)]), {}, "not finite"),
        (Ragged(np.empty((0, 3)), np.array([0])), {}, "0 compounds"),
    ],
)
def test_what_cannot_be_clustered(maps, options, message):
    with pytest.raises(md.ConfigError) as error:
        cecv.cecv(maps, **options)
    assert message in f"{error.value} {error.value.next_step or ''}"


def test_references_at_other_thresholds_are_refused():
    with pytest.raises(md.ConfigError, match="other thresholds"):
        cecv.target_region((0.1, 0.2), LSTM, LOCAL)
