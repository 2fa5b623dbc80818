"""Files of results, and the table that is made of them."""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import shlex

import pytest
from support.runs import TARGET, train

import matdata as md
from matdata.cli import main


@pytest.fixture
def results():
    return importlib.import_module("matdata_recipes.results")


@pytest.fixture
def evaluated(cache):
    """Runs a and b of seeds 0 and 1 on one split, c with other settings on another."""
    train(cache, name="a")
    train(cache, "--seed", "1", name="b")
    train(cache, "--set", "hyper.width=8", "--clip", "0.5", split="other", name="c")
    for name in "abc":
        main(["evaluate", name, "--cache", str(cache), "--quiet", "--no-pictures"])
    return cache


def given(cache, folder, **more):
    values = {
        "cache": str(cache),
        "folder": folder,
        "paper": None,
        "folds": False,
        "table": None,
        **more,
    }
    return argparse.Namespace(**values)


@pytest.mark.slow
def test_runs_become_files_and_files_a_table(results, evaluated, tmp_path, capsys):
    where = ["--cache", str(evaluated), "--folder", str(tmp_path / "r")]
    assert results.main(["--add", "a", "b", *where]) == 0
    assert results.main(["--add", "c", "--paper", "0.25", "--table", "Smith 1", *where]) == 0
    capsys.readouterr()
    assert results.main(where) == 0
    out = capsys.readouterr().out
    maes = [
        json.loads((evaluated / "runs" / name / "test.json").read_text())["targets"][TARGET][
            "metrics"
        ]["mae"]
        for name in "abc"
    ]
    mean, deviation = sum(maes[:2]) / 2, abs(maes[0] - maes[1]) / 2**0.5
    (row,) = [line for line in out.splitlines() if "| 0, 1 |" in line]
    assert row.startswith(f"| example | defaults | {mean:.3f} ± {deviation:.3f} |")
    (other,) = [line for line in out.splitlines() if "0.25 (Smith 1)" in line]
    assert other.startswith(f"| example | clip=0.5, width=8 | {maes[2]:.3f} |")
    assert out.count("###") == 2, "another split is another table"


@pytest.mark.slow
def test_the_command_of_a_file_is_the_command_of_the_run(results, evaluated, tmp_path, capsys):
    """Given again, it finds the run finished: the same request, down to the digest."""
    results.add(["a", "c"], given(evaluated, tmp_path))
    for found in results.read(tmp_path):
        capsys.readouterr()
        assert main([*shlex.split(found["command"])[1:], "--cache", str(evaluated)]) == 0
        assert f"run {found['run']} is finished" in capsys.readouterr().out


@pytest.mark.slow
def test_a_row_never_mixes_test_materials(results, evaluated, tmp_path):
    results.add(["a", "b"], given(evaluated, tmp_path))
    a, b = results.read(tmp_path)
    (group,) = results.row_groups([a, b], TARGET)
    assert [[one["run"] for one in row] for row in group["rows"]] == [["a", "b"]]

    moved = copy.deepcopy(b)
    moved["targets"][TARGET]["truth_digest"] = "other"
    with pytest.raises(md.ConfigError, match="other materials or values of split 'main'"):
        results.row_groups([a, moved], TARGET)
    moved["hypers"] = {"width": 8}  # another row, of other test materials: never beside the first
    groups = results.row_groups([a, moved], TARGET)
    assert [[row[0]["run"] for row in group["rows"]] for group in groups] in (
        [["a"], ["b"]],
        [["b"], ["a"]],
    )
    with pytest.raises(md.ConfigError, match="the same training with seed 0"):
        results.row_groups([a, {**a, "run": "again"}], TARGET)


@pytest.mark.slow
def test_seeds_of_a_split_are_one_row_and_compared_on_the_same_parts(results, evaluated, tmp_path):
    results.add(["a"], given(evaluated, tmp_path))
    (a,) = results.read(tmp_path)

    def made(seed: int, model: str):
        one = copy.deepcopy(a) | {"run": f"{model}-{seed}", "seed": seed}
        one["split"] = {"name": f"80-20-seed{seed}", "digest": f"{seed}"}
        one["plugin"] = {"name": model, "version": "1"}
        one["targets"][TARGET]["truth_digest"] = f"part {seed}"
        return one

    every = [made(0, "x"), made(1, "x"), made(0, "y")]
    assert {key[2] for key in results.sections(every)} == {"80-20-seed*"}
    groups = results.row_groups(every, TARGET)
    names = [[[one["run"] for one in row] for row in group["rows"]] for group in groups]
    assert names == [[["x-0", "x-1"]], [["x-0"], ["y-0"]]]


def test_small_numbers_are_not_shown_as_nothing(results):
    assert results.mean_and_deviation([3.61e-6]) == "3.61e-06"
    assert results.mean_and_deviation([3e-6, 4e-6]) == "3.5e-06 ± 7.07e-07"
    assert results.mean_and_deviation([0.0414, 0.0436]) == "0.042 ± 0.002"
    assert (results.mean_and_deviation([0.0]), results.mean_and_deviation([])) == ("0.000", "-")


def test_what_is_not_finished_or_edited_is_refused(results, cache, tmp_path, capsys):
    where = ["--cache", str(cache), "--folder", str(tmp_path)]
    train(cache, name="a")
    assert results.main(["--add", "a", *where]) == 1
    assert "was not evaluated" in capsys.readouterr().err
    main(["evaluate", "a", "--cache", str(cache), "--quiet", "--no-pictures"])
    assert results.main(["--add", "a", "--paper", "0.2", *where]) == 1
    assert "--paper and --table go together" in capsys.readouterr().err
    assert results.main(["--add", "a", *where]) == 0
    path = tmp_path / "a.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 3'))
    assert results.main(where) == 1
    assert "does not match its own digest" in capsys.readouterr().err


def test_the_files_of_the_repository_make_a_table(results, capsys):
    assert results.main([]) == 0
    assert capsys.readouterr().out
