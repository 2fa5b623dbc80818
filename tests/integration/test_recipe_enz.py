"""The recipe of epsilon-near-zero materials: JARVIS' own files, synthetic ones, kill and resume."""

from __future__ import annotations

import csv
import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from support.crystals import caesium_chloride, rock_salt

import matdata as md
from matdata.core import elements
from matdata.core.composition import parse_formula
from matdata.training.evaluated import predictions_on_record
from matdata.training.run_lookup import find_run

pytestmark = pytest.mark.slow
SMALL = ("--grid", "0:12:61", "--batch-size", "16", "--min-pairs", "1")
PICTURES = {"kept.png", "pairs.png", "network.png"}


def entry(number, crystal, energy, hull=0.01):
    """A record of dft_3d."""
    symbols = [elements.symbols()[z] for z in crystal.numbers]
    return {
        "jid": f"JVASP-{number}",
        "atoms": {
            "lattice_mat": crystal.lattice.tolist(),
            "coords": crystal.frac_coords.tolist(),
            "elements": symbols,
            "cartesian": False,
        },
        "optb88vdw_total_energy": energy,
        "ehull": hull,
    }


def page(energies, eps):
    """A page of the database: components in one line each, quoted."""
    shown = [f"<energies>'{','.join(map(repr, energies.tolist()))}'</energies>"]
    for part, values in (("real", eps.real), ("imag", eps.imag)):
        for k in range(1, 7):
            text = ",".join(map(repr, (k * values).tolist()))
            shown.append(f"<{part}_{k}>'{text}'</{part}_{k}>")
    return (
        "<basic_info><main_optics_semilocal><main_optics_info>"
        f"{''.join(shown)}</main_optics_info></main_optics_semilocal></basic_info>"
    )


def vasprun(energies, eps):
    """What VASP writes with LOPTICS: a row per energy with six components."""

    def part(values):
        rows = "".join(
            f"<r> {e!r} {' '.join(repr(k * v) for k in range(1, 7))} </r>"
            for e, v in zip(energies.tolist(), values.tolist(), strict=True)
        )
        return f"<array><set>{rows}</set></array>"

    return (
        "<modeling><calculation><dielectricfunction>"
        f"<imag>{part(eps.imag)}</imag><real>{part(eps.real)}</real>"
        "</dielectricfunction></calculation></modeling>"
    )


@pytest.fixture
def jarvis(tmp_path):
    """Twelve salts with spectra in both formats on grids of their own, and others without use."""
    oscillators = importlib.import_module("matdata_recipes.oscillators")
    folder = tmp_path / "xml"
    folder.mkdir()
    salts = [f"{a}{b}" for a in ("Li", "Na", "K", "Rb") for b in ("F", "Cl", "Br")]
    records, truth = [], {}
    for number, formula in enumerate(salts, start=1):
        a, b = parse_formula(formula)
        name = f"JVASP-{number}"
        records.append(entry(number, rock_salt(5.0, a, b), -1.0))
        eps = oscillators.oscillators_of([parse_formula(formula)])
        energies = np.linspace(0.0, 15.0 + number, 400 + 7 * number)
        values = eps.dielectric(energies)[0]
        text = page(energies, values) if number % 2 else vasprun(energies, values)
        (folder / f"{name}.xml").write_text(text)
        truth[name] = (energies, values)
    records.append(entry(20, caesium_chloride(3.0, 11, 9), -0.5))  # NaF again, less stable
    (folder / "JVASP-20.xml").write_text(page(*truth["JVASP-4"]))
    records += [entry(21, rock_salt(5.0, 14, 14), -1.0), entry(22, rock_salt(5.0, 10, 9), -1.0)]
    records += [entry(23, rock_salt(4.2, 12, 8), -1.0), entry(24, rock_salt(4.8, 20, 8), -1.0)]
    short = truth["JVASP-1"][0] < 10.0
    for number in (21, 22):
        (folder / f"JVASP-{number}.xml").write_text(page(*truth["JVASP-1"]))
    (folder / "JVASP-23.xml").write_text(page(*(one[short] for one in truth["JVASP-1"])))
    file = tmp_path / "dft_3d.json"
    file.write_text(json.dumps(records))
    return file, folder, truth


def test_the_pipeline_runs_from_the_files_of_jarvis(jarvis, tmp_path, capsys):
    file, folder, truth = jarvis
    recipe = importlib.import_module("matdata_recipes.finder_enz")
    out, cache = tmp_path / "enz", tmp_path / "cache"
    words = ["--from", file, "--optics", folder, "--folder", out, "--cache", cache, "--epochs", 2]
    words += ["--component", "yy"]
    assert recipe.main([*map(str, words), *SMALL]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert "SYNTHETIC" not in printed
    dataset = md.open("dielectric", cache=cache)
    assert sorted(dataset.table.formula).count("NaF") == 1  # the more stable polymorph
    assert "JVASP-20" not in dataset.ids
    assert set(dataset.ids) == {*truth, "JVASP-23"}  # no element, no noble gas, all with spectra
    _, grid, spectra = dataset.spectra("eps_re_yy")
    for name, (energies, values) in truth.items():
        expected = np.interp(grid, energies, 2 * values.real)
        own = spectra[dataset.ids.tolist().index(name)]
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-6)
    held = spectra[dataset.ids.tolist().index("JVASP-23")]
    assert held[-1] == held[-5] != held[-15]
    for style in ("light", "dark"):
        assert {path.name for path in (out / f"pictures-{style}").iterdir()} > PICTURES
    assert json.loads((out / "plasma_edges.json").read_text())["materials"] == 1


