"""Classes that the training part lacks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from matdata.core.errors import ConfigError
from matdata.core.row_index import RowIndex
from matdata.training.contract import Schema, Trainer
from matdata.training.samples import Samples
from matdata.training.scores.metrics import classification, dummy_class
from matdata.training.target import Target
from matdata.training.targets import infer_targets, require_classes

IDS = np.array(["a", "b", "c", "d"])


def _dataset(**columns):
    return SimpleNamespace(columns=columns, units={}, ref="toy@1", rows=RowIndex(IDS).find)


def _told(names, task="classification", **columns):
    tasks = (*Trainer.tasks, "classification")
    trainer = SimpleNamespace(tasks=tasks, name="toy", learns=tasks.__contains__, mixes_tasks=False)
    return infer_targets(_dataset(**columns), names, task, IDS[:3], trainer)


def test_validation_with_a_class_that_train_lacks_is_refused_by_name():
    targets = _told(("y",), y=[0, 1, 1, 4])
    with pytest.raises(ConfigError, match=r"y: validation .*beyond the 2 of train: 4 .*d"):
        require_classes(_dataset(y=[0, 1, 1, 4]), targets, IDS)
    require_classes(_dataset(y=[0, 1, 1, None]), targets, IDS)


def test_an_unseen_true_class_has_the_probability_0():
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    found = classification(np.array([0.0, 1.0, 2.0]), chances)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] > 10
    assert dummy_class(np.array([0.0, 1.0, 7.0]), np.array([2.0, -1.0]), 2)


def test_columns_that_are_no_classes_come_with_a_next_step():
    with pytest.raises(ConfigError, match=r"0\.5(.|\n)*next step: encode the column as whole"):
        _told(("y",), y=[0.5, 1, 2, None])
    with pytest.raises(ConfigError, match="'y' is named more than once"):
        _told(("y", "y"), y=[0, 1, 1, 1])


def test_dummy_gives_shares_of_each_of_two_targets():
    from matdata_baselines import Dummy

    targets = (Target("y", 2, "1", "classification"), Target("z", 3, "1", "classification"))
    values = np.array([[0.0, 2.0], [1.0, 2.0]])
    samples = Samples(IDS[:2], {}, values, np.isfinite(values))
    made = Dummy()
    made.fit(samples, None, Schema(targets, (), {}), 0)
    np.testing.assert_allclose(made.predict(samples).means[0, 0], [0.5, 0.5, 0, 0, 1])
