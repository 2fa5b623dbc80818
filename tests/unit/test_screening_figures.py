"""Pictures of screenings: what a reader sees of them, light and dark, empty and full."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.figures import faint, outside, overlapping, words_of

from matdata.core import elements
from matdata.figures.picture import Look
from matdata.figures.predicted_curves import Curve, Marks, predicted_curves
from matdata.figures.screening import Plane, frequent_pairs, kept_among_all, pair_network

pytestmark = pytest.mark.slow
RNG = np.random.default_rng(0)
STYLES = ("light", "dark")
BANDS = {"infrared": (0.0, 1.65), "visible": (1.65, 3.26), "ultraviolet": (3.26, 124.0)}
SYMBOLS = elements.symbols()[1:60]
PAIRS = {
    pair: int(count)
    for pair, count in zip(
        itertools.combinations(SYMBOLS[::2], 2), RNG.geometric(0.15, 300), strict=False
    )
}


def plane(n, kept=0.05):
    x, y = RNG.uniform(0.3, 12, n), RNG.lognormal(1, 1.5, n)
    x[: n // 10] = np.nan
    return Plane(x, y, RNG.random(n) < kept, ("enz_crossover (eV)", "enz_loss"), BANDS)


def curves(style, true=True):
    points = np.linspace(0, 30, 300)
    real, imaginary = np.cos(points), np.exp(-points)
    both = [
        Curve("eps_re_xx", real, 0.1 + 0 * points, real + 0.1 if true else None),
        Curve("eps_im_xx", imaginary, None, imaginary if true else None),
    ]
    marks = Marks({"enz_crossover 1.57 eV": 1.57}, {"enz region": (0.5, 2.6)})
    label = "energies (eV)"
    return predicted_curves(points, both, label, "CaV2P2O9 (mp-1)", marks, Look(style, ("a run",)))


DRAWN = {
    "kept": lambda style: kept_among_all(plane(400), "Screening by enz", Look(style)),
    "kept-none": lambda style: kept_among_all(plane(0), "Screening by enz", Look(style)),
    "pairs": lambda style: frequent_pairs(PAIRS, "Pairs", Look(style)),
    "pairs-none": lambda style: frequent_pairs({}, "Pairs", Look(style)),
    "curves": curves,
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", DRAWN)
def test_texts_are_on_the_page_and_can_be_read(name, style):
    picture = DRAWN[name](style)
    assert outside(picture) == []
    assert overlapping(picture) == []
    assert faint(picture) == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("least", [1, 5, 20, 10**6])
def test_a_network_joins_the_pairs_that_are_frequent_enough(least, style):
    picture = pair_network(PAIRS, least, "Network", Look(style))
    joined = [pair for pair, count in PAIRS.items() if count >= least]
    words = words_of(picture)
    assert f"{len(joined):,} pairs in {least:,} compositions or more" in words
    shown = {text.get_text() for text in picture.axes[0].texts}
    assert shown == {symbol for pair in joined for symbol in pair}
    (lines,) = picture.axes[0].collections
    widths = lines.get_linewidths() if joined else []
    assert len(widths) == len(joined)
    counts = [PAIRS[pair] for pair in joined]
    np.testing.assert_allclose(widths, [6.0 * count / max(counts) for count in counts])
    assert outside(picture) == []
    if len(shown) < 25:  # of more elements some letters are bound to touch
        assert overlapping(picture) == []


def test_a_plane_counts_what_it_shows():
    some = plane(1000)
    words = words_of(kept_among_all(some, "Screening"))
    known = np.isfinite(some.x)
    assert f"kept: {int((known & some.kept).sum())} materials" in words
    assert "100 materials without these numbers" in words
    assert {"infrared", "visible", "ultraviolet"} & set(words.splitlines())
    assert kept_among_all(some, "Screening").axes[0].get_yscale() == "log"


def test_curves_say_what_is_predicted_and_what_is_true():
    words = words_of(curves("light"))
    assert "eps_re_xx, predicted" in words
    assert "eps_re_xx, true" in words
    assert "one standard deviation" in words
    assert ", true" not in words_of(curves("light", true=False))
