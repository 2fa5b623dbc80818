"""CECV and contributions of trained runs, from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

import matdata as md
from matdata.cli import main
from matdata.cli.json_documents import COMMON, SCHEMAS
from matdata.cli.json_schema import faults
from matdata.core.units import learnt_quantity
from matdata.evaluation import interpret
from matdata.store.tables import read_table
from matdata.training.run_lookup import find_run

pytestmark = pytest.mark.slow

pytest.importorskip("matdata_lgdcnn")

FINDER = ["width=6", "functions=32,16", "pool=4", "filters=2", "dense=8,8,8,8"]
SIZES = ["width=12", "hidden=6", "filters=12", "blocks=1"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Four tiny runs on 60 ternary and quaternary oxides."""
    folder = tmp_path_factory.mktemp("inside")
    metals = ["Li", "Na", "K", "Mg", "Ca", "Sr", "Ti", "Zr", "Fe", "Si"]
    formulas = [f"{a}{b}O{2 + k % 3}" for k, a in enumerate(metals) for b in metals if a < b]
    formulas = [*formulas, *(f"{a}SiFeO{k}" for k, a in enumerate(metals[:8], 3))]
    rows = [f"{formula},{len(formula) + 0.1 * k}" for k, formula in enumerate(formulas)]
    path = folder / "some.csv"
    path.write_text("\n".join(["formula,target", *rows]) + "\n")
    cache = folder / "cache"
    md.build(
        path,
        features=["edm", "fractions", "formula-graph"],
        split="60/20/20",
        name="some",
        cache=cache,
        workers=1,
    )
    for name in ("L-G-DCNN", "LSTM", "DCNN-K1"):
        train(cache, "lgdcnn", name, *SIZES, f"preset={name}")
    train(cache, "finder", "edges", *FINDER)
    train(cache, "rescnn", "plain", "filters=4,4,4,4", "dense=8,8,8,8")
    return cache


def train(cache, plugin, name, *settings):
    pairs = [word for setting in settings for word in ("--set", setting)]
    options = ["--epochs", "2", "--batch-size", "16", "--name", name, "--cache", str(cache)]
    assert main(["train", plugin, "some", "--target", "target", *options, *pairs, "--quiet"]) == 0


def asked(capsys, *words):
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert faults(SCHEMAS[words[0]], COMMON, record) == []
    return record


def test_cecv(cache, capsys, tmp_path):
    out = tmp_path / "out"
    references = ["--global-run", "LSTM", "--local-run", "DCNN-K1"]
    options = ["--part", "all", "--output", str(out), "--cache", str(cache)]
    record = asked(capsys, "cecv", "L-G-DCNN", *references, *options)
    assert list(record["runs"]) == ["L-G-DCNN", "LSTM", "DCNN-K1"]
    assert record["thresholds"] == [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]
    for counts in record["runs"].values():
        assert 1 <= counts[-1] <= counts[0] <= record["materials"]
    assert len({tuple(counts) for counts in record["runs"].values()}) > 1
    assert set(record["judged"]) == {"L-G-DCNN"}
    assert json.loads((out / "cecv.json").read_text())["target"] == record["target"]
    assert (out / "cecv.png").stat().st_size > 5000
    table = read_table(out / "clusters.parquet")
    assert len(table["material_id"]) == record["materials"]
    assert max(table["LSTM/0.05"]) + 1 == record["runs"]["LSTM"][0]


def test_cecv_of_compounds_with_one_element(cache, capsys, tmp_path):
    options = ["--part", "all", "--output", str(tmp_path), "--cache", str(cache), "--no-pictures"]
    every = asked(capsys, "cecv", "LSTM", *options)
    some = asked(capsys, "cecv", "LSTM", "--containing", "Si", "--thresholds", "0.1", *options)
    assert 8 <= some["materials"] < every["materials"]
    assert some["thresholds"] == [0.1]


