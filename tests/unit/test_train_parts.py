from __future__ import annotations

import math
import struct

import numpy as np
import pytest
import torch

from matdata.core.errors import ConfigError, StoreError
from matdata.store.safetensors import read_tensors, write_tensors
from matdata.training.data import View, loader_for
from matdata.training.distributed import Group
from matdata.training.ensemble import combine
from matdata.training.objectives.combined import weighted_sum
from matdata.training.optim import clip_members
from matdata.training.outputs import Members
from matdata.training.schedule import Schedule
from matdata.training.scores.metrics import classification, confusion, regression
from matdata.training.scores.uncertainty import calibration, confidence_error, coverage
from matdata.training.settings import TrainSettings
from matdata.training.target import Target


def test_sums_leave_out_what_is_unknown_and_weigh_the_rest():
    entries = torch.tensor([[1.0, math.inf], [2.0, 3.0]])
    mask = torch.tensor([[True, False], [True, True]])
    total, weight = weighted_sum(entries, mask, torch.tensor([2.0, 1.0]))
    assert (float(total), float(weight)) == (7.0, 4.0)


def test_gradients_are_cut_for_each_member_alone():
    gradients = [torch.tensor([[3.0, 0.0], [0.3, 0.0]]), torch.tensor([[4.0], [0.4]])]
    norms = clip_members(gradients, 1.0)
    torch.testing.assert_close(norms, torch.tensor([5.0, 0.5]))
    torch.testing.assert_close(gradients[0][:, 0], torch.tensor([0.6, 0.3]))


@pytest.mark.parametrize(
    ("schedule", "step", "factor"),
    [
        ("constant", 57, 1.0),
        ("cosine", 0, 1.0),
        ("cosine", 50, 0.5),
        ("onecycle", 0, 1 / 25),
        ("onecycle", 99, 1e-4 / 25),
        ("step", 29, 1.0),
        ("step", 30, 0.1),
        ("step", 60, 0.01),
    ],
)
def test_schedules_are_functions_of_the_step(schedule, step, factor):
    settings = TrainSettings(schedule=schedule, milestones=(3, 6))
    assert Schedule(settings, 100, 10).factor(step) == pytest.approx(factor)


