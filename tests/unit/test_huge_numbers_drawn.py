"""Histograms of numbers whose differences no float holds."""

import numpy as np
import pytest

from matdata.figures.histograms import errors, histogram, split_parts


@pytest.mark.parametrize("values", [[-1.7e308, 1.7e308, 1.0, 2.0], [-1.7e308, 1.7e308]])
def test_numbers_beyond_the_largest_are_counted_and_not_drawn(values):
    numbers = np.array(values)
    figure = histogram(numbers, "huge").figure
    texts = [text.get_text() for text in figure.findobj() if hasattr(text, "get_text")]
    assert any("2 beyond 1e+300 not drawn" in text for text in texts)
    errors(numbers, "huge", "1", "mae 1")
    split_parts({"train": len(values)}, {"train": numbers}, "huge")
