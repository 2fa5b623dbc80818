from __future__ import annotations

import numpy as np
import pytest

from matdata.core.digest import ArrayHasher, canonical_json, digest_arrays, digest_json


def test_canonical_json_does_not_depend_on_order_or_numpy():
    assert canonical_json({"b": np.float64(1.5), "a": (1, 2)}) == '{"a":[1,2],"b":1.5}'
    assert digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [float("nan"), np.inf])
def test_canonical_json_has_no_nan(value):
    with pytest.raises(ValueError, match="JSON has no number"):
        canonical_json({"a": value})


def test_array_digest_does_not_depend_on_cuts_or_byte_order():
    array = np.arange(12.0).reshape(6, 2)
    pieces = ArrayHasher()
    for piece in (array[:1], array[1:4], array[4:].astype(">f8")):
        pieces.update("x", piece)
    assert pieces.hexdigest() == digest_arrays({"x": array})


@pytest.mark.parametrize(
    "other",
    [np.arange(12.0).reshape(2, 6), np.arange(12, dtype="f4").reshape(6, 2), np.arange(11.0)],
)
def test_array_digest_depends_on_shapes_and_types(other):
    assert digest_arrays({"x": other}) != digest_arrays({"x": np.arange(12.0).reshape(6, 2)})
