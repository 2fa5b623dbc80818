from __future__ import annotations

import numpy as np
import pytest
from matdata_baselines import Dummy, MagpieForest, VoronoiForest
from matdata_baselines.model import on_a_grid, predict
from support.samples import drawn, reloaded, samples_of, schema

from matdata.plugin import ConfigError, Schema, Target


def forest(cls=MagpieForest, **hypers):
    return cls(cls.Hypers(jobs=1, **hypers))


def test_sizes_are_those_of_the_thesis():
    assert (MagpieForest().hypers.trees, MagpieForest().hypers.max_features) == (200, 0.25)
    assert (VoronoiForest().hypers.trees, VoronoiForest().hypers.max_features) == (150, 1.0)
    assert MagpieForest().inputs() == ("magpie",)
    assert VoronoiForest().inputs() == ("voronoi",)


@pytest.mark.parametrize("outputs", [1, 2])
def test_members_are_the_trees_of_scikit_learn(outputs):
    from sklearn.ensemble import RandomForestRegressor

    rows, values = drawn(120)
    targets = on_a_grid(np.stack([values, values**2], 1)[:, :outputs])
    trainer = forest(trees=20)
    trainer.fit(samples_of({"magpie": rows}, targets), None, schema(size=outputs), seed=3)
    fresh, _ = drawn(50, seed=1)
    members = trainer.predict(samples_of({"magpie": fresh}, np.zeros((50, outputs))))
    assert members.means.shape == (20, 50, outputs)
    assert members.stds is None
    reference = RandomForestRegressor(20, max_features=0.25, random_state=3)
    expected = reference.fit(rows, targets if outputs > 1 else targets[:, 0]).predict(fresh)
    np.testing.assert_allclose(members.means.mean(0).reshape(expected.shape), expected, rtol=1e-12)
    first = reference.estimators_[0].predict(fresh.astype(np.float32))
    np.testing.assert_array_equal(members.means[0].reshape(first.shape), first)
    assert members.means.std(0).min() > 0


def test_thresholds_are_compared_as_scikit_learn_does():
    """A value that is equal to a threshold once it is float32 goes left."""
    rows = np.array([[0.1], [0.2], [0.3], [0.4]])
    trainer = forest(trees=5)
    trainer.fit(samples_of({"magpie": rows}, [0.0, 1.0, 2.0, 3.0]), None, schema(), seed=0)
    middle = trainer._trees["threshold"][trainer._trees["left"] >= 0].astype(np.float32)[:, None]
    from sklearn.ensemble import RandomForestRegressor

    reference = RandomForestRegressor(5, max_features=0.25, random_state=0)
    expected = reference.fit(rows, [0.0, 1.0, 2.0, 3.0]).predict(middle)
    np.testing.assert_allclose(predict(trainer._trees, middle).mean(0)[:, 0], expected)


@pytest.mark.parametrize("noise", [1e-16, 1e-11])
def test_rounding_does_not_choose_between_equal_splits(noise):
    """Many attributes of few materials: most splits are equal to others."""
    rows, values = drawn(60, width=40)
    rows = np.round(rows, 1)
    shaken = values * (1.0 + noise * np.random.default_rng(1).normal(size=60))
    asked = samples_of({"magpie": rows}, values)
    found = []
    for targets in (values, shaken):
        trainer = forest(trees=10)
        trainer.fit(samples_of({"magpie": rows}, targets), None, schema(), seed=0)
        found.append(trainer.predict(asked).means)
    np.testing.assert_allclose(found[1], found[0], atol=1e-7)


def test_what_is_saved_predicts_the_same(tmp_path):
    rows, values = drawn(80)
    trainer = forest(trees=7)
    trainer.fit(samples_of({"magpie": rows}, values), None, schema(), seed=0)
    again = reloaded(trainer, schema(), tmp_path)
    asked = samples_of({"magpie": rows}, values)
    np.testing.assert_array_equal(again.predict(asked).means, trainer.predict(asked).means)


def test_seeds_decide():
    rows, values = drawn(60)
    asked = samples_of({"magpie": rows}, values)

    def predicted(seed: int):
        trainer = forest(trees=5)
        trainer.fit(asked, None, schema(), seed=seed)
        return trainer.predict(asked).means

    np.testing.assert_array_equal(predicted(1), predicted(1))
    assert not np.array_equal(predicted(1), predicted(2))


def test_a_missing_target_is_refused():
    rows, values = drawn(5)
    mask = np.ones((5, 1), dtype=bool)
    mask[2] = False
    with pytest.raises(ConfigError, match="1 lack one"):
        forest(trees=2).fit(samples_of({"magpie": rows}, values, mask), None, schema(), 0)


def test_dummy_is_mean_or_median_of_what_is_known():
    mask = np.array([[True], [True], [True], [False]])
    train = samples_of({}, [0.0, 1.0, 5.0, 99.0], mask)
    for statistic, expected in (("mean", 2.0), ("median", 1.0)):
        dummy = Dummy(Dummy.Hypers(statistic=statistic))
        dummy.fit(train, None, schema(), seed=0)
        assert dummy.predict(train).means.tolist() == [[[expected]] * 4]
        again = Dummy()
        again.load_state(dummy.state(), schema())
        assert again.predict(train).means.tolist() == [[[expected]] * 4]


def test_dummy_gives_the_shares_of_classes():
    dummy = Dummy()
    dummy.fit(samples_of({}, [0, 2, 2, 1]), None, schema("classification", 3), seed=0)
    assert dummy.predict(samples_of({}, [0])).means.tolist() == [[[0.25, 0.25, 0.5]]]


def test_classes_have_the_probabilities_of_scikit_learn():
    from sklearn.ensemble import RandomForestClassifier

    rows, values = drawn(150)
    labels = np.digitize(values, np.quantile(values, [0.3, 0.8]))
    trainer = forest(trees=15, min_samples_leaf=4)
    task = schema("classification", 3)
    trainer.fit(samples_of({"magpie": rows}, labels), None, task, seed=5)
    fresh, _ = drawn(40, seed=1)
    members = trainer.predict(samples_of({"magpie": fresh}, np.zeros(40))).means
    assert members.shape == (15, 40, 3)
    reference = RandomForestClassifier(15, max_features=0.25, min_samples_leaf=4, random_state=5)
    expected = reference.fit(rows, labels).predict_proba(fresh)
    np.testing.assert_allclose(members.mean(0), expected, rtol=1e-12)
    assert 0 < expected.min(axis=1).max() < 0.5  # leaves are mixed, so shares are tried


def test_classes_that_the_training_part_lacks_have_the_probability_0():
    from sklearn.ensemble import RandomForestClassifier

    rows, values = drawn(60)
    two = np.stack([np.where(values > np.median(values), 3, 1), values > values.mean()], 1)
    trainer = forest(trees=9)
    targets = Target("a", 4, "1", "classification"), Target("b", 2, "1", "classification")
    trainer.fit(samples_of({"magpie": rows}, two), None, Schema(targets, (), {}), seed=0)
    fresh, _ = drawn(30, seed=1)
    shares = trainer.predict(samples_of({"magpie": fresh}, np.zeros((30, 2)))).means.mean(0)
    assert not shares[:, [0, 2]].any()
    reference = RandomForestClassifier(9, max_features=0.25, random_state=0).fit(rows, two)
    first, second = reference.predict_proba(fresh)
    np.testing.assert_allclose(shares[:, [1, 3]], first, rtol=1e-12)
    np.testing.assert_allclose(shares[:, 4:], second, rtol=1e-12)
