"""Figures of the papers that are read from trained runs, on small stand-ins."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pytest
from matdata_recipes.reproduce import analyses, of_runs
from matdata_recipes.reproduce.registry import find

import matdata as md
from matdata.cli import main
from matdata.core.console import SILENT
from matdata.core.errors import TrainError
from matdata.evaluation.reached import member_errors
from matdata.training.logs import read_log
from matdata.training.predict import normalizer_of


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def carried(item, files, tmp_path, capsys, *more):
    words = ["reproduce", item, "--from", *files, "--scale", "small", *more]
    words += ["--cache", str(tmp_path / "c"), "--report", str(tmp_path / "r"), "--json"]
    code = main(words)
    told = capsys.readouterr()
    assert code == 0, told.err
    return json.loads(told.out)["items"][0], told


@pytest.mark.slow
def test_errors_of_members_while_training(tmp_path, capsys):
    formulas = [f"{a}{k}{b}" for a in ("Mg", "Ca", "Sr", "Zn") for b in "OS" for k in (1, 2, 3)]
    rows = [(n, name, 0.5 + 0.1 * (n % 9)) for n, name in enumerate(formulas)]
    gaps = write(tmp_path / "expt-non-metals.csv", ("id", "composition", "Eg"), rows)
    item, _ = carried("goodall:figure-4.6", [gaps], tmp_path, capsys, "--only", "ex-watched-roost")
    assert item["status"] == "drawn"
    assert {"figure-4.6-dark.png", "figure-4.6-light.png"} <= {
        path.name for path in (tmp_path / "r" / "pictures").iterdir()
    }
    run = md.open_run("ex-watched-roost-seed0", cache=tmp_path / "c" / "recipes" / "small")
    quantity, _, epochs, errors = member_errors(run)
    assert (quantity, epochs, len(errors)) == ("Eg", [1, 2], 2)
    scale = float(normalizer_of(run).scale[0])
    last = read_log(run.folder)[-1]
    assert [own[-1] for own in errors] == [scale * one[0] for one in last["by_target"]]
    assert np.mean([own[-1] for own in errors]) == pytest.approx(scale * last["val_error"])
    assert not (run.folder / "test-opened.json").exists()


@pytest.mark.slow
def test_pairs_of_elements_of_the_compounds_that_a_fusion_mends(tmp_path, capsys):
    random = np.random.default_rng(0)
    metals, others = ("Mg", "Ca", "Sr", "Ba", "Zn"), ("O", "S", "Se", "F", "Cl")
    names = [f"{a}{n}Si1{b}3" for a, b, n in itertools.product(metals, others, (1, 2))]
    random.shuffle(names)
    folder, files = tmp_path / "OQMD_Bandgap", []
    for part, some in (("train", names[:24]), ("val", names[24:32]), ("test", names[32:])):
        rows = [(name, float(random.random())) for name in some]
        files.append(write(folder / f"{part}.csv", ("formula", "target"), rows))
    item, _ = carried("lgdcnn:figure-12", files, tmp_path, capsys)
    (number,) = (one for one in item["numbers"] if one["label"].startswith("most of the pairs"))
    assert number["ours"] in (0.0, 1.0)
    assert (tmp_path / "r" / "pictures" / "figure-12-light.png").is_file()


def test_crystals_of_a_name_are_found_by_their_composition(tmp_path):
    rows = [
        (f"m{n}", f"Mn{n}O{n + 1}", 0.1 * n, "val" if n > 20 else "train") for n in range(1, 25)
    ]
    rows += [("a", "Mn2O7", 2.0, "test"), ("b", "Mn4O14", 3.0, "test"), ("c", "MnO2", 1.0, "test")]
    file = write(tmp_path / "t.csv", ("id", "composition", "log10(k)", "part"), rows)
    data = md.build(file, cache=tmp_path / "c", name="t", dedupe="none", features=["magpie"],
                    workers=1, quiet=True)  # fmt: skip
    data.split(method="fixed", set={"column": "part"}, name="s")
    run = md.train("linear", data, "log10(k)", split="s", quiet=True)
    asked = analyses.Asked(find("ocrystalnet:figure-5c-d"), (), tmp_path, None, SILENT)
    with pytest.raises(TrainError, match="was not evaluated"):
        of_runs._of_crystal(asked, run, "Mn2O7", "k", 1.74)
    md.evaluate(run)
    checks = of_runs._of_crystal(asked, run, "Mn2O7", "k", 1.74)
    assert [check.what for check in checks] == ["Mn2O7 (a), k", "Mn2O7 (b), k"]
    own = md.predict(run, ["Mn2O7"]).mean[0, 0]
    assert [check.ours for check in checks] == pytest.approx([10.0**own] * 2), "of the logarithm"
    (absent,) = of_runs._of_crystal(asked, run, "Si3NiP4", "k", None)
    assert absent.ours is None
