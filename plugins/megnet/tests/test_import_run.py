"""Weights of matgl as runs: `matdata import-run matgl:FOLDER`, `md.import_run`."""

from __future__ import annotations

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from matdata_megnet.matgl import PREFIX, of_leaving_edges
from safetensors.numpy import load_file, save_file
from support.crystals import cubic, few, many, real, to_crystals
from support.matgl_weights import (
    DEVIATION,
    MEAN,
    arguments,
    described,
    graphs_of,
    matgl_megnet,
    structures_of,
    write_folder,
)

import matdata as md
from matdata.cli import main
from matdata.plugin import ConfigError, StoreError, TrainError

NAMED = {"target": "gap", "unit": "eV"}
PUBLISHED = "weights/megnet-mp-2018.6.1-eform"
EDGE = "model.blocks.0.conv.edge_func.layers.0.weight"


@pytest.fixture
def folder(tmp_path):
    write_folder(tmp_path / "weights")
    return tmp_path / "weights"


def imported(folder, cache, name="given", **options):
    return md.import_run(f"matgl:{folder}", name, cache=cache, **{**NAMED, **options})


def known() -> list:
    """Structures of elements that matgl knows, each site with neighbours."""
    others = many(12)
    others = others.take([row for row in range(12) if row % 3 != 1])  # wide CsCl cells
    return structures_of(few().take([0, 1, 2])) + structures_of(others)


def by_matgl(theirs, structures, mean, deviation):
    """What matgl itself predicts, one structure after another."""
    with torch.no_grad():
        outputs = [theirs(graphs_of([one], theirs), torch.zeros(1, 2)) for one in structures]
    return np.array([float(one) * deviation + mean for one in outputs])


@pytest.mark.slow
def test_predictions_are_those_of_matgl(tmp_path):
    pytest.importorskip("matgl", reason="uv sync --group bench")
    tensors = write_folder(tmp_path / "weights")
    run = imported(tmp_path / "weights", tmp_path)
    theirs = matgl_megnet(arguments(), tensors)
    expected = by_matgl(theirs, known(), MEAN, DEVIATION)
    found = md.predict(run, known())
    np.testing.assert_allclose(found.mean[:, 0], expected, rtol=0, atol=1e-5)
    assert np.ptp(expected) > 1e-3


