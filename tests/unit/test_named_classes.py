"""Columns of text, and of true and false, as classes with names."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from matdata.core.errors import ConfigError
from matdata.core.row_index import RowIndex
from matdata.training.contract import Trainer
from matdata.training.data import View, truth
from matdata.training.ensemble import combine
from matdata.training.outputs import Members
from matdata.training.target import BOOLEAN, Target
from matdata.training.targets import infer_targets, require_classes, require_names

KINDS = ("cubic", "hexagonal")


def _dataset(values):
    names = [f"m{row}" for row in range(len(values))]
    return SimpleNamespace(
        columns={"y": values}, units={}, ref="toy@1", rows=RowIndex(names).find
    ), names


def _told(values, task=None, train=None, tasks=("regression", "classification")):
    dataset, names = _dataset(values)
    ids = np.array(names[: train or len(names)])
    learnt = (*Trainer.tasks, *tasks)
    trainer = SimpleNamespace(
        tasks=learnt, name="toy", learns=learnt.__contains__, mixes_tasks=False
    )
    return infer_targets(dataset, ("y",), task, ids, trainer)[0]


def test_names_of_a_column_are_its_sorted_texts_in_train():
    values = ["hexagonal", None, "cubic", "cubic", "trigonal"]
    target = _told(values, train=4)
    assert (target.task, target.size, target.classes) == ("classification", 2, KINDS)
    dataset, names = _dataset(values)
    with pytest.raises(ConfigError, match=r"validation .*beyond the 2 of train: trigonal .*m4"):
        require_classes(dataset, (target,), np.array(names))
    with pytest.raises(ConfigError, match=r"test part .*beyond the 2 of train: trigonal .*m4"):
        require_names(dataset, (target,), np.array(names))
    require_names(dataset, (target,), np.array(names[:4]))
    require_names(dataset, (Target("y", 2, "1", "classification"),), np.array(names))


def test_true_and_false_are_both_classes_even_if_train_has_one():
    target = _told([True, True, None])
    assert (target.classes, target.labels, target.size) == (BOOLEAN, ("false", "true"), 2)
    assert _told([0, 2, 1], "classification").classes == ()
    assert _told([True, False], "regression").task == "regression"


def test_a_record_of_a_target_gives_it_back_and_numbers_have_the_record_of_before():
    for target in (Target("y", 2, "1", "classification", KINDS), Target("y", 3, "eV")):
        assert Target(**json.loads(json.dumps(target.to_dict()))) == target
    plain = {"name": "y", "size": 2, "unit": "1", "task": "classification"}
    assert Target(**plain).to_dict() == plain
    named = Target(**plain, classes=KINDS)
    assert named.identity() == {**plain, "classes": list(KINDS)}
    # runs on true and false that were stored without names are found again
    assert Target(**plain, classes=BOOLEAN).identity() == plain


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [f"text {row % 1001}" for row in range(5000)],
            r"1,001 different texts in 5,000 (.|\n)*'t",
        ),
        ([f"remark {row}" for row in range(30)], r"30 different texts in 30 "),
        (["x" * 500 + str(row) for row in range(30)], r"free text(?!.*x{41})"),
        (["cubic"] * 4, "'cubic' for all 4 materials"),
    ],
)
def test_texts_that_are_no_classes_are_refused(values, message):
    with pytest.raises(ConfigError, match=message) as caught:
        _told(values)
    assert caught.value.next_step


def test_a_thousand_texts_are_classes():
    assert _told([f"text {row % 1000}" for row in range(2000)]).size == 1000


def test_a_trainer_without_classes_says_so():
    with pytest.raises(ConfigError, match=r"not classification of y(.|\n)*matdata plugins"):
        _told(["cubic", "hexagonal"], tasks=())
    with pytest.raises(ConfigError, match="leave out --task regression"):
        _told(["cubic", "hexagonal"], "regression")


def test_true_values_are_indices_and_a_class_without_index_is_no_other_class():
    target = Target("y", 2, "1", "classification", KINDS)
    view = View("toy", np.array(list("abcd")), {"y": ["hexagonal", None, "cubic", "other"]}, {})
    found = truth(view, view.ids, (target,))
    np.testing.assert_array_equal(found, [[1.0], [np.nan], [0.0], [-1.0]])
    members = Members(np.full((1, 4, 2), 0.5))
    told = combine(view.ids, (target,), members, found).columns()
    assert told["truth_y"] == ["hexagonal", None, "cubic", None]


def test_predictions_have_a_column_a_class():
    targets = (
        Target("y", 2, "1", "classification", KINDS),
        Target("m", 2, "1", "classification", BOOLEAN),
    )
    means = np.array([[[0.25, 0.75, 0.4, 0.6], [np.nan, np.nan, 0.9, 0.1]]])
    found = combine(["a", "b"], targets, Members(means))
    columns = found.columns()
    assert columns["prediction_y_class"] == ["hexagonal", None]
    assert columns["prediction_y_probability_hexagonal"] == [0.75, None]
    assert columns["prediction_m_class"] == [True, False]
    assert columns["prediction_m_probability_false"] == [0.4, 0.9]
    assert "prediction_m_mean" not in columns, "the mean of a class is its probability"
    assert [round(x, 6) for x in columns["prediction_m_total"][1]] == [0.3, 0.3]


def test_classes_that_are_numbers_are_predicted_by_them():
    target = Target("y", 2, "1", "classification")
    means = np.array([[[0.25, 0.75], [0.9, 0.1], [0.5, 0.5]]])
    true = np.array([[1.0], [np.nan], [4.0]])
    columns = combine(["a", "b", "c"], (target,), Members(means), true).columns()
    assert columns["prediction_y_class"] == [1, 0, 0]
    assert columns["truth_y"] == [1, None, 4]
    assert columns["prediction_y_probability_0"] == [0.25, 0.9, 0.5]
    assert columns["prediction_y_probability_1"] == [0.75, 0.1, 0.5]


def test_texts_in_lists_are_labels():
    from matdata.training.target_request import TargetRequest

    names = list("abcd")
    cells = [["oxide", "metal"], [], ["oxide"], ["magnet"]]
    dataset = SimpleNamespace(
        columns={"y": cells}, units={}, ref="toy@1", rows=RowIndex(names).find
    )
    trainer = SimpleNamespace(name="toy", learns=lambda task: True, mixes_tasks=True)
    asked = {"y": TargetRequest(objective="multi_label")}
    ids = np.array(names)
    (target,) = infer_targets(dataset, ("y",), None, ids[:3], trainer, asked)
    assert (target.task, target.classes) == ("multi_label", ("metal", "oxide"))
    assert [target.code(cell) for cell in cells[:2]] == [[1.0, 1.0], [0.0, 0.0]]
    assert target.code(None) is None
    assert Target(**json.loads(json.dumps(target.to_dict()))) == target
    with pytest.raises(ConfigError, match="beyond the 2 of train: "):
        require_classes(dataset, (target,), ids)
    members = Members(np.array([[[0.9, 0.2], [0.6, 0.7]]]))
    columns = combine(["a", "b"], (target,), members, np.array([[1.0, 1.0], [0.0, 0.0]])).columns()
    assert columns["prediction_y_class"] == [["metal"], ["metal", "oxide"]]
    assert columns["prediction_y_probability_oxide"] == [0.2, 0.7]
    assert columns["truth_y"] == [["metal", "oxide"], []]
