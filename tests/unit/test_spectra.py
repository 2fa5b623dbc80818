"""Grids, resampling, blocks of spectra, and their scores."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.core.errors import ConfigError, StoreError
from matdata.core.ledger import Unusable
from matdata.spectra.grid import Grid, factor_between, grid_of, parse_grid
from matdata.spectra.resample import Spectra, checked, require_covered, resampled
from matdata.store.spectra_file import Layout, SpectraFile, spectra_file
from matdata.store.table_columns import list_array
from matdata.training.axis import Axis
from matdata.training.scores.spectrum_scores import along_axis, by_point, errors_of_rows

RNG = np.random.default_rng(0)


def test_a_grid_is_that_of_linspace():
    assert parse_grid("0:30:3000") == Grid(0.0, 30.0, 3000)
    np.testing.assert_array_equal(parse_grid("0:30:3000").values(), np.linspace(0, 30, 3000))
    assert parse_grid("w=-1.5:2:8:cm^-1") == Grid(-1.5, 2.0, 8, "1/cm", "w")


def test_the_grid_that_names_an_axis_wins():
    general, own = Grid(0, 1, 2), Grid(0, 2, 3, axis="w")
    for grids in ([general, own], [own, general]):
        assert grid_of("w", grids) == own
        assert grid_of("e", grids) == general
    assert grid_of("e", [own]) is None


def test_units_of_energy_are_converted():
    assert factor_between("meV", "eV", "w") == pytest.approx(1e-3)
    assert factor_between("1/cm", "THz", "w") == pytest.approx(0.0299792458)  # speed of light
    assert factor_between("Ha", "Ry", "w") == pytest.approx(2.0)
    assert factor_between("nm", "", "w") == 1.0
    for pair in (("nm", "eV"), ("", "eV")):
        with pytest.raises(ConfigError):
            factor_between(*pair, "w")


def test_interpolation_is_exact_at_the_data_and_linear_between():
    axis = np.sort(RNG.uniform(0, 10, 40))
    values = RNG.normal(size=40)
    one = checked(Spectra(axis, {"a": values}))
    np.testing.assert_array_equal(resampled(one, axis, "refuse")["a"], values.astype(np.float32))
    middle = (axis[1:] + axis[:-1]) / 2
    expected = (values[1:] + values[:-1]) / 2
    np.testing.assert_allclose(resampled(one, middle, "refuse")["a"], expected, atol=1e-6)


def test_a_falling_axis_is_turned_round():
    axis, values = np.array([3.0, 2.0, 1.0]), np.array([30.0, 20.0, 10.0])
    one = checked(Spectra(axis, {"a": values}))
    assert one.axis.tolist() == [1.0, 2.0, 3.0]
    assert resampled(one, np.array([1.5]), "refuse")["a"].tolist() == [15.0]


def test_rounding_of_nothing_absorbed_is_no_fault_and_a_real_part_may_be_negative():
    axis = np.arange(3.0)
    checked(Spectra(axis, {"eps_im_xx": np.array([-1e-9, 1.0, 2.0])}))
    checked(Spectra(axis, {"eps_re_xx": -axis, "eps_im_xy": -axis}))
    with pytest.raises(Unusable) as error:
        checked(Spectra(axis, {"eps_im_average": np.array([-0.1, 1.0, 2.0])}))
    assert error.value.reason == "negative_absorption"


def test_data_that_touch_the_ends_of_a_grid_cover_it():
    one = Spectra(np.array([0.0, 30.0]), {"a": np.zeros(2)})
    require_covered(one, np.linspace(0, 30, 3000), "refuse")


def test_blocks_come_back_as_they_went_in(tmp_path):
    path, points = tmp_path / "spectra.safetensors", np.linspace(0, 1, 5)
    values = RNG.normal(size=(3, 5)).astype(np.float32)
    values[1, 3:] = np.nan
    rows = np.array([0, 2, 3])
    with spectra_file(path, [Layout("w", points, rows, ("a",))], {"w": "eV"}) as blocks:
        blocks["a"][:] = values
    file = SpectraFile(path, 5)
    assert (file.names, file.axis_of, file.units) == (["w", "a"], {"a": "w"}, {"w": "eV"})
    column = file.column("a")
    whole = np.full((5, 5), np.nan, np.float32)
    whole[rows] = values
    np.testing.assert_array_equal(column.take(np.arange(5)), whole)
    np.testing.assert_array_equal(column.take(np.array([3, 0])), values[[2, 0]])
    assert column[1] is None
    assert column[2] == [*values[1, :3].tolist(), None, None]
    assert column[1:3] == [None, column[2]]
    kept = column.of([1, 3])
    assert (kept[0], kept[3]) == (None, values[2].tolist())
    assert file.column("w")[3] == points.tolist()
    assert list_array(column, np.arange(5)).to_pylist() == list(column)


def test_scores_by_point_are_of_known_values_alone():
    true, predicted = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 4))
    masked = true.copy()
    masked[10:, 2] = np.nan
    masked[:, 3] = np.nan
    found = by_point(masked, predicted)
    parts = [by_point(true[:, :2], predicted[:, :2]), by_point(true[:10, 2:3], predicted[:10, 2:3])]
    for name in ("mae", "rmse", "r2", "mad", "mad_mae"):
        assert found[name] == pytest.approx((2 * parts[0][name] + parts[1][name]) / 3)
    assert found["points"] == 3


def test_errors_along_an_axis_are_integrals():
    axis = Axis("w", "eV", (0.0, 1.0, 3.0))
    true = np.zeros((3, 3))
    predicted = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [5.0, 5.0, 5.0]])
    true[2, 0] = np.nan  # not known everywhere, so in no integral
    found = along_axis(true, predicted, axis)
    assert found["integral"] == pytest.approx((3.0 + 2.0) / 2)  # the second: 0 + 2
    assert found["integrated"] == pytest.approx((3.0 + 3.0) / 2)
    assert found["mae"] == pytest.approx([1.0, 7.0 / 3, 7.0 / 3])
    assert found["bias"] == pytest.approx([0.0, 7.0 / 3, 7.0 / 3])
    falling = Axis("w", "eV", (3.0, 1.0, 0.0))
    turned = along_axis(true[:, ::-1], predicted[:, ::-1], falling)
    assert turned["integrated"] == pytest.approx(found["integrated"])
    assert errors_of_rows(true, predicted).tolist() == [1.0, 1.0, 5.0]


def test_rows_of_a_block_are_read_in_any_order(tmp_path):
    values = RNG.normal(size=(7, 5)).astype(np.float32)
    layout = Layout("e", np.arange(5.0), np.arange(7), ("s",))
    with spectra_file(tmp_path / "f", [layout], {}) as blocks:
        blocks["s"][:] = values
    column = SpectraFile(tmp_path / "f", 7).column("s")
    for rows in (range(7), range(2, 5), [6], [3, 1, 1], []):
        np.testing.assert_array_equal(column.take(np.array(rows, int)), values[list(rows)])
    whole = (tmp_path / "f").read_bytes()
    (tmp_path / "f").write_bytes(whole[:-4])
    with pytest.raises(StoreError, match="ends before all of its numbers"):
        column.take(np.arange(7))