@pytest.mark.slow
@pytest.mark.real_data
def test_published_weights_predict_as_in_matgl(tmp_path):
    """Their edges entered a site: matgl 4.1.2 agrees once it reads their ends the other way."""
    pytest.importorskip("matgl", reason="uv sync --group bench")
    place = real(PUBLISHED)
    run = md.import_run(f"matgl:{place}", "published", cache=tmp_path)
    given = json.loads((place / "model.json").read_text())["kwargs"]["model"]["init_args"]
    tensors = load_file(place / "state.safetensors")
    plain = {name.removeprefix(PREFIX): value for name, value in tensors.items()}
    turned = {PREFIX + name: value for name, value in of_leaving_edges(plain).items()}
    scale = run.imported["mean"], run.imported["standard_deviation"]
    expected = by_matgl(matgl_megnet(given, turned), known(), *scale)
    found = md.predict(run, known()).mean[:, 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.abs(by_matgl(matgl_megnet(given, tensors), known(), *scale) - found).max() > 0.05


@pytest.mark.slow
@pytest.mark.real_data
def test_published_weights_have_the_error_that_their_authors_report(tmp_path, capsys):
    """Real entries that the weights learnt too, against the energies of 2018 and of today."""
    from pymatgen.core import Structure

    with zipfile.ZipFile(real("splits/megnet_e_form.json.zip")) as archive:
        parts = json.loads(archive.read("megnet_e_form.json"))
    learnt = {name: float(value) for part in parts.values() for name, value in part.items()}
    with gzip.open(real("hull/Li-Co-Ni-O.json.gz"), "rt") as file:
        entries = json.load(file)
    shared = [one for one in entries if one["data"]["material_id"] in learnt]
    run = md.import_run(f"matgl:{real(PUBLISHED)}", "published", cache=tmp_path)
    structures = {e["data"]["material_id"]: Structure.from_dict(e["structure"]) for e in shared}
    found = md.predict(run, structures)
    today = {e["data"]["material_id"]: e["e_form_per_atom"] for e in shared}
    errors = {
        scheme: float(np.mean([abs(energies[name] - mean) for name, mean in
                               zip(found.ids.tolist(), found.mean[:, 0], strict=True)]))
        for scheme, energies in (("2018", learnt), ("MP2020", today))
    }  # fmt: skip
    with capsys.disabled():
        shown = ", ".join(f"{error:.4f} against {scheme}" for scheme, error in errors.items())
        print(f"\nmean absolute error of {len(found)} Li-Co-Ni-O entries, eV/atom: {shown}")
    assert len(found) > 100
    assert errors["2018"] < 0.03  # 0.028 of their test part
    assert errors["2018"] < errors["MP2020"] / 3


@pytest.mark.real_data
def test_the_manifest_says_where_weights_come_from(tmp_path):
    run = md.import_run(f"matgl:{real(PUBLISHED)}", "published", cache=tmp_path)
    (target,) = run.schema.targets
    assert (target.name, target.unit) == ("formation_energy_per_atom", "eV/atom")
    assert run.imported["importer"] == "matgl"
    assert run.imported["licence"] == "BSD-3-Clause"
    assert "3564 (2019)" in run.imported["citation"]
    assert (run.imported["mean"], run.imported["standard_deviation"]) == (-1.65459073, 1.07266128)
    assert len(run.elements) == 89
    assert not {84, 85, 86, 87, 88} & set(run.elements)
    assert set(run.imported["files"]) == {"model.json", "state.safetensors"}
    assert run.manifest["dataset"] is run.manifest["split"] is None


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
    rows = [structures_of(few())[3], *known()]
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


def test_weights_of_unknown_meaning_need_a_target_and_its_unit(folder, tmp_path):
    for options, text in (({}, "what the weights predict"), ({"target": "gap"}, "the unit of gap")):
        with pytest.raises(ConfigError, match=text):
            md.import_run(f"matgl:{folder}", "mine", cache=tmp_path, **options)
    with pytest.raises(ConfigError, match="no unit"):
        imported(folder, tmp_path, unit="parsecs per fortnight")


@pytest.mark.parametrize(
    ("change", "there", "wanted"),
    [
        (lambda t: {**t, EDGE: t[EDGE][:, :24].copy()}, "[16, 24]", "[16, 32]"),
        (lambda t: {k: v for k, v in t.items() if k != EDGE}, "absent", "[16, 32]"),
        (lambda t: {**t, "model.extra": np.zeros(3, np.float32)}, "[3]", "absent"),
    ],
)
def test_tensors_of_another_architecture_are_named(folder, tmp_path, change, there, wanted):
    path = folder / "state.safetensors"
    save_file(change(load_file(path)), path)
    with pytest.raises(TrainError) as caught:
        imported(folder, tmp_path)
    name = "model.extra" if wanted == "absent" else EDGE
    assert f"tensor {name} is {there}; model.json asks for {wanted}" in caught.value.what
    assert "architecture" in caught.value.cause


def test_another_list_of_elements_is_named(folder, tmp_path):
    given = described(arguments(element_types=["H", "O", "Si"]))
    (folder / "model.json").write_text(json.dumps(given))
    with pytest.raises(TrainError) as caught:
        imported(folder, tmp_path)
    assert "layer_node_embedding.weight is [89, 8]; model.json asks for [3, 8]" in caught.value.what
    assert "list of elements" in caught.value.cause


def test_a_list_of_elements_in_any_order_is_read_by_element(tmp_path):
    """Rows of the embedding go by the list, not by atomic number."""
    for name, elements in (("up", ["H", "O", "Na", "Cl"]), ("down", ["Cl", "Na", "O", "H"])):
        tensors = write_folder(tmp_path / name, element_types=elements)
        run = imported(tmp_path / name, tmp_path, name)
        table = run.weights()["embedding.weight"][0]
        rows = tensors["model.embedding.layer_node_embedding.weight"]
        np.testing.assert_array_equal(table[[1, 8, 11, 17]], rows if name == "up" else rows[::-1])
        assert run.elements == (1, 8, 11, 17)


def edited(**changed):
    def edit(folder):
        (folder / "model.json").write_text(json.dumps(described(arguments(**changed))))

    return edit


def wrapped(change):
    def edit(folder):
        content = described(arguments())
        change(content)
        (folder / "model.json").write_text(json.dumps(content))

    return edit


def with_tensor(name, value):
    def edit(folder):
        path = folder / "state.safetensors"
        save_file({**load_file(path), name: value}, path)

    return edit


BAD = {
    "no folder": (lambda f: (f / "model.json").unlink(), StoreError, "cannot be read"),
    "no tensors": (lambda f: (f / "state.safetensors").unlink(), StoreError, "cannot be read"),
    "no json": (lambda f: (f / "model.json").write_text("{"), StoreError, "is damaged"),
    "deep json": (lambda f: (f / "model.json").write_text("[" * 100_000), StoreError, "damaged"),
    "large json": (lambda f: (f / "model.json").write_text(" " * (2 << 20)), StoreError, "bytes"),
    "cut": (lambda f: (f / "state.safetensors").write_bytes(b"\x08" * 40), StoreError, "damaged"),
    "another class": (
        wrapped(lambda c: c["kwargs"]["model"].update({"@class": "M3GNet"})),
        TrainError,
        "TransformedTargetModel of M3GNet; expected TransformedTargetModel of MEGNet",
    ),
    "no wrapper": (
        wrapped(lambda c: c.update({"@class": "MEGNet", "kwargs": None})),
        TrainError,
        "describes MEGNet of None",
    ),
    "no scale": (
        wrapped(lambda c: c["kwargs"].update(target_transformer="LogTransformer")),
        TrainError,
        "normalises its target by 'LogTransformer'",
    ),
    "no deviation": (
        wrapped(lambda c: c["kwargs"].update(target_transformer="Normalizer: Mean=1, Std: 0.0")),
        TrainError,
        "mean and standard deviation",
    ),
    "activation": (edited(activation_type="swish"), TrainError, "activation_type is 'swish'"),
    "state": (edited(ntypes_state=4), TrainError, "ntypes_state is 4"),
    "argument": (edited(sharpness=2), TrainError, "unknown argument 'sharpness'"),
    "width": (edited(gauss_width=0.0), TrainError, "sizes of the weights cannot be used"),
    "sizes": (edited(hidden_layer_sizes_conv="wide"), TrainError, "cannot be used"),
    "element": (edited(element_types=["H", "H"]), TrainError, "names an element twice"),
    "not finite": (
        with_tensor("model.node_s2s.lstm.bias_hh_l0", np.full(32, np.nan, np.float32)),
        TrainError,
        "node_s2s.lstm.bias_hh is not a finite number",
    ),
    "centres": (
        with_tensor("model.bond_expansion.rbf.centers", np.linspace(0, 7, 12, dtype=np.float32)),
        TrainError,
        "is not 0 to 5 Å in even steps",
    ),
}


@pytest.mark.parametrize("edit, error, text", BAD.values(), ids=BAD)  # noqa: PT006
def test_what_cannot_be_imported_is_refused(folder, tmp_path, edit, error, text):
    edit(folder)
    with pytest.raises(error) as caught:
        imported(folder, tmp_path)
    assert text in caught.value.what
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("weights", "names no importer; expected IMPORTER:PLACE"),
        ("matgl:", "names no importer"),
        ("matgll:weights", "unknown importer 'matgll' (did you mean 'matgl'?)"),
    ],
)
def test_a_source_that_names_no_importer_is_refused(tmp_path, source, text):
    with pytest.raises(ConfigError) as caught:
        md.import_run(source, "mine", cache=tmp_path)
    assert text in caught.value.what


def test_importers_are_listed_as_plugins(capsys):
    assert main(["plugins", "matgl", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["importers"]
    assert listed["kind"] == "importer"
    assert "MEGNet" in listed["summary"]