def test_onecycle_has_its_top_at_three_tenths_and_warmup_rises():
    cycle = Schedule(TrainSettings(schedule="onecycle"), 101, 10)
    values = [cycle.factor(step) for step in range(101)]
    assert np.argmax(values) == 30
    assert max(values) == pytest.approx(1.0)
    rising = Schedule(TrainSettings(warmup=0.1), 100, 10)
    assert [rising.factor(step) for step in (0, 4, 9, 50)] == [0.1, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(
    "values",
    [
        {"patience": 3, "validation": False},
        {"schedule": "plateau", "validation": False},
        {"fraction": 0.0},
        {"epochs": 0},
        {"swa": 2.0},
        {"precision": "float8"},
    ],
)
def test_settings_that_contradict_are_refused(values):
    with pytest.raises(ConfigError):
        TrainSettings(**values)


def test_an_ensemble_combines_as_the_law_of_total_variance_says():
    generator = np.random.default_rng(0)
    means, spreads = generator.normal(size=(4, 3, 1)), generator.uniform(0.1, 1, (4, 3, 1))
    found = combine(["a", "b", "c"], (Target("y", unit="eV"),), Members(means, spreads))
    # the same from draws: a member at random, then its normal law
    member = generator.integers(0, 4, 200_000)
    for row in range(3):
        draws = generator.normal(means[member, row, 0], spreads[member, row, 0])
        assert found.mean[row, 0] == pytest.approx(draws.mean(), abs=0.01)
        assert found.total[row, 0] == pytest.approx(draws.std(), rel=0.01)
    np.testing.assert_allclose(found.total**2, found.aleatoric**2 + found.epistemic**2)
    alone = combine(["a", "b", "c"], (Target("y"),), Members(means[:1], spreads[:1]))
    assert alone.epistemic is None
    np.testing.assert_allclose(alone.total, spreads[0])
    silent = combine(["a", "b", "c"], (Target("y"),), Members(means[:1]))
    assert silent.columns()["prediction_y_total"] == [None] * 3


def test_chances_have_the_variance_of_a_draw():
    means = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
    found = combine(["a"], (Target("c", 2, task="classification"),), Members(means))
    np.testing.assert_allclose(found.total**2, [[0.7 * 0.3] * 2])


def test_predictions_are_written_with_units(tmp_path):
    import pyarrow.parquet as pq

    targets = (Target("e", unit="eV"), Target("v", 2))
    means = np.arange(12.0).reshape(2, 2, 3)
    true = np.array([[1.0, 2.0, 3.0], [np.nan, 5.0, 6.0]])
    found = combine(["a", "b"], targets, Members(means), true)
    found.write(tmp_path / "p.parquet", members=True)
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.schema.field("prediction_e_mean").metadata == {
        b"target": b"e",
        b"statistic": b"mean",
        b"unit": b"eV",
    }
    columns = table.to_pydict()
    assert columns["truth_e"] == [1.0, None]
    assert columns["prediction_v_mean"] == [[4.0, 5.0], [7.0, 8.0]]
    assert columns["prediction_e_member_1"] == [6.0, 9.0]
    found.write(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text().startswith("material_id,truth_e,prediction_e_mean,")


def test_metrics_equal_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(1)
    true, guess = generator.normal(size=50), generator.normal(size=50)
    weights = generator.uniform(size=50)
    found = regression(true, guess, weights)
    assert found["mae"] == pytest.approx(
        metrics.mean_absolute_error(true, guess, sample_weight=weights)
    )
    assert found["rmse"] ** 2 == pytest.approx(
        metrics.mean_squared_error(true, guess, sample_weight=weights)
    )
    assert found["r2"] == pytest.approx(metrics.r2_score(true, guess, sample_weight=weights))
    assert found["max_error"] == pytest.approx(metrics.max_error(true, guess))
    chances = np.round(generator.dirichlet(np.ones(3), 60), 1)  # with ties
    chances /= chances.sum(1, keepdims=True)
    kinds = generator.integers(0, 3, 60)
    scored = classification(kinds, chances)
    assert scored["f1"] == pytest.approx(
        metrics.f1_score(kinds, chances.argmax(1), average="macro")
    )
    assert scored["roc_auc"] == pytest.approx(
        metrics.roc_auc_score(kinds, chances, multi_class="ovr")
    )
    expected = metrics.confusion_matrix(kinds, chances.argmax(1))
    assert confusion(kinds, chances) == expected.tolist()
    assert np.sum(confusion(np.where(kinds == 1, 7, kinds), chances)) == np.sum(kinds != 1)
    binary = classification(kinds == 0, np.stack([1 - chances[:, 0], chances[:, 0]], 1))
    assert binary["roc_auc"] == pytest.approx(metrics.roc_auc_score(kinds == 0, chances[:, 0]))


def test_metrics_of_nothing_are_nothing():
    assert math.isnan(regression(np.array([]), np.array([]))["mae"])
    constant = regression(np.ones(4), np.ones(4))
    assert constant["mae"] == 0
    assert math.isnan(constant["r2"])


def test_right_spreads_are_calibrated_and_wrong_ones_are_not():
    generator = np.random.default_rng(2)
    spread = generator.uniform(0.1, 2.0, 20_000)
    error = generator.normal(0.0, spread)
    right, wrong = calibration(error, spread), calibration(error, spread * 3)
    assert right["miscalibration_area"] < 0.01 < 0.1 < wrong["miscalibration_area"]
    assert right["coverage_68"] == pytest.approx(0.68, abs=0.01)
    assert right["nll"] < wrong["nll"]
    assert right["spearman"] > 0.4
    expected, observed = coverage(error, spread)
    np.testing.assert_allclose(observed, expected, atol=0.02)
    curve = confidence_error(error, spread)
    assert curve["oracle"][0] < curve["mae"][0] < curve["random"][0]
    assert curve["mae"][-1] == pytest.approx(np.abs(error).mean())


def test_tensors_are_those_of_the_safetensors_package(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([1, -2], dtype=np.int64),
        "scalar": np.array(3.5),
        "c": np.array([True, False]),
        "empty": np.empty((0, 4), np.float32),
    }
    write_tensors(tmp_path / "x.safetensors", arrays, {"epoch": 3})
    theirs = library.load_file(tmp_path / "x.safetensors")
    library.save_file(arrays, tmp_path / "y.safetensors")
    ours, state = read_tensors(tmp_path / "x.safetensors")
    again, _ = read_tensors(tmp_path / "y.safetensors")
    assert state == {"epoch": 3}
    for name, value in arrays.items():
        for other in (theirs, ours, again):
            np.testing.assert_array_equal(other[name], value)
            assert other[name].shape == value.shape


def test_a_cut_file_is_reported(tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": np.ones(9)})
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(StoreError, match="damaged"):
        read_tensors(path)
    with pytest.raises(StoreError, match="missing"):
        read_tensors(tmp_path / "y.safetensors")


@pytest.mark.slow
def test_every_byte_of_a_file_is_watched(tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": np.arange(3.0), "b": np.ones((2, 1), np.int32)}, {"epoch": 3})
    whole = path.read_bytes()
    for place in range(len(whole)):
        flipped = whole[place] ^ 1 << place % 8
        path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
        with pytest.raises(StoreError, match="damaged"):
            read_tensors(path)
    for other in (whole + b" ", whole[:-1], whole[:8], b""):
        path.write_bytes(other)
        with pytest.raises(StoreError, match="damaged"):
            read_tensors(path)
    path.write_bytes(whole)
    assert read_tensors(path)[1] == {"epoch": 3}


def test_a_file_without_its_digest_is_refused(tmp_path):
    path, arrays = tmp_path / "x.safetensors", np.arange(2.0).tobytes()
    entry = '"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}'
    for metadata, read in (('{"state":"{}"}', False), ('{"format":"pt"}', True)):
        head = f'{{{entry},"__metadata__":{metadata}}}'.encode()
        path.write_bytes(struct.pack("<Q", len(head)) + head + arrays)
        if read:  # another program wrote it
            assert read_tensors(path)[0]["a"].tolist() == [0.0, 1.0]
        else:
            with pytest.raises(StoreError, match="damaged"):
                read_tensors(path)


def test_every_setting_that_is_no_view_is_part_of_the_identity() -> None:
    views = {"members", "compile", "device", "threads", "loader", "checkpoint_seconds"}
    views |= {"deterministic"}
    everything = set(TrainSettings().to_dict())
    assert everything - set(TrainSettings().identity()) == {
        *views, "cpu_kernels", "tensorboard", "track", "track_online",
    }  # fmt: skip
    assert TrainSettings(max_sites=9).digest() != TrainSettings().digest()


def test_a_budget_is_for_one_process():
    view = View("x", np.array(["a", "b"]), {}, {})
    with pytest.raises(ConfigError, match="max_edges is for one process, there are 2"):
        loader_for(view, view.ids, (), TrainSettings(max_edges=9), group=Group(0, 2))


def test_a_run_of_something_else_is_distinguished_by_what_differs_only() -> None:
    from matdata.training.run_folder import _difference

    told = _difference({"trunk": [64, 32], "epochs": 1}, {"trunk": (64, 32), "epochs": 2})
    assert told == "epochs is 1 there, 2 now"
