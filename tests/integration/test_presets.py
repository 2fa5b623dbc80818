"""Presets: one command from files to a row of the table of results."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shlex
from pathlib import Path

import pytest
from support.crystals import many
from support.files import write_csv

from matdata.cli import main
from matdata.cli.arguments import make_parser
from matdata.cli.train import request_of
from matdata.training.run_lookup import find_run

pytestmark = pytest.mark.slow

#: Properties and models of Yang 2 and 3, and of Ihalage 2 and 4.
TABLES = 4 * 7 + 5 * 3 + 6 * 3 + 2 * 2
LEADERBOARDS = 8 * 7
#: Ihalage 1 and 3, Goodall 4.1 and 4.4, Du 1 and 2, the published optimiser, Yang figure 4.
MORE = (6 * 4 + 5 * 2) + (2 + 2 * 10 + 2 * 10 + 2) + (10 * 9 + 4 * 9) + 6 + 28 * 2 + 3 * 4
SMALL = {
    "crabnet": ("width=8", "layers=1", "heads=2", "feedforward=8", "hidden=8,8,8,8"),
    "cgcnn": ("width=8", "layers=1", "hidden=8"),
    "roost": ("layers=1", "trunk=8,8"),
}


def listing(pattern):
    """What `matdata presets` prints."""
    command = importlib.import_module("matdata_recipes.preset_command").Presets()
    return list(command.run(command.Options(pattern), None).lines())


@pytest.fixture
def train():
    return importlib.import_module("matdata_recipes.train")


@pytest.fixture
def results(train):
    return importlib.import_module("matdata_recipes.results")


def carry_out(train, cache, folder, preset, *words, plugin):
    small = [word for pair in SMALL.get(plugin, ()) for word in ("--set", pair)]
    where = ["--cache", str(cache), "--results", str(folder), "--quiet"]
    return train.main([preset, "--epochs", "1", *small, *words, *where])


def extended_files(folder: Path, shift: int = 0) -> list[str]:
    """Train, val and test of a set of figure 4 with made-up bulk moduli."""
    folder.mkdir(parents=True)
    formulas = [f"{a}{k}{b}" for a in ("Na", "K", "Li") for b in ("F", "Cl", "Br") for k in (2, 3)]
    for part, amount in (("train", 1), ("val", 2), ("test", 4)):
        rows = [f"{name}{amount},{10.0 * k + shift}" for k, name in enumerate(formulas)]
        (folder / f"{part}.csv").write_text("\n".join(["formula,target", *rows]) + "\n")
    return [str(folder / f"{part}.csv") for part in ("train", "val", "test")]


def test_the_list_names_every_preset_once_with_commands_that_can_be_typed(capsys):
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    presets = importlib.import_module("matdata_recipes.presets").PRESETS
    assert heads == list(presets)
    tables = [row.name for row in importlib.import_module("matdata_recipes.table_presets").ROWS]
    assert heads[-len(tables) :] == tables
    assert len(set(tables)) == len(tables) == TABLES + LEADERBOARDS
    heads = heads[: -len(tables)]
    assert len(set(heads)) == len(heads) == 18 * 8 + 7 + 3 * 13 + 5 + 2 + MORE
    plugins = set()
    for line in lines:
        words = shlex.split(line)
        if words[:2] == ["matdata", "train"]:
            plugins.add(request_of(make_parser().parse_args(words[1:])).plugin)
        elif words[0] == "matdata":
            make_parser().parse_args(words[1:])
        elif words[0] == "python":
            assert words[1] == "-m"
            assert importlib.util.find_spec(words[2])
    assert {"elemnet", "ogcnn", "ocrystalnet", "finder", "lgdcnn", "rf-voronoi"} <= plugins


@pytest.mark.parametrize(
    ("preset", "paper"),
    [
        ("aflow-bulk-modulus-lgdcnn", "8.221 (Du figure 4)"),
        ("oqmd-band-gap-lgdcnn-v1", "0.043 (Du figure 4)"),
        ("mp-shear-modulus-finder", "13.32 (Du figure 4)"),
        ("critexam-decomposition-enthalpy-roost", "0.067 (Du figure 4)"),
        ("aflow-thermal-expansion-crabnet", "3.85e-06 (Du figure 4)"),
        ("mp-energy-above-hull-rf-magpie", "0.126 (Du figure 4)"),
        ("ex-rf-magpie", "0.277 (Goodall 4.2)"),
        ("ex-roost-transfer", "0.219 (Goodall 4.2)"),
        ("oqmd-volume-elemnet", "-"),
        ("ocrystalnet-mp-band-gap-cgcnn", "0.388 (Yang table 2)"),
        ("ocrystalnet-mp-log-bulk-modulus-ogcnn", "0.519 (Yang table 2)"),
        ("ocrystalnet-jarvis-shear-modulus-ocrystalnet", "7.95 (Yang table 3)"),
        ("finder-mp-total-energy-megnet", "0.0344 (Ihalage table 2)"),
        ("finder-mp-log-shear-modulus-finder", "0.1028 (Ihalage table 2)"),
        ("leaderboard-mp-formation-energy-megnet", "-"),
        ("leaderboard-jarvis-bulk-modulus-cgcnn", "-"),
    ],
)
def test_values_of_papers(train, preset, paper):
    head, *commands = listing(preset)
    assert head.endswith(f"paper: {paper}")
    added = [line for line in commands if "--paper" in line]
    assert len(added) == (paper != "-")


def test_inputs_are_built_with_the_settings_that_plugins_need(train):
    built = {
        preset: next(line for line in listing(preset) if "featurize" in line)
        for preset in ("phonons-ocrystalnet", "perov5-ogcnn", "oqmd-energy-elemnet")
    }
    words = built["phonons-ocrystalnet"].split()
    assert set(words[3].split(",")) == {"ofm", "graph", "element:jarvis438"}
    assert {"graph.max_neighbours=8", "element:jarvis438.unknown=mean"} <= set(words)
    assert "graph.radius=5.0" in built["perov5-ogcnn"]
    assert "fractions.elements=86" in built["oqmd-energy-elemnet"]


def test_tables_have_the_splits_and_schedules_of_their_papers(train):
    trained = {
        preset: next(line for line in listing(preset) if "matdata train" in line).split()
        for preset in (
            "finder-mp-formation-energy-finder",
            "finder-mp-log-bulk-modulus-cgcnn",
            "leaderboard-mp-band-gap-megnet",
            "ocrystalnet-mp-formation-energy-cgcnn",
            "ocrystalnet-mp-log-shear-modulus-ogcnn",
        )
    }
    finder = trained["finder-mp-formation-energy-finder"]
    assert "70-15-15-seed0" in finder
    assert {"train.batch_size=24", "hyper.preset=paper"} <= set(finder)  # 1,200 epochs with it
    cgcnn = trained["finder-mp-log-bulk-modulus-cgcnn"]
    assert {"log-KG-70-15-15-seed0", "'log10(k_vrh)'", "train.batch_size=128"} <= set(cgcnn)
    assert "hyper.preset=xie" in cgcnn
    assert "leaderboard-megnet_gappbe" in trained["leaderboard-mp-band-gap-megnet"]
    assert "60000-4619-4620-seed0" in trained["ocrystalnet-mp-formation-energy-cgcnn"]
    moduli = trained["ocrystalnet-mp-log-shear-modulus-ogcnn"]
    assert {"KG-80-10-10-seed0", "'log10(g_vrh)'", "hyper.preset=ocrystalnet"} <= set(moduli)


def test_valence_rules_are_compared_on_the_features_of_each(train):
    ofm_valence = importlib.import_module("matdata_recipes.ofm_valence")
    preset = importlib.import_module("matdata_recipes.presets").PRESETS["phonons-ocrystalnet"]
    for rule in ofm_valence.RULES:
        featurize, fit, evaluate = ofm_valence.commands(preset, rule, 3, 1)
        assert f"ofm.valence={rule}" in featurize
        assert {f"hyper.valence={rule}", "train.seed=3", "70-15-15-seed0"} <= set(fit)
        assert evaluate[2] == f"phonons-ocrystalnet-{rule}-seed3"


def test_a_preset_whose_plugin_is_absent_is_named_and_skipped(train, monkeypatch, capsys, tmp_path):
    presets = importlib.import_module("matdata_recipes.presets")
    absent = presets.Preset("ex-absent", "ex", "absentnet")
    monkeypatch.setitem(presets.PRESETS, "ex-absent", absent)
    head, why = listing("ex-absent")
    assert head.startswith("ex-absent: absentnet on roost-expt-band-gaps")
    assert why.startswith("  skipped: unknown trainer 'absentnet'")
    assert train.main(["ex-absent", "--cache", str(tmp_path)]) == 1
    assert "unknown trainer 'absentnet'" in capsys.readouterr().err


def test_a_composition_preset_from_files_to_the_table(train, results, tmp_path, capsys):
    files = extended_files(tmp_path / "aflow__ael_bulk_modulus_vrh")
    cache, folder = tmp_path / "cache", tmp_path / "results"
    preset = "aflow-bulk-modulus-crabnet"
    assert carry_out(train, cache, folder, preset, "--from", *files, plugin="crabnet") == 0
    (found,) = results.read(folder)
    assert found["run"] == f"{preset}-seed0"
    assert found["split"]["name"] == "published"
    assert found["sizes"] == {"train": 18, "val": 18, "test": 18}
    assert found["settings"] == {"epochs": 1, "swa": 0.2}
    assert found["targets"]["target"]["paper"] == {"value": 8.692, "table": "Du figure 4"}
    capsys.readouterr()
    assert results.main(["--folder", str(folder)]) == 0
    assert "8.692 (Du figure 4)" in capsys.readouterr().out

    # again: nothing is built, trained or opened anew
    before = (cache / "runs" / found["run"] / "test.json").read_bytes()
    assert carry_out(train, cache, folder, preset, plugin="crabnet") == 0
    assert (cache / "runs" / found["run"] / "test.json").read_bytes() == before
    assert "lgdcnn_extended" not in capsys.readouterr().out


def test_a_structure_preset_and_another_seed(train, results, tmp_path, capsys):
    crystals = many(40)
    gaps = [float(k % 7) for k in range(len(crystals))]
    file = write_csv(tmp_path / "some.csv", crystals, **{"last phdos peak": gaps})
    cache, folder = tmp_path / "cache", tmp_path / "results"
    for seed, more in (("0", ["--from", str(file)]), ("1", [])):
        words = ["--seed", seed, *more]
        assert carry_out(train, cache, folder, "phonons-cgcnn", *words, plugin="cgcnn") == 0
    one, other = results.read(folder)
    assert [one["split"]["name"], other["split"]["name"]] == ["70-15-15-seed0", "70-15-15-seed1"]
    assert (one["seed"], other["seed"]) == (0, 1)
    assert not list((cache / "runs").glob("*/pictures"))
    assert "matdata split phonons --split 70/15/15 --seed 1" in capsys.readouterr().out


@pytest.mark.parametrize("preset", ["phonons-alignn", "phonons-megnet", "phonons-megnet-finder"])
def test_a_preset_of_a_structure_model_starts(train, results, tmp_path, preset):
    crystals = many(40).take([row for row in range(40) if row % 3 != 1])  # no isolated sites
    values = [float(k % 7) for k in range(len(crystals))]
    file = write_csv(tmp_path / "some.csv", crystals, **{"last phdos peak": values})
    cache, folder = tmp_path / "cache", tmp_path / "results"
    words = ["--from", str(file), "--epochs", "2"]
    assert carry_out(train, cache, folder, preset, *words, plugin=preset.split("-")[1]) == 0
    (found,) = results.read(folder)
    assert found["run"] == f"{preset}-seed0"


def test_what_is_printed_is_what_is_done(train, results, tmp_path, capsys):
    """The command of the file, typed, finds the run finished."""
    files = extended_files(tmp_path / "OQMD_Bandgap")
    cache, folder = tmp_path / "cache", tmp_path / "results"
    words = ["oqmd-band-gap-rf-magpie", "--from", *files, "--cache", str(cache), "--quiet"]
    words += ["--results", str(folder), "--set", "hyper.trees=3", "--name", "mine"]
    assert train.main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    (line,) = [line for line in printed if line.startswith("$ matdata train")]
    assert main([*shlex.split(line)[2:], "--cache", str(cache)]) == 0
    assert "run mine is finished" in capsys.readouterr().out
    assert find_run(cache, "mine").trainer.hypers.trees == 3
    assert json.loads((folder / "mine.json").read_text())["hypers"] == {"trees": 3}


def test_missing_or_unknown_items_are_reported(train, tmp_path, capsys):
    cache = ["--cache", str(tmp_path / "cache")]
    wrong = [
        (["ex-roost", *cache], "expects --from expt-non-metals.csv, got 0 files"),
        (["ex-roost-transfer", *cache, "--from", "a.csv"], "mp-non-metals.csv, got 1 files"),
        (["ex-rost", *cache], "did you mean"),
        (["nothing", *cache], "no preset 'nothing'"),
        (cache, "no preset is named"),
        (["ex-roost", *cache, "--epochs", "1", "--set", "train.epochs=2"], "given twice"),
        (["ex-roost", *cache, "--set", "epoch=2"], "unknown setting 'epoch'"),
    ]
    for words, message in wrong:
        assert train.main(words) == 1
        assert message in " ".join(capsys.readouterr().err.split())