def test_two_models_are_drawn_with_the_true_functions(tmp_path, capsys):
    recipe = importlib.import_module("matdata_recipes.finder_enz")
    out, cache = tmp_path / "enz", tmp_path / "cache"
    words = ["--stand-in", 40, "--epochs", 1, "--beside", "rescnn", "--folder", out]
    words += ["--cache", cache, "--grid", "0:12:13", "--batch-size", 16, "--min-pairs", 1]
    assert recipe.main([*map(str, words)]) == 0, capsys.readouterr().err
    runs = {
        (model, part): md.open_run(f"synthetic-dielectric-{name}{part}", cache=cache)
        for model, name in (("Finder", ""), ("ResCNN", "rescnn-"))
        for part in ("re", "im")
    }
    assert len({run.manifest["split"]["name"] for run in runs.values()}) == 1
    beside = json.loads((out / "beside.json").read_text())
    shown = beside["shown"]
    assert list(shown) == ["figure-6a", "figure-6b"]
    for style in ("light", "dark"):
        drawn = {path.name for path in (out / f"pictures-{style}").iterdir()}
        assert drawn > {"figure-6a.png", "figure-6b.png"}
    for (model, part), run in runs.items():
        table = predictions_on_record(find_run(cache, run.name))
        truth = np.array(table[f"truth_eps_{part}_xx"])
        errors = np.abs(np.array(table[f"prediction_eps_{part}_xx_mean"]) - truth)
        assert beside["mae_of_test_part"][part][model] == pytest.approx(errors.mean())
        for one in shown.values():
            row = table["material_id"].index(one["material_id"])
            assert one["mae"][part][model] == pytest.approx(errors[row].mean())
    assert beside["materials"] == len(errors) == 4
    found = beside["mae_of_test_part"]
    assert found["re"]["Finder"] != found["re"]["ResCNN"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name a JARVIS set"),
        (("--stand-in", "9", "--from", "x"), "name a JARVIS set"),
        (("--from", "x"), "needs --optics DIR"),
        (("--stand-in", "9", "--grid", "0:30"), "is no grid"),
        (("--stand-in", "9", "--grid", "3:1:5"), "does not rise"),
        (("--stand-in", "99999"), "10,416 compositions"),
    ],
)
def test_arguments_without_meaning_are_refused(words, message, tmp_path, capsys):
    recipe = importlib.import_module("matdata_recipes.finder_enz")
    assert recipe.main([*words, "--folder", str(tmp_path), "--cache", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_a_component_that_does_not_exist_is_refused(jarvis, tmp_path, capsys):
    file, folder, _ = jarvis
    recipe = importlib.import_module("matdata_recipes.finder_enz")
    words = ["--from", file, "--optics", folder, "--folder", tmp_path, "--cache", tmp_path]
    assert recipe.main([*map(str, words), "--component", "qq"]) != 0
    assert "qq" in capsys.readouterr().err


def started(tmp_path, name):
    words = ("--stand-in", "160", "--epochs", "8", "--folder", str(tmp_path / name / "enz"),
             "--cache", str(tmp_path / name / "cache"), *SMALL)  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "matdata_recipes.finder_enz", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ),
    )  # fmt: skip


def finished(tmp_path, name):
    """What a recipe that ends leaves: its table, its edges, digests of weights."""
    process = started(tmp_path, name)
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    folder, cache = tmp_path / name / "enz", tmp_path / name / "cache"
    weights = [
        md.open_run(f"synthetic-dielectric-{part}", cache=cache).weights_digest()
        for part in ("re", "im")
    ]
    edges = json.loads((folder / "plasma_edges.json").read_text())
    with open(folder / "enz.csv") as file:
        table = list(csv.DictReader(file))
    return printed, weights, edges, table


def test_a_killed_pipeline_goes_on_and_ends_the_same(tmp_path):
    process = started(tmp_path, "killed")
    lines = iter(process.stdout.readline, "")
    assert any("--name synthetic-dielectric-im" in line for line in lines)
    assert any("epoch 3:" in line for line in lines)
    process.kill()
    process.wait(timeout=60)
    assert not (tmp_path / "killed" / "enz" / "enz.csv").exists()
    printed, weights, edges, table = finished(tmp_path, "killed")
    whole, weights_of_whole, edges_of_whole, table_of_whole = finished(tmp_path, "whole")
    assert "epoch 1:" not in printed.partition("--name synthetic-dielectric-im")[0]
    assert "epoch 1:" in whole.partition("--name synthetic-dielectric-im")[0]
    assert weights == weights_of_whole
    assert table == table_of_whole
    assert edges == edges_of_whole
    assert "SYNTHETIC" in whole
    assert edges["materials"] == 16
