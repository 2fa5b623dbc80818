"""Configuration files: read strictly, with file and line; written so that they are read again."""

from __future__ import annotations

import tomllib

import pytest

import matdata as md
from matdata.core.options import Option, overlay
from matdata.store.config_file import Entry, config_text, quoted_key, read_config, toml_value
from matdata.store.formats import FORMATS, Format

OPTIONS = (
    Option("source", "where from", positional=True, required=True),
    Option("batch_size", "materials", "int"),
    Option("lr", "rate", "float"),
    Option("bulk", "all of it", "flag"),
    Option("features", "names", "words"),
    Option("target", "columns", "list"),
    Option("task", "kind", choices=("regression", "classification")),
    Option("filter", "what stays", "table"),
    Option("set", "settings", "tables"),
)


def _read(tmp_path, text):
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path, OPTIONS)


def test_all_kinds_are_read(tmp_path):
    text = """
source = "x.csv"
batch-size = 7
lr = 1
bulk = true
features = "ofm, voronoi"
target = "gap"
[filter]
sites_below = 5
elements = ["Ti", "O"]
[set.ofm]
period_tag = true
[set."matminer:X"]
preset = "magpie"
"""
    assert _read(tmp_path, text) == {
        "source": "x.csv",
        "batch_size": 7,
        "lr": 1,
        "bulk": True,
        "features": ("ofm", "voronoi"),
        "target": ("gap",),
        "filter": {"sites_below": 5, "elements": ["Ti", "O"]},
        "set": {"ofm": {"period_tag": True}, "matminer:X": {"preset": "magpie"}},
    }
    assert _read(tmp_path, 'batch_size = 1\nfeatures = ["a", "b,c"]')["features"] == ("a", "b,c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('source = "a"\nfeatres = "ofm"', r"a\.toml:2: unknown option 'featres'.*'features'"),
        ("[filtr]\nx = 1", r"a\.toml:1: unknown option 'filtr' \(did you mean 'filter'\?\)"),
        ('\n\nbatch-size = "7"', r"a\.toml:3: batch-size is '7', expected a whole number"),
        ("batch_size = 7.0", "expected a whole number"),
        ("batch_size = true", "expected a whole number"),
        ('lr = "fast"', "expected a number"),
        ("bulk = 1", "expected true or false"),
        ("source = 5", "expected a text"),
        ("features = [1]", "expected a list of texts"),
        ("target = {a = 1}", "expected a list of texts"),
        ('filter = "a=1"', r"expected a table \(\[filter\] with KEY = VALUE"),
        ("[filter.a]\nb = 1", "expected a table"),
        ("[set]\nofm = 1", r"expected tables \(\[set\.NAME\]"),
        ("[set.ofm.x]\ny = 1", "expected tables"),
        ('task = "regresion"', "did you mean 'regression'"),
        ("batch-size = 1\nbatch_size = 2", "stands there twice"),
        ("source = ", "is no TOML"),
        ("config-format = 2", "reads up to 1"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, text, message):
    with pytest.raises(md.MatdataError, match=message):
        _read(tmp_path, text)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(md.ConfigError, match="cannot be read: No such file"):
        read_config(tmp_path / "b.toml", OPTIONS)
    with pytest.raises(md.ConfigError, match="cannot be read"):
        read_config(tmp_path, OPTIONS)
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(md.ConfigError, match="no UTF-8"):
        read_config(tmp_path / "a.toml", OPTIONS)
    with pytest.raises(md.ConfigError, match="larger than 1 MiB"):
        _read(tmp_path, "#" * (2**20 + 1))
    with pytest.raises(md.ConfigError, match="is no TOML"):
        _read(tmp_path, f"lr = {'[' * 100_000}")


def test_files_of_an_older_format_are_upgraded(tmp_path, monkeypatch):
    upgrade = lambda old: {"batch-size" if k == "batch" else k: v for k, v in old.items()}  # noqa: E731
    monkeypatch.setitem(FORMATS, "config", Format(2, {1: upgrade}))
    assert _read(tmp_path, "config-format = 1\nbatch = 3") == {"batch_size": 3}
    with pytest.raises(md.ConfigError, match="unknown option 'batch'"):
        _read(tmp_path, "batch = 3")  # says no version, so it is of today


@pytest.mark.parametrize(
    "value",
    [True, -7, 2**63, 1e-12, 0.1, 1e300, "", 'a"b\\c\n\t\x7f\u2028é', ["a", "b,c"], (1, 2.5)],
)
def test_values_come_back_as_they_were(value):
    back = tomllib.loads(f"{quoted_key('a b:c')} = {toml_value(value)}")["a b:c"]
    assert back == (list(value) if isinstance(value, tuple) else value)
    assert type(back) is (list if isinstance(value, tuple) else type(value))


def test_what_nobody_set_is_a_comment():
    text = config_text(["title"], [Entry("a", None, "first"), Entry("b", 1)], {"t": [], "u.v": []})
    assert text == "# title\n\nconfig-format = 1\n\n# first\n# a =\n\nb = 1\n"


def test_the_upper_layer_wins_key_by_key():
    lower = {"a": 1, "b": {"c": 1, "d": {"e": 1}}, "l": ("x",)}
    upper = {"b": {"d": {"f": 2}, "c": 3}, "l": ("y",)}
    expected = {"a": 1, "b": {"c": 3, "d": {"e": 1, "f": 2}}, "l": ("y",)}
    assert overlay(lower, upper) == expected
    assert lower["b"] == {"c": 1, "d": {"e": 1}}
