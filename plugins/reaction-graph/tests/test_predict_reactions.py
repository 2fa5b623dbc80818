"""Reactions that are in no dataset, predicted from their text; also through the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import reactions

import matdata as md
from matdata.cli import main

SMALL = {
    **{"width": 16, "layers": 1, "gates": 16, "hidden": 16, "output": "32", "action_width": 8},
    **{"stoichiometry": "32,16", "scale": "log"},
}
TARGETS = [
    {"name": "formula", "objective": "multi_label"},
    {"name": "product", "objective": "element_distribution"},
]
TEXT = "2.5 BaCO3 + TiO2 @ mix heat"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predicted")
    records = [{**one, "product": one["formula"]} for one in reactions.rows(30)]
    path = reactions.write_jsonl(folder / "r.jsonl", records)
    made = md.build(path, features=["reaction"], cache=folder, name="r", workers=1, dedupe="none")
    made.split("80/20", name="main")
    loop = {"threads": 1, "batch_size": 8, "tensorboard": False, "validation": False, "epochs": 2}
    return md.train(
        *("reaction-graph", made, TARGETS),
        **{"name": "run", "split": "main", "hyper": SMALL, "train": loop, "quiet": True},
    )


@pytest.mark.slow
def test_a_text_is_predicted_as_its_row_of_a_dataset(run):
    dataset = md.open("r", cache=run.cache)
    of_dataset = md.predict(run, dataset)
    row = of_dataset.ids.tolist().index("r006")
    assert dataset["r006"]["operations"] == ["mix", "heat"]
    text = " + ".join(
        f"{one['amount'] or 1} {one['formula']}" for one in dataset["r006"]["precursors"]
    )
    for given in ([f"{text} @ mix heat"], dataset["r006"], [dataset["r006"]]):
        again = md.predict(run, given)
        np.testing.assert_allclose(again.mean[0], of_dataset.mean[row], atol=1e-6)
    with pytest.warns(md.MatdataWarning, match="melt"):
        predicted = md.predict(run, [f"{text} @ melt", TEXT])
    assert predicted.ids.tolist() == [TEXT]
    # the shares matter: the same precursors in other amounts are another reaction
    assert np.abs(predicted.mean - md.predict(run, ["BaCO3 + TiO2 @ mix heat"]).mean).max() > 1e-6


@pytest.mark.slow
def test_the_command_reads_texts_and_files(run, tmp_path, capsys):
    common = ["--cache", str(run.cache)]
    path = tmp_path / "new.csv"
    path.write_text(f"id,reaction\na,{TEXT}\nb,TiO2 +\n")
    assert main(["predict", "run", TEXT, str(path), *common]) == 0
    printed = capsys.readouterr()
    first, second = [line for line in printed.out.splitlines() if "product" in line]
    assert first.startswith(f"{TEXT}  formula ")
    assert "; all and no other: " in first
    assert second.removeprefix("a") == first.removeprefix(TEXT)
    assert "b: empty_term" in printed.err
    assert main(["predict", "run", TEXT, *common, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["run"], shown["rejects"]) == ("run", [])
    for command in (["embed", "run", TEXT, "--output", str(tmp_path / "e.csv")],
                    ["nearest", "run", TEXT, "--top", "2"]):  # fmt: skip
        assert main([*command, *common]) == 0
    capsys.readouterr()


@pytest.mark.slow
def test_an_element_of_no_training_reaction_is_refused_by_name(run, capsys):
    assert run.elements is not None
    with pytest.warns(md.MatdataWarning, match="unknown_element: .* not trained on Hs"):
        predicted = md.predict(run, ["HsO4 + BaCO3", TEXT])
    assert predicted.ids.tolist() == [TEXT]
    assert main(["predict", "run", "HsO4 + BaCO3", "--cache", str(run.cache)]) != 0
    assert "were not trained on Hs" in capsys.readouterr().err
    for one in (md.embed, md.nearest):
        with pytest.warns(md.MatdataWarning, match="Hs"):
            one(run, ["HsO4 + BaCO3", TEXT])


@pytest.mark.slow
@pytest.mark.parametrize("text", ["BaTiO3", "BaCO3 + TiO2 @ melt", "TiO2 +", "none.csv"])
def test_a_single_fault_is_an_error_before_anything_is_computed(run, text, capsys):
    assert main(["predict", "run", text, "--cache", str(run.cache)]) != 0
    assert "no reaction" in capsys.readouterr().err
