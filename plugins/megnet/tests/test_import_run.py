"""Weights of matgl as runs: `matdata import-run matgl:FOLDER`, `md.import_run`."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from support.crystals import cubic, few, to_crystals
from support.matgl_weights import imported, structures_known, structures_of, write_folder

import matdata as md
from matdata.cli import main
from matdata.plugin import ConfigError, StoreError, TrainError


def test_an_element_that_weights_do_not_know_is_a_reject(folder, tmp_path):
    run = imported(folder, tmp_path)
    with pytest.warns(md.MatdataWarning, match="unknown_element"):
        found = md.predict(run, few())
    assert found.ids.tolist() == ["nacl", "sto", "cscl"]
    (reject,) = found.rejects
    assert (reject.material_id, reject.reason) == ("po", "unknown_element")
    assert "Po" in reject.message
    with pytest.raises(md.FeatureError, match="not trained on Po"):
        md.predict(run, few().take([3]))


def test_an_isolated_atom_is_a_reject(folder, tmp_path):
    run = imported(folder, tmp_path)
    lonely = to_crystals(["far", "near"], [cubic(9.0, [11], [[0, 0, 0]]),
                                           cubic(3.0, [11], [[0, 0, 0]])])  # fmt: skip
    with pytest.warns(md.MatdataWarning, match="isolated_atom"):
        assert md.predict(run, lonely).ids.tolist() == ["near"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A dataset of which one material has an element that matgl does not know."""
    rows = [structures_of(few())[3], *structures_known()]
    table = {
        "structure": rows,
        "gap": [0.1 * number for number in range(len(rows))],
        "mass": [1.0 + number for number in range(len(rows))],
    }
    made = md.build(
        pd.DataFrame(table),
        target=["gap", "mass"],
        unit={"gap": "eV", "mass": "u"},
        name="few",
        cache=tmp_path_factory.mktemp("imported"),
        workers=1,
        features=["graph"],
        set={"graph": {"radius": 4, "max_neighbours": 0}},
        dedupe="none",
    )
    made.split("60/20/20", name="thirds")
    return made


def test_a_dataset_is_predicted_but_for_unknown_elements(dataset, folder):
    run = imported(folder, dataset.cache, "predicts")
    with pytest.warns(md.MatdataWarning, match="unknown_element"):
        found = md.predict(run, dataset)
    assert len(found) == len(dataset.ids) - 1
    assert [reject.reason for reject in found.rejects] == ["unknown_element"]


def test_a_run_with_a_dataset_is_scored_on_its_test_part(dataset, folder, capsys):
    run = imported(folder, dataset.cache, "scored", target="gap", dataset=dataset, split="thirds")
    record = md.evaluate(run)
    with pytest.warns(md.MatdataWarning, match="unknown_element"):
        found = md.predict(run, dataset, batch_size=4)
    predicted = pd.Series(found.mean[:, 0], index=found.ids)
    test = [name for name in dataset.split("thirds")["test"] if name in predicted.index]
    errors = (predicted[test] - dataset.table["gap"][test]).abs()
    assert record["targets"]["gap"]["metrics"]["mae"] == pytest.approx(errors.mean(), rel=1e-5)
    assert record["test"]["predicted"] == len(test)
    assert main(["runs", "scored", "--cache", str(dataset.cache)]) == 0
    assert "scored" in capsys.readouterr().out


def test_the_unit_of_a_column_must_be_that_of_the_weights(dataset, folder):
    with pytest.raises(ConfigError, match="has the unit"):
        imported(folder, dataset.cache, "mass", target="mass", dataset=dataset, split="thirds")


