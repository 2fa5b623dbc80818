"""The recipe that scores sets of precursors on published folds."""

from __future__ import annotations

import gzip
import json

import pytest

precursor_folds = pytest.importorskip("matdata_recipes.precursor_folds")
SOURCES = {"Ba": "BaCO3", "Sr": "SrCO3", "Ca": "CaCO3", "Ti": "TiO2", "Zr": "ZrO2"}


def write_fold(path, count=40):
    made = {}
    for number in range(count):
        earth, oxide = ("Ba", "Sr", "Ca")[number % 3], ("Ti", "Zr")[number % 2]
        made[f"{earth}{1 + number}{oxide}2O9"] = [[SOURCES[earth], SOURCES[oxide]]]
    items = list(made.items())
    test = dict(
        [*items[30:], ("CuO.55Bi2O3.25B2O3", [["CuO"]]), ("Ba2Ti4O18", [["BaCO3", "TiO2"]])]
    )
    with gzip.open(path, "wt") as file:
        json.dump({"train": dict(items[:30]), "test": test}, file)
    return path


@pytest.mark.slow
def test_folds_are_scored(tmp_path, capsys):
    path = write_fold(tmp_path / "one.json.gz")
    out = tmp_path / "found.json"
    assert precursor_folds.main(["--from", str(path), "--json", str(out)]) == 0
    (fold,) = json.loads(out.read_text())["folds"]
    # an unreadable product is wrong; Ba2Ti4O18 is the composition of BaTi2O9, in the train part
    assert (fold["test"], fold["unread"], fold["new"]) == (12, 1, 10)
    assert fold["ranking"]["1"] == pytest.approx(11 / 12)
    assert fold["frequent"] == pytest.approx(11 / 12)
    assert fold["of_new"]["1"] == 1.0
    assert "mean, ranking: top 1 91.7%" in capsys.readouterr().out


def test_another_file_is_refused(tmp_path, capsys):
    path = tmp_path / "other.json.gz"
    with gzip.open(path, "wt") as file:
        json.dump([1], file)
    for name in (path, tmp_path / "absent.gz"):
        assert precursor_folds.main(["--from", str(name)]) == 1
        assert "no fold of syntheses" in capsys.readouterr().err
