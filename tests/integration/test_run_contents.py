"""Every reader of a run checks that its files are those of its training."""

from __future__ import annotations

import json
import shutil

import pytest
from support.runs import TARGET, train

import matdata as md
from matdata.checks import runs as checks
from matdata.checks.report import Report
from matdata.cli import main
from matdata.core.errors import StoreError
from matdata.store.safetensors import read_tensors
from matdata.training.contents import BEST, LAST


def check_run(folder):
    report = Report()
    checks.check_run(folder, report)
    return [str(fault) for fault in report.faults]


@pytest.fixture
def runs(cache):
    """Finished runs `a` and `b`, which differ in the seed."""
    assert train(cache) == 0
    assert train(cache, "--seed", "7", name="b") == 0
    return cache / "runs"


def predict(cache, name="a"):
    return main(["predict", name, "NaCl", "--cache", str(cache), "--quiet"])


@pytest.mark.parametrize("file", [BEST, "normalizer.json", "manifest.json"])
def test_files_of_another_run_are_read_by_nobody(cache, runs, capsys, file):
    shutil.copy(runs / "b" / file, runs / "a" / file)
    commands = [
        ["predict", "a", "NaCl"],
        ["predict", "a", "s"],
        ["evaluate", "a"],
        ["runs", "a"],
        ["edges", "a", "--formula", "NaCl"],
        ["cecv", "a"],
        ["contributions", "a"],
        f"train example s --target {TARGET} --split main --name c --from-run a".split(),
    ]
    for command in commands:
        assert main([*command, "--cache", str(cache), "--quiet"]) == 1
        told = capsys.readouterr().err
        assert f"{runs / 'a' / file} is not the one that the training of run 'a' ended with" in told
    if file != "manifest.json":
        assert train(cache) == 1
    assert not (runs / "a" / "test-opened.json").exists()
    with pytest.raises(StoreError, match="a file of another run"):
        md.open_run("a", cache)
    capsys.readouterr()
    assert main(["runs", "--cache", str(cache)]) == 0
    assert "a: damaged: " in capsys.readouterr().out
    assert check_run(runs / "b") == []
    (problem,) = check_run(runs / "a")
    assert file in problem


def test_a_file_in_place_of_a_folder_for_pictures_opens_no_test_part(cache, runs, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "pictures")
    assert main(["evaluate", "a", "--cache", str(cache), "--pictures", folder]) == 1
    assert "cannot be a folder" in capsys.readouterr().err
    assert not list(cache.rglob("*.openings.jsonl"))


@pytest.mark.parametrize("file", [BEST, LAST, "normalizer.json"])
def test_files_of_another_run_do_not_go_into_one_that_is_under_way(cache, runs, capsys, file):
    (runs / "a" / "result.json").unlink()
    assert predict(cache) == 0
    assert "run 'a' is not finished: its best weights so far are used" in capsys.readouterr().err
    shutil.copy(runs / "b" / file, runs / "a" / file)
    capsys.readouterr()
    if file != LAST:
        assert predict(cache) == 1
        assert f"{runs / 'a' / file} was not written by this run" in capsys.readouterr().err
    if file != "normalizer.json":  # a training makes its own
        assert train(cache) == 1
        assert f"{runs / 'a' / file} was not written by this run" in capsys.readouterr().err


def test_equal_trainings_write_equal_files_under_any_name(cache, runs):
    assert train(cache, name="again") == 0
    assert (runs / "again" / BEST).read_bytes() == (runs / "a" / BEST).read_bytes()
    shutil.copy(runs / "again" / BEST, runs / "a" / BEST)
    assert predict(cache) == 0
    states = [read_tensors(runs / name / BEST)[1]["run"] for name in "ab"]
    assert states == [md.open_run(name, cache).digest for name in "ab"]


def test_all_that_is_wrong_is_found(cache, runs):
    assert main(["evaluate", "a", "--cache", str(cache), "--quiet", "--no-pictures"]) == 0
    assert check_run(runs / "a") == []
    names = [path.name for path in (runs / "a").iterdir() if path.is_file()]
    assert {"log.jsonl", "log.csv", "receipt.json", "test.parquet", "test-opened.json"} < {*names}
    for name in names:
        path = runs / "a" / name
        whole = path.read_bytes()
        place = len(whole) // 2
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert any(name in problem for problem in check_run(runs / "a")), name
        path.write_bytes(whole)
    (runs / "a" / "log.csv").unlink()
    (runs / "a" / "test.parquet").unlink()
    assert [problem.rpartition("/")[2] for problem in check_run(runs / "a")] == [
        "log.csv is missing",
        "test.parquet is missing",
    ]


def test_a_run_whose_result_names_no_files_is_refused(cache, runs, capsys):
    from matdata.store.records import write_record
    from matdata.training.contents import read_sealed

    result = read_sealed(runs / "a" / "result.json")
    del result["files"]
    write_record(runs / "a" / "result.json", result)
    assert predict(cache) == 1
    assert "names no digests of the run's files" in capsys.readouterr().err
    assert main(["train", "dummy", "s", "--target", TARGET, "--name", "d", "--split", "main",
                 "--cache", str(cache), "--quiet"]) == 0  # fmt: skip
    told = json.loads((runs / "d" / "result.json").read_text())
    assert sorted(told["files"]) == [BEST, "manifest.json", "normalizer.json", "receipt.json"]
