"""Linear models, neighbours and boosted trees: scikit-learn's numbers, classes, missing targets."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest
from matdata_baselines import Boosted, Linear, Neighbours
from support.samples import drawn, reloaded, samples_of, schema

from matdata.plugin import ConfigError, FeatureError, Head, Schema, Target, TrainError

KINDS = (Linear, Neighbours, Boosted)


def fitted(trainer, samples, task, valid=None, seed=0):
    trainer.fit(samples, valid, task, seed)
    return trainer


@pytest.mark.parametrize("method", ["ridge", "huber", "ordinary"])
def test_coefficients_are_those_of_scikit_learn(method):
    from sklearn import linear_model
    from sklearn.preprocessing import StandardScaler

    rows, values = drawn(90)
    values[::9] += 30.0
    trainer = fitted(
        Linear(Linear.Hypers(method=method, clip=False)),
        samples_of({"magpie": rows}, values),
        schema(),
    )
    scale = StandardScaler().fit(rows)
    reference = {
        "ridge": linear_model.Ridge(1.0),
        "huber": linear_model.HuberRegressor(alpha=1.0, max_iter=1000),
        "ordinary": linear_model.LinearRegression(),
    }[method].fit(scale.transform(rows), values)
    fresh, _ = drawn(20, seed=1)
    actual = trainer.predict(samples_of({"magpie": fresh}, np.zeros(20))).means
    np.testing.assert_allclose(
        actual[0, :, 0], reference.predict(scale.transform(fresh)), rtol=1e-9
    )


def test_outliers_move_hubers_model_less():
    rows, _ = drawn(200)
    truth = rows @ np.arange(6.0)
    spoilt = truth.copy()
    spoilt[::10] += 50.0
    train, asked = samples_of({"magpie": rows}, spoilt), samples_of({"magpie": rows}, truth)
    off = {
        method: np.abs(
            fitted(Linear(Linear.Hypers(method=method, alpha=0.01)), train, schema())
            .predict(asked)
            .means[0, :, 0]
            - truth
        ).mean()
        for method in ("ridge", "huber")
    }
    assert off["huber"] < off["ridge"] / 10


def test_an_optimizer_that_fails_is_an_error_of_the_training(monkeypatch):
    from sklearn.linear_model import HuberRegressor

    def fit(*_):
        raise ValueError("HuberRegressor convergence failed")

    monkeypatch.setattr(HuberRegressor, "fit", fit)
    rows, values = drawn(20)
    with pytest.raises(TrainError, match="found by huber") as caught:
        fitted(
            Linear(Linear.Hypers(method="huber")), samples_of({"magpie": rows}, values), schema()
        )
    assert "convergence failed" in caught.value.cause


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbours_are_those_of_scikit_learn(weights):
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.preprocessing import StandardScaler

    rows, values = drawn(90)
    trainer = Neighbours(Neighbours.Hypers(neighbours=4, weights=weights))
    fitted(trainer, samples_of({"magpie": rows}, values), schema())
    scale = StandardScaler().fit(rows)
    reference = KNeighborsRegressor(4, weights=weights).fit(scale.transform(rows), values)
    fresh = np.concatenate([drawn(20, seed=1)[0], rows[:3]])
    members = trainer.predict(samples_of({"magpie": fresh}, np.zeros(23))).means
    assert members.shape == (4 if weights == "uniform" else 1, 23, 1)
    expected = reference.predict(scale.transform(fresh))
    np.testing.assert_allclose(members.mean(0)[:, 0], expected, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_memory_of_neighbours_is_bounded(weights):
    rows, values = drawn(4000, width=100)
    trainer = Neighbours(Neighbours.Hypers(neighbours=20, weights=weights))
    fitted(trainer, samples_of({"magpie": rows}, values), schema())
    asked = samples_of({"magpie": rows}, values)
    tracemalloc.start()
    try:
        trainer.predict(asked)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 100e6  # attributes of all neighbours of all materials are 64 MB, thrice


@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_boosted_trees_are_those_of_scikit_learn(loss, tmp_path):
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows, values = drawn(300)
    sizes = {"rounds": 40, "min_samples_leaf": 5, "leaves": 8}
    trainer = Boosted(Boosted.Hypers(loss=loss, **sizes))
    fitted(trainer, samples_of({"magpie": rows}, values), schema(), seed=3)
    name = {"squared": "squared_error", "absolute": "absolute_error"}[loss]
    reference = HistGradientBoostingRegressor(
        loss=name,
        max_iter=40,
        learning_rate=0.06,
        max_leaf_nodes=8,
        min_samples_leaf=5,
        early_stopping=False,
        random_state=3,
    ).fit(rows, values)
    asked = samples_of({"magpie": drawn(50, seed=1)[0]}, np.zeros(50))
    actual = trainer.predict(asked).means
    np.testing.assert_allclose(
        actual[0, :, 0], reference.predict(asked.inputs["magpie"]), rtol=1e-12
    )
    again = reloaded(trainer, schema(), tmp_path)
    np.testing.assert_array_equal(again.predict(asked).means, actual)


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_of_boosted_trees_are_those_of_scikit_learn(classes):
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows, values = drawn(300)
    labels = np.digitize(values, np.quantile(values, np.arange(1, classes) / classes))
    trainer = Boosted(Boosted.Hypers(rounds=20))
    fitted(trainer, samples_of({"magpie": rows}, labels), schema("classification", classes))
    reference = HistGradientBoostingClassifier(
        max_iter=20, learning_rate=0.06, early_stopping=False, random_state=0
    ).fit(rows, labels)
    fresh, _ = drawn(50, seed=1)
    actual = trainer.predict(samples_of({"magpie": fresh}, np.zeros(50))).means[0]
    np.testing.assert_allclose(actual, reference.predict_proba(fresh), rtol=1e-9)


@pytest.mark.slow
def test_a_validation_part_chooses_the_rounds():
    rng = np.random.default_rng(0)
    rows = rng.random((80, 6))
    noise = samples_of({"magpie": rows[:60]}, rows[:60, 0] + rng.normal(size=60))
    held = samples_of({"magpie": rows[60:]}, rows[60:, 0] + rng.normal(size=20))
    sizes = Boosted.Hypers(rounds=200, min_samples_leaf=2, learning_rate=0.3)
    whole, cut = (fitted(Boosted(sizes), noise, schema(), valid=v) for v in (None, held))
    kept = [len(trainer.state()["0.root"]) for trainer in (whole, cut)]
    assert kept[0] == 200
    assert 1 <= kept[1] < 200
    errors = [
        ((trainer.predict(held).means[0, :, 0] - held.targets[:, 0]) ** 2).mean()
        for trainer in (whole, cut)
    ]
    assert errors[1] < errors[0]
    shorter = fitted(Boosted(dataclasses.replace(sizes, rounds=kept[1])), noise, schema())
    np.testing.assert_array_equal(shorter.predict(held).means, cut.predict(held).means)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("present", [(1,), (0, 2), (0, 1, 3)])
def test_classes_that_training_lacks_have_no_probability(kind, present, tmp_path):
    rows, values = drawn(60)
    labels = np.asarray(present)[
        np.digitize(values, np.quantile(values, [0.4, 0.7])) % len(present)
    ]
    task = schema("classification", 4)
    trainer = fitted(kind(), samples_of({"magpie": rows}, labels), task)
    shares = reloaded(trainer, task, tmp_path).predict(samples_of({"magpie": rows}, labels)).means
    mean = shares.mean(0)
    np.testing.assert_allclose(mean.sum(1), 1.0)
    absent = [k for k in range(4) if k not in present]
    assert (mean[:, absent] == 0).all()
    assert (mean.argmax(1) == labels).mean() > 0.6


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_targets_are_learnt_one_by_one_from_what_is_known(kind):
    rows, values = drawn(100)
    both = np.stack([values, -2 * values], 1)
    mask = np.ones((100, 2), dtype=bool)
    mask[::3, 1] = False
    both[~mask] = 99.0
    task = Schema(
        (Target("a", 1, "1"), Target("b", 1, "1")), (Head("a", (1,)), Head("b", (1,))), {}
    )
    asked = samples_of({"magpie": rows}, both)
    together = fitted(kind(), samples_of({"magpie": rows}, both, mask), task).predict(asked).means
    known = mask[:, 1]
    alone = fitted(kind(), samples_of({"magpie": rows}, values), schema()).predict(asked).means
    np.testing.assert_allclose(together[..., :1], alone, rtol=1e-9)
    if kind is Boosted:  # scales of the others are those of all materials
        part = samples_of({"magpie": rows[known]}, both[known, 1])
        only = fitted(kind(), part, schema()).predict(asked).means
        np.testing.assert_allclose(together[..., 1:], only, rtol=1e-9)
    assert np.abs(together[..., 1].mean(0)).max() < 20


@pytest.mark.parametrize("kind", [Linear, Neighbours])
def test_units_of_attributes_do_not_matter(kind):
    rows, values = drawn(80)
    changed = rows * 10.0 ** np.arange(6) - 3.0
    found = [
        fitted(kind(), samples_of({"magpie": one}, values), schema())
        .predict(samples_of({"magpie": one}, values))
        .means
        for one in (rows, changed)
    ]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)


def test_attributes_that_do_not_vary_are_left_alone():
    rows, values = drawn(40)
    rows[:, 2] = 0.1
    fresh = rows.copy()
    fresh[:, 2] = 1e9
    trainer = fitted(Linear(), samples_of({"magpie": rows}, values), schema())
    expected = trainer.predict(samples_of({"magpie": rows}, values)).means
    actual = trainer.predict(samples_of({"magpie": fresh}, values)).means
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_several_features_stand_side_by_side(kind):
    rows, values = drawn(60)
    parts = {"magpie": rows[:, :4], "column:t": rows[:, 4:]}
    trainer = kind(kind.Hypers(features=("magpie", "column:t")))
    assert trainer.inputs() == ("magpie", "column:t")
    fitted(trainer, samples_of(parts, values), schema())
    whole = fitted(kind(), samples_of({"magpie": rows}, values), schema())
    asked = samples_of({**parts}, values), samples_of({"magpie": rows}, values)
    np.testing.assert_allclose(trainer.predict(asked[0]).means, whole.predict(asked[1]).means)


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_learnt_from_is_refused(kind):
    rows, values = drawn(20)
    for features in ((), ("magpie", "magpie")):
        with pytest.raises(ConfigError, match="each once"):
            kind(kind.Hypers(features=features)).inputs()
    rows[3, 1] = np.nan
    with pytest.raises(FeatureError, match="m3 is not finite"):
        fitted(kind(), samples_of({"magpie": rows}, values), schema())
    rows[3, 1] = 0.0
    unknown = samples_of({"magpie": rows}, values, np.zeros((20, 1), bool))
    with pytest.raises(ConfigError, match="no material of the training part has y"):
        fitted(kind(), unknown, schema())


def test_more_neighbours_than_materials_are_refused():
    rows, values = drawn(4)
    with pytest.raises(ConfigError, match="5 neighbours are more than the 4 materials"):
        fitted(Neighbours(), samples_of({"magpie": rows}, values), schema())


def test_attributes_far_out_do_not_decide():
    rows, values = drawn(60)
    rows[:, 2] = np.eye(60)[7]  # of one material alone
    far = rows[:1].copy()
    far[0, 2] = 1e3
    bounded, free = (
        fitted(Linear(Linear.Hypers(clip=clip)), samples_of({"magpie": rows}, values), schema())
        .predict(samples_of({"magpie": far}, [0.0]))
        .means[0, 0, 0]
        for clip in (True, False)
    )
    assert values.min() - 3 < bounded < values.max() + 3
    assert abs(free) > 10 * abs(bounded)
