"""Elements first, then their amounts with the weights of that run, as ordinary runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import reactions

import matdata as md
from matdata.plugin import element_symbols

SMALL = {
    **{"width": 16, "layers": 1, "gates": 16, "hidden": 16, "output": "32", "action_width": 8},
    **{"stoichiometry": "32,16", "scale": "log"},
}
LOOP = {"threads": 1, "batch_size": 8, "tensorboard": False, "validation": False, "lr": 0.003}
ELEMENTS = {"name": "formula", "objective": "multi_label"}
AMOUNTS = {
    "name": "product",
    "objective": "element_distribution",
    "options": {"among": "truth", "divergence": "squared"},
}
BODY = ("embedding.*", "actions.*", "layers.*", "pool.*", "heads.0.*")


def products(count: int) -> list[dict[str, object]]:
    """Reactions whose product holds the metals of all precursors but europium, and oxygen."""
    records = reactions.rows(count)
    for number, record in enumerate(records):
        first, second = (one["formula"][:2] for one in record["precursors"][:2])
        amount = 1 + number % 3
        record["reaction"] = f"{first} + {second}"
        record["formula"] = record["product"] = f"{first}{amount}{second}2O6"
    return records


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    path = reactions.write_jsonl(folder / "r.jsonl", products(60))
    made = md.build(path, features=["reaction"], cache=folder, name="r", workers=1, dedupe="none")
    made.split("80/20", name="main")
    return made


def train(dataset, *targets, name, epochs=40, **options):
    loop = {**LOOP, "epochs": epochs}
    return md.train(
        *("reaction-graph", dataset, list(targets)),
        **{"name": name, "split": "main", "hyper": SMALL, "train": loop, "quiet": True, **options},
    )


def train_amounts(dataset, name, **options):
    chosen = {"from_run": "elements", "freeze": BODY, "reinit": ("heads.1.*",), **options}
    return train(dataset, ELEMENTS, AMOUNTS, name=name, **chosen)


@pytest.fixture(scope="module")
def elements(dataset):
    return train(dataset, ELEMENTS, name="elements")


@pytest.mark.slow
def test_elements_of_the_product_are_learnt(dataset, elements):
    (target,) = elements.schema.targets
    assert target.labels == element_symbols()[1:]
    predicted = md.predict(elements, dataset)
    true = np.array([target.code(formula) for formula in dataset.columns["formula"]])
    right = ((predicted.mean > 0.5) == true).all(1)
    assert right.mean() > 0.9
    everything = ["Eu" in [p["formula"][:2] for p in r["precursors"]] for r in products(60)]
    assert any(everything)  # so that not all elements of precursors are right


@pytest.mark.slow
def test_amounts_are_learnt_beside_elements_that_stay(dataset, elements):
    run = train_amounts(dataset, "amounts")
    before, after = elements.weights(), run.weights()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    first, second = (md.predict(one, dataset) for one in (elements, run))
    present, shares = second.mean[:, :118], second.mean[:, 118:]
    np.testing.assert_allclose(present, first.mean, atol=1e-6)
    np.testing.assert_allclose(shares.sum(1), 1.0, rtol=1e-5)
    absent = present[:, :103] <= 0.5
    assert shares[absent].max() < 1e-10
    scored = md.evaluate(run)["targets"]["product"]
    assert scored["metrics"]["l1"] < 0.5 * scored["baselines"]["dummy_mean"]["l1"]


def test_with_the_feed_an_idle_network_predicts_what_the_precursors_hold():
    from matdata_reaction_graph.stoichiometry import Stoichiometry

    batch = reactions.batch_of_reactions(products(6))["reaction"]
    network = Stoichiometry("matscholar", 4, (8,), feed=True)
    for weights in network.network.parameters():
        weights.data.zero_()
    scores = network(batch, torch.zeros(6, 4)).masked_fill(~batch.in_precursors, -torch.inf)
    torch.testing.assert_close(scores.softmax(1), batch.feed)


@pytest.mark.slow
def test_the_second_stage_goes_on_in_the_same_bits(dataset, elements):
    # as after one epoch of three: more epochs go on with the run
    whole = train_amounts(dataset, "whole", epochs=3)
    train_amounts(dataset, "cut", epochs=1)
    ended = train_amounts(dataset, "cut", epochs=3)
    weights = whole.weights()
    for name, values in ended.weights().items():
        np.testing.assert_array_equal(values, weights[name])


@pytest.mark.slow
def test_a_head_that_the_first_run_has_not_is_to_begin_anew(dataset, elements):
    with pytest.raises(md.TrainError, match=r"weight heads\.1\.\S+ is absent in run 'elements'"):
        train_amounts(dataset, "refused", reinit=())


def test_a_column_that_holds_no_formulas_has_no_elements(dataset):
    with pytest.raises(md.ConfigError, match="formulas"):
        train(dataset, {**ELEMENTS, "name": "reaction"}, name="wrong")
