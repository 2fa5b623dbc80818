from __future__ import annotations

import numpy as np
import pytest

from matdata.evaluation import drawings


def test_places_in_the_periodic_table():
    expected = {1: (1, 1), 2: (1, 18), 3: (2, 1), 5: (2, 13), 13: (3, 13), 26: (4, 8), 36: (4, 18)}
    expected |= {56: (6, 2), 57: (8, 3), 71: (8, 17), 72: (6, 4), 86: (6, 18), 103: (9, 17)}
    expected |= {104: (7, 4), 118: (7, 18)}
    assert {number: drawings.table_position(number) for number in expected} == expected
    assert len({drawings.table_position(number) for number in range(1, 119)}) == 118


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_pictures_are_written(tmp_path, suffix):
    table = drawings.draw_table(tmp_path / f"table{suffix}", {8: 1.0, 26: -2.0}, "eV")
    labels = ["O", "O", "O", "Ti", "Sr"]
    matrix = np.arange(25.0).reshape(5, 5)
    edges = drawings.draw_matrix(tmp_path / f"edges{suffix}", matrix, labels, "SrTiO3")
    for path in (table, edges):
        assert path.stat().st_size > 3000