def test_cecv_compares_what_all_runs_can_look_at(cache, capsys, tmp_path, monkeypatch):
    """Features of one run lack two materials: no run is judged by them."""
    plain = interpret.materials_of
    every = plain(find_run(cache, "LSTM"), "all")
    fewer = {"LSTM": every[2:]}
    monkeypatch.setattr(
        interpret, "materials_of", lambda run, *more: fewer.get(run.name, plain(run, *more))
    )
    options = ["--part", "all", "--output", str(tmp_path), "--cache", str(cache), "--no-pictures"]
    record = asked(capsys, "cecv", "DCNN-K1", "LSTM", *options)
    assert record["materials"] == len(every) - 2
    assert record["lost"] == {"DCNN-K1": 2}
    assert read_table(tmp_path / "clusters.parquet")["material_id"] == every[2:].tolist()
    assert main(["cecv", "DCNN-K1", "LSTM", *options]) == 0
    assert "DCNN-K1: 2 more materials" in capsys.readouterr().out
    fewer["DCNN-K1"] = every[:2]
    assert main(["cecv", "DCNN-K1", "LSTM", *options]) == 1
    assert "has the features of all of DCNN-K1, LSTM" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cecv", "plain"], "has no feature_maps"),
        (["cecv", "LSTM", "--containing", "Xe"], "no materials that contain Xe"),
        (["cecv", "LSTM", "--global-run", "LSTM"], "both"),
        (["cecv", "LSTM", "--thresholds", "a"], "expected numbers"),
        (["contributions", "plain"], "has no contributions"),
        (["contributions", "LSTM", "--along", "SiO"], "expected two elements"),
        (["contributions", "LSTM", "--along", "Si-Si"], "a binary of"),
        (["contributions", "LSTM", "--along", "Si-O", "--beside", "LSTM"], "leave one of them out"),
        (["contributions", "LSTM", "--beside", "plain"], "has no contributions"),
        (["contributions", "LSTM", "--beside", "LSTM"], "compared with itself"),
        (["contributions", "LSTM", "--along", "Si-O", "--part", "val"], "leave one of them out"),
        (["contributions", "LSTM", "--points", "9"], "those of a binary, and none is named"),
        (["edges", "LSTM", "--formula", "SrTiO3"], "the network of lgdcnn has no edge_matrices"),
        (["edges", "edges", "--formula", "SrTiO3", "--layer", "3"], "no layer 3"),
        (["edges", "edges", "--formula", "Sr?"], "Sr?"),
    ],
)
def test_what_cannot_be_looked_into(cache, capsys, words, message):
    assert main([*words, "--cache", str(cache)]) != 0
    assert message in " ".join(capsys.readouterr().err.split())


def test_mean_contributions(cache, capsys, tmp_path):
    options = ["--part", "all", "--output", str(tmp_path), "--cache", str(cache)]
    record = asked(capsys, "contributions", "L-G-DCNN", *options)
    assert "Si" in record["elements"]
    assert record["elements"]["O"]["materials"] > 40
    assert (tmp_path / "elements.png").stat().st_size > 5000


def test_contributions_to_a_logarithm_have_no_unit(cache, capsys, tmp_path):
    train(cache, "lgdcnn", "log", *SIZES, "preset=DCNN-K1", "train.normalizer=log10")
    options = ["--output", str(tmp_path), "--cache", str(cache), "--no-pictures", "--part", "all"]
    record = asked(capsys, "contributions", "log", *options)
    assert (record["target"], record["quantity"], record["unit"]) == (
        "target",
        "log10(target)",
        "1",
    )
    means = [entry["mean"] for entry in record["elements"].values()]
    assert max(means) < 2  # logarithms of targets up to 15
    assert main(["contributions", "log", *options]) == 0
    assert "mean contributions to log10(target): " in capsys.readouterr().out
    assert learnt_quantity("band_gap", "eV", "log10") == ("log10(band_gap / (eV))", "1")
    assert learnt_quantity("band_gap", "eV", "standard") == ("band_gap", "eV")


