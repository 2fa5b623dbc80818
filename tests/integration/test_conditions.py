"""Conditions on columns that choose what a build keeps: one dataset from each way to say it."""

from __future__ import annotations

import pytest

import matdata as md
from matdata.cli import main

TABLE = """material_id,formula,gap,kind
a,NaCl,5.0,cubic
b,KCl,,cubic
c,ZnO,3.3,hex
d,Cu2O,0,cubic
e,Si,1.1,
"""
CONDITION = "gap > 1 and kind == 'cubic' or formula in ('ZnO', 'Si')"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return path


def _build(source, tmp_path, *more):
    arguments = ["build", str(source), "--cache", str(tmp_path / "cache"), "--quiet"]
    return main([*arguments, "--split", "none", "--name", "t", *more])


@pytest.mark.slow
def test_options_and_python_keep_the_same(source, tmp_path):
    cache = tmp_path / "cache"
    built = md.build(source, cache=cache, split=None, name="t", filter=f" ({CONDITION}) ")
    assert built.ids.tolist() == ["a", "c", "e"]
    assert {(one.material_id, one.reason) for one in built.rejects()} == {
        ("b", "not_selected"),
        ("d", "not_selected"),
    }
    for option in ("--filter", "--where"):
        assert _build(source, tmp_path, option, CONDITION) == 0
        assert md.open("t", cache).ref == built.ref
    several = ["--filter", "gap > 1", "--filter", "elements=Na,Cl,Zn,O", "--where", "gap < 5"]
    assert _build(source, tmp_path, *several) == 0
    assert md.open("t", cache).ids.tolist() == ["c"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("gap >", "character 6: expected a name"),
        ("gap = 1", "write =="),
        ("gaps > 1", "no column 'gaps'"),
        ("kind > 1", "text and numbers cannot be compared"),
        ("sites_bellow=3", "did you mean 'sites_below'"),
    ],
)
def test_what_is_no_condition_is_one_error(source, tmp_path, capsys, condition, message):
    assert _build(source, tmp_path, "--filter", condition) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
