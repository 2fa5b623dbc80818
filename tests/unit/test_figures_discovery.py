"""Pictures of a search: what they draw, and that all of it can be read."""

from __future__ import annotations

import numpy as np
import pytest
from support.figures import faint, outside, overlapping, words_of

from matdata.figures.discovery import (
    Band,
    classification,
    cumulative,
    enrichment,
    reliability,
    rolling,
    thinned,
)
from matdata.figures.picture import Look

STYLES = ("light", "dark")
TRUE = np.array([-0.1, 0.0, 0.05, 0.3, np.nan])
MEAN = np.array([-0.2, 0.1, -0.01, 0.4, 0.0])


def _all(style):
    look = Look(style, ("run one", "candidates two"))
    x = np.linspace(-0.2, 0.4, 25)
    band = Band(x, np.where(x < 0.2, 0.1 + x**2, np.nan), np.full(25, 0.01))
    counts = np.cumsum(np.arange(200) % 3 == 0)
    yield rolling({"batch 1": band, "batch 2": Band(x, band.y / 2, band.deviation)}, "a", look)
    yield cumulative(counts / np.arange(1, 201), counts / counts[-1], 80, "b", look)
    yield enrichment({"stable": counts, "within 10 meV": counts + 1}, "c", look, 50)
    yield classification(TRUE, {"mean": MEAN, "mean + std": MEAN + 0.1}, "d", look)
    probability = np.linspace(0.05, 0.95, 10)
    yield reliability(probability, probability**2, np.arange(10), 0.1, "e", look)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_all_can_be_read(style, tmp_path):
    for number, picture in enumerate(_all(style)):
        picture.settle()
        assert not outside(picture)
        assert not overlapping(picture)
        assert not faint(picture)
        first = picture.write(tmp_path / f"{number}.png").read_bytes()
        assert len(first) > 5000


@pytest.mark.slow
def test_a_bar_of_materials_on_the_hull_is_on_its_stable_side():
    picture = classification(TRUE, {"mean": MEAN}, "d")
    left, right = picture.axes
    assert "mean: TP 1, FN 1, FP 1, TN 1" in words_of(picture)
    missed = left.containers[1]  # true distance 0, predicted 0.1
    (bar,) = [patch for patch in missed.patches if patch.get_height()]
    assert bar.get_x() == pytest.approx(-0.02)
    assert bar.get_x() + bar.get_width() == pytest.approx(0.0, abs=1e-12)
    (right_bar,) = [patch for patch in right.containers[1].patches if patch.get_height()]
    assert right_bar.get_x() <= 0.1 <= right_bar.get_x() + right_bar.get_width() + 1e-12


@pytest.mark.slow
def test_curves_end_where_nothing_more_is_predicted_to_be_stable():
    counts = np.arange(1, 11)
    picture = cumulative(counts / 10, counts / 20, 4, "b")
    first, second = picture.axes
    assert first.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert "0.400 after 4 candidates" in words_of(picture)
    assert second.lines[0].get_ydata()[-1] == 0.2
    assert len(cumulative(counts / 10, counts / 20, 0, "b").axes[0].lines[0].get_xdata()) == 10


def test_enrichment_is_what_hits_exceed_a_random_choice_by():
    picture = enrichment({"stable": np.array([1, 2, 2, 2])}, "c")
    line = picture.axes[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), [2.0, 2.0, 4 / 3, 1.0])


def test_long_curves_are_thinned_to_their_ends():
    for logarithmic in (False, True):
        shown = thinned(1_000_000, logarithmic)
        assert (shown[0], shown[-1]) == (1, 1_000_000)
        assert len(shown) <= 2000
        assert (np.diff(shown) > 0).all()
    assert thinned(3).tolist() == [1, 2, 3]
    assert len(thinned(0)) == 0
