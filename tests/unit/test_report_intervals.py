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


def test_a_scale_of_any_ends_has_places_between_its_ends():
    wide = Scale(-1e308, 1e308, 0.0, 100.0)
    assert (wide(-1e308), wide(0.0), wide(1e308)) == (0.0, 50.0, 100.0)
    assert len(wide.marks()) == len(Scale(0.0, 5e-324, 0.0, 1.0).marks()) == 1
