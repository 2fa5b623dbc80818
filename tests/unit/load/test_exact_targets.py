"""Targets are centred and scaled in float64: units and offsets do not change what a model sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import matdata as md
from matdata.load.encoding import encode
from matdata.load.loader import make_loader
from matdata.load.normalizer import KINDS, Normalizer
from matdata.load.targets import read_targets

VALUES = np.random.default_rng(0).normal(0.0, 1.0, (400, 1))


class Table:
    """A dataset of which columns were replaced."""

    def __init__(self, toy, **columns):
        self._toy, self.columns = toy, {**toy.columns, **columns}

    def __getattr__(self, name):
        return getattr(self._toy, name)


def normalised(toy, column, **options):
    loader = make_loader(
        Table(toy, y=column), None, ["lattice"], "y", batch_size=1000, device="numpy", **options
    )
    (batch,) = loader
    return loader, batch.targets


@pytest.mark.parametrize("kind", ["standard", "robust"])
@given(offset=st.floats(-1e9, 1e9), power=st.floats(-20.0, 20.0))
@settings(deadline=None, max_examples=50)
def test_offset_and_factor_leave_normalised_targets(kind, offset, power):
    """To the digits that the shifted numbers themselves have, a few parts in 1e7 at 1e9."""
    expected = Normalizer.fit(kind, VALUES).encode(VALUES)
    shifted = (VALUES + offset) * 10.0**power
    fitted = Normalizer.fit(kind, shifted)
    np.testing.assert_allclose(fitted.encode(shifted), expected, rtol=0, atol=2e-6)
    back = fitted.decode(expected.astype(np.float32))
    spread = fitted.scale[0]
    np.testing.assert_allclose(back / spread, shifted / spread, rtol=4e-16, atol=2e-6)


@pytest.mark.parametrize("kind", ["standard", "robust"])
@pytest.mark.parametrize("exponent", [-900, -66, 66, 900])
def test_a_power_of_two_changes_no_bit(kind, exponent):
    one, other = (Normalizer.fit(kind, np.ldexp(VALUES, e)) for e in (0, exponent))
    np.testing.assert_array_equal(
        one.encode(VALUES), other.encode(np.ldexp(VALUES, exponent)), strict=True
    )
    assert other.scale[0] == np.ldexp(one.scale[0], exponent)


def test_a_logarithm_takes_any_factor():
    positive = np.exp(VALUES)
    expected = Normalizer.fit("log10", positive).encode(positive)
    for factor in (1e-200, 1e-20, 1e20, 1e200):
        fitted = Normalizer.fit("log10", factor * positive)
        np.testing.assert_allclose(fitted.encode(factor * positive), expected, atol=1e-10)


@pytest.mark.parametrize("constant", [0.0, 0.1, -7e-21, 1e9 + 0.1, 3e20])
@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_a_constant_is_predicted_as_itself_whatever_its_unit(kind, constant):
    fitted = Normalizer.fit(kind, np.full((7, 1), constant))
    assert fitted.encode(np.array([[constant], [5.0]])).tolist() == [[0.0], [0.0]]
    assert fitted.decode(np.array([[0.3], [-2.0]])).tolist() == [[constant]] * 2
    assert fitted.decode_std(np.array([[0.5]])).tolist() == [[0.0]]
    tensor = fitted.decode(torch.tensor([[0.3]]))
    assert tensor.dtype == torch.float64
    assert tensor.tolist() == [[constant]]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_too_large_for_float64_are_refused(kind):
    with pytest.raises(md.ConfigError, match="targets reach 1e\\+308, which is too large"):
        Normalizer.fit(kind, np.array([[1e308], [1.0]]))


def test_differences_too_small_for_float64_are_refused():
    with pytest.raises(md.ConfigError, match="which is too little"):
        Normalizer.fit("standard", np.array([[1e-310], [2e-310]]))


def test_loaders_hand_out_what_was_centred_in_float64(toy):
    steps = [0.001 * row for row in range(len(toy.ids))]
    near, plain = normalised(toy, steps, normalizer="standard")
    far, shifted = normalised(toy, [1e6 + step for step in steps], normalizer="standard")
    assert plain.dtype == shifted.dtype == np.float32
    assert len(np.unique(shifted)) == len(steps)
    np.testing.assert_allclose(shifted, plain, atol=1e-6)
    np.testing.assert_array_equal(far.values[0][:, 0], [1e6 + step for step in steps])
    assert far.encoded_by.shift[0] == pytest.approx(1e6 + np.mean(steps), rel=1e-15)
    assert near.encoded_by.scale[0] == pytest.approx(far.encoded_by.scale[0], rel=1e-6)


def test_array_targets_are_centred_in_float64_too(toy):
    steps = [[0.001 * row, -0.002 * row] for row in range(len(toy.ids))]
    _, plain = normalised(toy, steps, normalizer="standard")
    far, shifted = normalised(toy, [[1e6 + a, 1e6 + b] for a, b in steps], normalizer="standard")
    np.testing.assert_allclose(shifted, plain, atol=1e-6)
    np.testing.assert_allclose(far.values[0] - 1e6, steps, atol=1e-8)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (lambda row: 1e6 + 0.001 * row, "it changes values by up to"),
        (lambda row: 1e-50 * (row + 1), "does not hold y"),
        (lambda row: 1e40 * row, "does not hold y"),
    ],
)
def test_targets_that_float32_does_not_hold_are_refused_in_their_units(toy, column, told):
    values = [column(row) for row in range(len(toy.ids))]
    with pytest.raises(md.ConfigError, match=told) as caught:
        normalised(toy, values)
    assert 'normalizer="standard"' in str(caught.value)
    _, targets = normalised(toy, values, normalizer="standard")
    assert targets.std() == pytest.approx(1.0, rel=1e-6)


@pytest.mark.slow
def test_the_loaders_of_a_split_share_the_normalizer_of_train(toy):
    loaders = toy.loaders(
        "70/15/15", inputs=["lattice"], target="gap", normalizer="robust", quiet=True
    )
    train, val, test = loaders
    assert loaders.normalizer is train.encoded_by is val.encoded_by is test.encoded_by
    assert loaders.normalizer.kind == "robust"
    again = toy.loader(
        "test", split="70/15/15", inputs=["lattice"], target="gap", normalizer=loaders.normalizer
    )
    np.testing.assert_array_equal(next(iter(again)).targets, next(iter(test)).targets, strict=True)
    with pytest.raises(md.ConfigError, match="fitted to the training part"):
        toy.loader(
            "test", split="70/15/15", inputs=["lattice"], target="gap", normalizer="standard"
        )


def test_a_logarithm_names_the_material_without_one(toy):
    values = [float(row) for row in range(len(toy.ids))]
    fitted = Normalizer.fit("log10", np.array([[1.0], [10.0]]))
    with pytest.raises(md.ConfigError, match="1 materials of the dataset have targets that are no"):
        normalised(toy, values, normalizer=fitted)


def test_arrays_that_float32_holds_are_read_without_copies():
    spectra = np.array([[1e7, 1e7 + 1, 1e7 + 2], [1e7, 1e7 + 3, np.nan]])
    truths = read_targets({"y": spectra.tolist()}, {}, ["y"], np.arange(2))
    assert truths.values.dtype == np.float64
    assert truths.values.tolist() == [[1e7, 1e7 + 1, 1e7 + 2], [1e7, 1e7 + 3, 0.0]]
    assert truths.take(np.arange(2)) is truths
    assert truths.take(np.array([1])).mask.tolist() == [[True, True, False]]
    # far from 0 beside their differences, but not changed by float32 at all
    targets = encode(truths, None, np.array(["a", "b"]), "the dataset")
    assert targets.values.tolist() == truths.values.tolist()


def test_the_mask_of_more_draws_than_materials():
    truths = read_targets({"y": [[1.0, 2.0], [3.0, 4.0]]}, {}, ["y"], np.arange(2))
    targets = encode(truths, None, np.array(["a", "b"]), "the dataset")
    for rows in ([1], [0, 1, 1, 0, 1]):
        taken = targets.take(np.array(rows))
        assert taken.all_known
        assert taken.mask.shape == taken.values.shape == (len(rows), 2)
