"""Ids, columns, notes and paths that hold escapes and newlines are shown, not obeyed."""

from __future__ import annotations

import csv
import json

import pytest

from matdata.cli import main

EVIL = "a\x1b[2J\nb\u202ec\x9bd\x7f"
ID = (
    "a\u202eb\u200b"  # an id with control characters is invalid, one that reorders letters is valid
)
SHOWN = r"a\x1b[2J\nb\u202ec\x9bd\x7f"
ID_SHOWN = r"a\u202eb\u200b"


@pytest.fixture
def run(tmp_path, capsys):
    def command(*words, code=0):
        assert main([*words, "--cache", str(tmp_path / f"c{EVIL[:4]}")]) == code
        out, err = capsys.readouterr()
        for letter in "\x1b\u202e\x9b\x7f":
            assert letter not in out + err
        return out, err

    return command


@pytest.fixture
def dataset(run, tmp_path):
    path = tmp_path / "some.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = [("material_id", "composition", f"gap {EVIL}", "note")]
        rows += [(f"{ID}{k}", f"NaCl{k + 1}", 0.5 * k, EVIL) for k in range(12)]
        csv.writer(file).writerows([*rows, ("x" + ID, f"No{EVIL}", 1.0, "")])
    run("build", str(path), "--split", "70/15/15", "--name", "s")
    return path


def test_what_people_read(run, dataset, tmp_path):
    out, _ = run("show", "s", ID + "0")
    lines = out.splitlines()
    assert f"{'material_id':>28}  {ID_SHOWN}0" in lines
    assert f"{'note':>28}  {SHOWN}" in lines
    gap = f"gap {SHOWN}"
    assert f"{gap:>28}  0.0" in lines  # aligned by what is seen
    assert f"gap {SHOWN}" in run("info", "s")[0]
    assert run("list")[0].splitlines()[0].endswith(r"ca\x1b[2")
    _, err = run("show", "s", f"no {EVIL}", code=1)
    assert len(err.splitlines()) <= 3
    assert r"\x1b[2J\nb\u202e" in err
    _, err = run("build", str(tmp_path / f"no{EVIL}.csv"), code=1)
    assert SHOWN in err
    out, _ = run("audit", "s", "--keys", f"gap {EVIL}")
    assert gap in out


def test_json_escapes_what_a_terminal_obeys_and_reads_back(run, dataset):
    out, _ = run("show", "s", ID + "0", "--json")
    assert r"\u202ec\u009bd\u007f" in out
    assert json.loads(out)["note"] == EVIL


def test_arguments_are_not_obeyed_either(run, capsys):
    with pytest.raises(SystemExit):
        main(["list", f"--no{EVIL}", f"x{EVIL}"])
    assert "\x1b" not in capsys.readouterr().err
    _, err = run("export", "s", f"x.{EVIL}", code=1)
    assert SHOWN in err
