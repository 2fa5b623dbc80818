"""Intervals and scales of reports: numbers whose differences no float holds."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.reports.dataset.targets import _summary
from matdata.reports.intervals import counted, intervals
from matdata.reports.svg.bars import histogram
from matdata.reports.svg.scale import Scale


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values", [[1e308, -1e308, 0.5, 1.5], [0.0, 5e-324], [1e308] * 4, [1e17] * 3, [7.5] * 3]
)
def test_all_numbers_are_in_an_interval_or_outside(values):
    numbers = np.array([*values, np.nan, np.inf])
    edges, outside = intervals(numbers)
    assert counted(numbers, edges).sum() + outside == len(values)
    picture = histogram(edges, {"all": counted(numbers, edges)}, "label", "x")
    assert "nan" not in picture
    assert len(_summary(numbers)) == 8


@pytest.mark.parametrize(
    "values", [[1e16, 1e16 + 2], [1e17, 1e17 + 16, 1e17 + 16], [-1e16, -1e16 - 2]]
)
def test_whole_numbers_between_which_no_float_lies_are_counted_apart(values):
    numbers = np.array(values)
    edges, outside = intervals(numbers)
    assert outside == 0
    assert sorted(counted(numbers, edges)[counted(numbers, edges) > 0].tolist()) == sorted(
        np.unique(numbers, return_counts=True)[1].tolist()
    )
    assert (np.diff(edges) > 0).all()


def test_marks_of_a_narrow_scale_far_from_zero_differ():
    texts = [text for _, text in Scale(1e16, 1e16 + 8, 0.0, 100.0).marks()]
    assert len(set(texts)) == len(texts) > 2
    assert Scale(0.0, 1.0, 0.0, 1.0).marks()[0] == (0.0, "0.0")


def test_a_scale_of_any_ends_has_places_between_its_ends():
    wide = Scale(-1e308, 1e308, 0.0, 100.0)
    assert (wide(-1e308), wide(0.0), wide(1e308)) == (0.0, 50.0, 100.0)
    assert len(wide.marks()) == len(Scale(0.0, 5e-324, 0.0, 1.0).marks()) == 1
