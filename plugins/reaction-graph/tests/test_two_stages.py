"""Elements first, then their amounts with the weights of that run, as ordinary runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import reactions

import matdata as md
from matdata.core.elements import symbols
from matdata.core.errors import ConfigError, TrainError
from matdata.training.request import Request
from matdata.training.target_request import TargetRequest
from matdata.training.train import train

SMALL = {
    **{"width": 16, "layers": 1, "gates": 16, "hidden": 16, "output": "32", "action_width": 8},
    **{"stoichiometry": "32,16", "scale": "log"},
}
LOOP = {"threads": 1, "batch_size": 8, "tensorboard": False, "validation": False, "lr": 0.003}
ELEMENTS = {"formula": TargetRequest(objective="multi_label")}
AMOUNTS = TargetRequest(
    objective="element_distribution", options={"among": "truth", "divergence": "squared"}
)
BODY = ("embedding.*", "actions.*", "layers.*", "pool.*", "heads.0.*")


def products(count: int) -> list[dict[str, object]]:
    """Reactions whose product holds the metals of all precursors but europium, and oxygen."""
    records = reactions.rows(count)
    for number, record in enumerate(records):
        first, second = (one["formula"][:2] for one in record["precursors"][:2])
        amount = 1 + number % 3
        record["formula"] = record["product"] = f"{first}{amount}{second}2O6".replace("12", "12")
    return records


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    path = reactions.write_jsonl(folder / "r.jsonl", products(60))
    made = md.build(path, features=["reaction"], cache=folder, name="r", workers=1, dedupe="none")
    made.split("80/20", name="main")
    return made


def request(**changes):
    first = Request("reaction-graph", "r", ("formula",), "main", SMALL, dict(LOOP, epochs=40))
    return replace(first, target_requests=ELEMENTS, **changes)


@pytest.fixture(scope="module")
def elements(dataset):
    return train(request(), dataset.cache, "elements")


def amounts_request(**changes):
    return replace(
        request(),
        targets=("formula", "product"),
        target_requests={**ELEMENTS, "product": AMOUNTS},
        from_run="elements",
        freeze=BODY,
        reinit=("heads.1.*",),
        **changes,
    )


@pytest.mark.slow
def test_elements_of_the_product_are_learnt(dataset, elements):
    (target,) = elements.schema.targets
    assert target.labels == symbols()[1:]
    predicted = md.predict(elements, dataset)
    true = np.array([target.code(formula) for formula in dataset.columns["formula"]])
    right = ((predicted.mean > 0.5) == true).all(1)
    assert right.mean() > 0.9
    everything = ["Eu" in [p["formula"][:2] for p in r["precursors"]] for r in products(60)]
    assert any(everything)  # so that not all elements of precursors are right


@pytest.mark.slow
def test_amounts_are_learnt_beside_elements_that_stay(dataset, elements):
    run = train(amounts_request(), dataset.cache, "amounts")
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


@pytest.mark.slow
def test_the_second_stage_resumes_in_the_same_bits(dataset, elements):
    settings = dict(LOOP, epochs=3)
    whole = train(amounts_request(settings=settings), dataset.cache, "whole")
    cut = train(amounts_request(settings=settings), dataset.cache, "cut", stop_after=8)
    assert not cut.finished
    ended = train(amounts_request(settings=settings), dataset.cache, "cut")
    weights = whole.weights()
    for name, values in ended.weights().items():
        np.testing.assert_array_equal(values, weights[name])


@pytest.mark.slow
def test_a_head_that_the_first_run_has_not_is_to_begin_anew(dataset, elements):
    with pytest.raises(TrainError, match=r"weight heads\.1\.\S+ is absent in run 'elements'"):
        train(replace(amounts_request(), reinit=()), dataset.cache, "refused")


def test_a_column_that_holds_no_formulas_has_no_elements(dataset):
    wrong = replace(
        request(), targets=("material_id",), target_requests={"material_id": ELEMENTS["formula"]}
    )
    with pytest.raises(ConfigError, match="no formula|no column"):
        train(wrong, dataset.cache, "wrong")
