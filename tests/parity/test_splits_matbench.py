"""Matbench's folds against scikit-learn, and against the published ones."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from matdata.core.errors import SplitError
from matdata.splits import make_splits
from matdata.splits.matbench import FOLDS, ROWS, SEED, shuffled_folds, stratified_folds

model_selection = pytest.importorskip("sklearn.model_selection")

# SHA-256 (first 16 digits) of the published test ids, sorted within each fold, joined with commas,
# folds with line ends; from matbench_v0.1_validation.json of matbench 0.6
PUBLISHED = {
    "dielectric": "99ce0abd2a49d630",
    "expt-gap": "e7ed4f55b26d400a",
    "jdft2d": "bdad507d86a544c2",
    "log-gvrh": "8b7c11c0bd8810bf",
    "log-kvrh": "0b6ba918d26b9e85",
    "mp-e-form": "f4c1b3d66b645b70",
    "mp-gap": "50c24673c735fcfd",
    "perovskites": "a5fd6bc5fdd3dc59",
    "phonons": "7c7343122fdd7714",
    "steels": "e774008a23baf307",
}


def task_ids(task):
    width = len(str(ROWS[task]))
    return [f"mb-{task}-{i + 1:0{width}d}" for i in range(ROWS[task])]


@pytest.mark.parametrize("n", [5, 12, 312, 1265])
@pytest.mark.parametrize("seed", [0, SEED])
def test_shuffled_folds_are_those_of_kfold(n, seed):
    fold_of = shuffled_folds(n, seed=seed)
    reference = model_selection.KFold(FOLDS, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(reference.split(np.zeros(n))):
        assert np.flatnonzero(fold_of == fold).tolist() == test.tolist()


@pytest.mark.parametrize("classes", [("False", "True"), ("c", "a", "b")])
@pytest.mark.parametrize("n", [31, 500, 5680])
def test_stratified_folds_are_those_of_stratified_kfold(n, classes):
    weights = np.arange(1, len(classes) + 1) / sum(range(len(classes) + 1))
    labels = np.random.default_rng(n).choice(classes, n, p=weights)
    fold_of = stratified_folds(labels.tolist())
    reference = model_selection.StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for fold, (_, test) in enumerate(reference.split(np.zeros(n), labels)):
        assert np.flatnonzero(fold_of == fold).tolist() == test.tolist()


def short_digest(folds):
    text = "\n".join(",".join(fold) for fold in folds)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("task", PUBLISHED)
def test_the_published_folds_come_out(task):
    ids, fold_of = np.array(task_ids(task)), shuffled_folds(ROWS[task])
    folds = [ids[fold_of == fold].tolist() for fold in range(FOLDS)]
    assert short_digest(folds) == PUBLISHED[task]


@pytest.mark.parametrize("task", ["steels", "expt-gap"])
def test_the_splits_hold_the_published_folds(task):
    splits = make_splits("matbench", task_ids(task)[::-1], {})
    assert short_digest(split.parts["test"].tolist() for split in splits) == PUBLISHED[task]
    assert splits[1].name == f"matbench-{task}-seed0-fold1"


def test_inner_validation_is_a_tenth_of_all():
    for split in make_splits("matbench", task_ids("phonons"), {}):
        assert split.sizes == {"train": 885, "val": 127, "test": 253}


def test_dropped_rows_leave_the_others_in_their_folds():
    ids = task_ids("steels")
    whole = make_splits("matbench", ids, {})
    for full, part in zip(whole, make_splits("matbench", ids[7:], {}), strict=True):
        assert set(part.parts["test"]) == set(full.parts["test"]) - set(ids[:7])
        assert part.notes == ("7 of the 312 rows of steels are not in the data; folds unchanged",)


def test_classification_is_stratified_by_the_target():
    ids = task_ids("glass")
    labels = (np.random.default_rng(0).random(len(ids)) < 0.7).tolist()
    splits = make_splits("matbench", ids[::-1], {"gfa": labels[::-1]}, {"target": "gfa"})
    reference = model_selection.StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for split, (_, test) in zip(splits, reference.split(ids, labels), strict=True):
        assert split.parts["test"].tolist() == [ids[row] for row in test]


@pytest.mark.parametrize(
    ("ids", "settings", "message"),
    [
        (["mb-phonons-0001", "x"], {}, "1 ids are not Matbench's: x"),
        (["mb-phonons-0001", "mb-steels-001"], {}, "ids of phonons, steels; expected those of one"),
        (["mb-phonon-0001"], {}, "did you mean 'phonons'"),
        (["mb-steels-313"], {}, "steels has rows 1 to 312, which these are not: mb-steels-313"),
        (["mb-glass-0001"], {}, "stratified by class; expected the column"),
        (
            ["mb-glass-0001"],
            {"target": "gfa"},
            "need the classes of all 5680 rows; 1 are available",
        ),
    ],
)
def test_other_ids_are_refused(ids, settings, message):
    with pytest.raises(SplitError) as error:
        make_splits("matbench", ids, {"gfa": [True] * len(ids)}, settings)
    assert message in str(error.value)