def test_what_needs_a_dataset_is_refused(folder, tmp_path):
    run = imported(folder, tmp_path)
    assert run.finished
    with pytest.raises(TrainError, match="has no dataset: its weights were imported"):
        md.evaluate(run)
    with pytest.raises(TrainError, match="was not evaluated"):
        run.plot.parity()
    (listed,) = md.runs(cache=tmp_path).runs
    assert (listed["dataset"], listed["split"], listed["imported"]) == (None, None, "matgl")
    assert "imported" in listed["unranked"]
    assert "imported by matgl" in run._repr_html_()


def test_housekeeping_and_sharing_know_such_runs(folder, tmp_path):
    imported(folder, tmp_path)
    with pytest.raises(StoreError, match="has no dataset: its weights were imported"):
        md.push("runs/given", str(tmp_path / "shelf"), cache=tmp_path)
    assert [path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()] == ["given"]
    md.gc(keep=1, cache=tmp_path, dry_run=True)
    md.rm("runs/given", cache=tmp_path)
    assert not (tmp_path / "runs" / "given").exists()


@pytest.mark.slow
def test_the_same_import_is_found_and_another_is_refused(folder, tmp_path):
    first = imported(folder, tmp_path)
    weights = first.weights_digest()
    assert not first.unchanged
    assert imported(folder, tmp_path).unchanged
    write_folder(folder, niters_set2set=3)
    with pytest.raises(TrainError, match="there is a run 'given' of something else"):
        imported(folder, tmp_path)
    assert md.open_run("given", tmp_path).weights_digest() == weights
    assert not md.verify(cache=tmp_path).faults


def test_a_killed_import_goes_on(folder, tmp_path):
    whole = imported(folder, tmp_path / "whole").weights_digest()
    run = imported(folder, tmp_path)
    for lost in ((), ("normalizer.json",), ("normalizer.json", "best.safetensors")):
        for name in ("result.json", *lost):  # the result is what is written last
            (run.folder / name).unlink()
        again = imported(folder, tmp_path)
        assert again.finished
        assert again.weights_digest() == whole
    assert not md.verify(cache=tmp_path).faults


@pytest.mark.slow
def test_a_training_begins_with_imported_weights(dataset, folder):
    run = imported(folder, dataset.cache, "parent")
    hypers = run.manifest["hypers"]
    child = md.train("megnet", dataset, "gap", split="thirds", from_run="parent", name="child",
                     epochs=1, hyper=hypers, train={"lr": 0.0, "batch_size": 4, "threads": 1},
                     keep_normalizer=True, quiet=True)  # fmt: skip
    before, after = run.weights(), child.weights()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_the_command_prints_what_it_made(folder, tmp_path, capsys):
    command = ["import-run", f"matgl:{folder}", "--name", "mine", "--cache", str(tmp_path)]
    assert main([*command, "--target", "gap", "--unit", "eV", "--licence", "MIT", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["run"], document["plugin"]) == ("mine", "megnet")
    assert (document["target"], document["unit"]) == ("gap", "eV")
    assert document["imported"]["licence"] == "MIT"
    assert len(document["elements"]) == 89
    assert main([*command, "--target", "gap", "--unit", "eV", "--licence", "MIT"]) == 0
    assert "unchanged" in capsys.readouterr().out


def test_a_list_of_elements_in_any_order_is_read_by_element(tmp_path):
    """Rows of the embedding go by the list, not by atomic number."""
    for name, elements in (("up", ["H", "O", "Na", "Cl"]), ("down", ["Cl", "Na", "O", "H"])):
        tensors = write_folder(tmp_path / name, element_types=elements)
        run = imported(tmp_path / name, tmp_path, name)
        table = run.weights()["embedding.weight"][0]
        rows = tensors["model.embedding.layer_node_embedding.weight"]
        np.testing.assert_array_equal(table[[1, 8, 11, 17]], rows if name == "up" else rows[::-1])
        assert run.elements == (1, 8, 11, 17)


def test_importers_are_listed_as_plugins(capsys):
    assert main(["plugins", "matgl", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["importers"]
    assert listed["kind"] == "importer"
    assert "MEGNet" in listed["summary"]