def test_differences_of_contributions_are_those_of_both_runs(cache, capsys, tmp_path):
    where = ["--part", "all", "--output", str(tmp_path), "--cache", str(cache)]
    whole, part = (asked(capsys, "contributions", n, *where) for n in ("L-G-DCNN", "LSTM"))
    record = asked(capsys, "contributions", "LSTM", "--beside", "L-G-DCNN", *where)
    assert set(record["elements"]) == set(whole["elements"])
    for name, entry in record["elements"].items():
        means = part["elements"][name]["mean"], whole["elements"][name]["mean"]
        assert (entry["mean"], entry["beside"]) == pytest.approx(means)
        assert entry["difference"] == pytest.approx(means[0] - means[1])
    assert (tmp_path / "differences.png").stat().st_size > 5000
    assert main(["contributions", "LSTM", "--beside", "L-G-DCNN", *where]) == 0
    assert "less those of L-G-DCNN, " in capsys.readouterr().out


def test_contributions_along_a_binary(cache, capsys, tmp_path):
    options = ["--output", str(tmp_path), "--cache", str(cache), "--points", "9"]
    record = asked(capsys, "contributions", "L-G-DCNN", "--along", "Si-O", *options)
    curves = {name: np.array(values) for name, values in record["curves"].items()}
    np.testing.assert_allclose(curves["x"], np.arange(1, 10) / 10)
    np.testing.assert_allclose(curves["prediction"], (curves["Si"] + curves["O"]) / 2)
    said = asked(capsys, "predict", "L-G-DCNN", "Si0.3O0.7", "--cache", str(cache))
    (row,) = said["predictions"]
    assert row["prediction_target_mean"] == pytest.approx(curves["prediction"][2], rel=1e-3)
    assert (tmp_path / "Si-O.png").stat().st_size > 5000


def test_looking_inside_opens_no_test_part(cache, capsys, tmp_path):
    asked(capsys, "cecv", "LSTM", "--output", str(tmp_path), "--cache", str(cache))
    listed = asked(capsys, "runs", "--cache", str(cache))["runs"]
    assert not any(entry["evaluated"] for entry in listed)


@pytest.mark.slow
def test_edges_are_numbers_and_heat_maps(cache, capsys, tmp_path):
    from matdata.store.tables import read_table

    options = ["--output", str(tmp_path), "--cache", str(cache)]
    formulas = ["SrTiO3", "BaTiO3", "SrTiO3"]
    record = asked(capsys, "edges", "edges", "--formula", *formulas, *options)
    assert list(record["formulas"]) == ["SrTiO3", "BaTiO3"]
    one = record["formulas"]["SrTiO3"]
    assert (one["elements"], one["atoms"]) == (["O", "Ti", "Sr"], [3, 1, 1])
    table = read_table(tmp_path / "edges.parquet")
    assert len(table["edge"]) == 18
    place = list(zip(table["formula"], table["first"], table["second"], strict=True))
    row = place.index(("SrTiO3", "O", "Sr"))
    assert table["edge"][row] == one["edges"][0][2] != one["edges"][2][0]
    for name in ("SrTiO3", "BaTiO3"):
        assert (tmp_path / f"{name}.png").stat().st_size > 2000
    first = asked(capsys, "edges", "edges", "--formula", "SrTiO3", "--layer", "1", *options)
    assert first["formulas"]["SrTiO3"]["edges"] != one["edges"]
    assert main(["edges", "edges", "--formula", "SrTiO3", "--atoms", *options]) == 0
    assert "SrTiO3" in capsys.readouterr().out


def test_edges_by_atoms_repeat_those_of_elements(cache):
    from matdata.evaluation.edges import edges_of
    from matdata.training.run_lookup import find_run

    (one,) = edges_of(find_run(cache, "edges"), ["TiO2"])
    labels, matrix = one.by_atoms()
    assert labels == ["O", "O", "Ti"]
    np.testing.assert_array_equal(matrix[[0, 1, 2], [1, 2, 2]], one.values[[0, 0, 1], [0, 1, 1]])
