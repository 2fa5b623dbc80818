"""Curves of several runs in one picture, and pictures of predicted compositions."""

from __future__ import annotations

import json

import pytest
from support import toy
from support.figures import words_of

import matdata as md
from matdata.training.run import RECORD

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    dataset = toy.build(tmp_path_factory.mktemp("beside") / "cache", toy.rows())
    for name, seed in (("one", 0), ("two", 5)):
        toy.train(dataset, "y", name, epochs=3, ensemble=2, seed=seed)
    product = {"name": "product", "objective": "element_distribution"}
    toy.train(dataset, product, "products", epochs=20, ensemble=2, lr=0.01)
    toy.train(dataset, product, "single", epochs=2)
    return dataset


def printed(dataset, capsys, *words):
    capsys.readouterr()
    assert toy.command(dataset, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_second_ensemble_is_drawn_beside(dataset, capsys, tmp_path):
    one, two = (md.open_run(name, dataset.cache) for name in ("one", "two"))
    options = ["--pictures", str(tmp_path / "first"), "--beside", "two"]
    assert toy.command(dataset, "evaluate", "one", *options) == 1
    assert "run 'two' was not evaluated" in capsys.readouterr().err
    assert not (one.folder / RECORD).exists()
    md.evaluate(two)
    record = printed(dataset, capsys, "evaluate", "one", *options)
    assert record["pictures_failed"] == {}
    words = words_of(one.plot.uncertainty(beside=[two]))
    assert "two" in words.split("\n")
    assert "± one standard deviation" in words
    assert "two" not in words_of(one.plot.uncertainty()).split("\n")
    curve = record["targets"]["y"]["uncertainty"]["confidence_error"]
    assert curve["random_std"][0] > curve["random_std"][-1] == 0.0
    with pytest.raises(md.ConfigError, match="all folds are asked for"):
        md.evaluate_folds("one", beside="two", cache=dataset.cache)


def test_runs_on_other_true_values_are_not_comparable(dataset):
    one, products = (md.open_run(name, dataset.cache) for name in ("one", "products"))
    md.evaluate(one)
    md.evaluate(products)
    with pytest.raises(md.TrainError, match="was not evaluated on the true values of 'y'"):
        one.plot.uncertainty(beside=[products])


def test_compositions_are_scored_and_drawn(dataset, capsys, tmp_path):
    record = printed(dataset, capsys, "evaluate", "products", "--pictures", str(tmp_path))
    scored = record["targets"]["product"]
    assert scored["metrics"]["elemd"] < scored["baselines"]["dummy_mean"]["elemd"]
    assert scored["element_coverage"]["share"][-1] >= scored["element_coverage"]["dummy_mean"][-1]
    assert scored["confidence_error"]["error"] == "elemd"
    assert {path.name for path in tmp_path.iterdir()} >= {"compositions-product.png"}
    run = md.open_run("products", dataset.cache)
    assert "compositions within it (%)" in words_of(run.plot.compositions())
    capsys.readouterr()
    assert toy.command(dataset, "evaluate", "products", "--no-pictures") == 0
    assert "elemd" in capsys.readouterr().out
    single = md.open_run("single", dataset.cache)
    assert "confidence_error" not in md.evaluate(single)["targets"]["product"]
    assert "most confident" not in words_of(single.plot.compositions())
    one = md.open_run("one", dataset.cache)
    md.evaluate(one)
    with pytest.raises(md.ConfigError, match="no curves of compositions"):
        one.plot.compositions()


def test_a_run_beside_is_refused_before_the_test_part_is_opened(dataset):
    """Itself, twice, of another target, or on another split."""
    toy.train(dataset, "y", "sealed", epochs=1)
    sealed, two, products = (
        md.open_run(name, dataset.cache) for name in ("sealed", "two", "products")
    )
    for other in (two, products):
        md.evaluate(other)
    dataset.split("60/20/20", name="other", seed=7)
    settings = {"epochs": 1, "threads": 1, "tensorboard": False}
    apart = md.train("example", dataset, "y", split="other", name="apart", quiet=True,
                     train=settings)  # fmt: skip
    md.evaluate(apart)
    for beside, error, text in (
        ("sealed", md.ConfigError, "compared with itself"),
        (["two", "two"], md.ConfigError, "name each run once"),
        ("products", md.TrainError, "was scored on product"),
        ("apart", md.TrainError, "on other materials than run 'sealed' will be"),
    ):
        with pytest.raises(error, match=text):
            md.evaluate(sealed, beside=beside)
    assert not (sealed.folder / "test-opened.json").exists()
    assert md.evaluate(sealed, beside="two")["targets"]["y"]["materials"] > 0
