"""Truth values among the numbers of a structure are none of them."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.adapters.sites import from_cartesian, from_fractional
from matdata.core.ledger import Unusable

CELL = [[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]]


@pytest.mark.parametrize("read", [from_fractional, from_cartesian])
@pytest.mark.parametrize("truth", [True, False, np.True_])
def test_a_truth_value_is_no_number(read, truth):
    with pytest.raises(Unusable, match="lattice vectors that hold something other"):
        read([*CELL[:2], [0, truth, 4.0]], [[0, 0, 0]], [11])
    with pytest.raises(Unusable, match="coordinates that hold something other"):
        read(CELL, [[0.5, truth, 0]], [11])


def test_numbers_of_every_kind_are_read():
    rows = [[np.float32(0.5), 0, 1], np.array([0, 1, 0])]
    sites = from_fractional(np.array(CELL), rows, [11, 17])
    assert sites.frac_coords.tolist() == [[0.5, 0, 1], [0, 1, 0]]
