"""CSV: spreadsheets run nothing, numbers and texts read back as they were."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matdata.store.csv import csv_lines, write_csv

SEPARATORS = ";\t\r\n"


def _read(columns, **how):
    return list(csv.reader(io.StringIO("".join(csv_lines(columns, **how)), newline="")))


def _text(cell: str, **how) -> str:
    return _read({"text": [cell]}, **how)[1][0]


def _unguarded(text: str) -> str:
    """What was written: the inverse of the guard, by its definition in words."""
    parts = re.split(f"([{SEPARATORS}])", text)
    return "".join(part[1:] if re.match(r"'[ ']*[=+\-@＝＋－＠]", part) else part for part in parts)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1)",
        "  =1+1",
        "＝1+1",
        "\t=1",
        "\r=1",
        "-P 2yb",
    ],
)
def test_formulas_of_spreadsheets_become_text(cell):
    written = _text(cell)
    assert written.strip(" \t\r").startswith("'")
    assert _unguarded(written) == cell
    assert _text(cell, raw=True) == cell


def test_what_another_locale_would_cut_into_cells_becomes_text():
    assert _text('a;=HYPERLINK("x")') == 'a;\'=HYPERLINK("x")'
    assert _text("a\n=1+1\tb\t@x") == "a\n'=1+1\tb\t'@x"


@pytest.mark.parametrize(
    "cell", ["-1.5", "+2", "-", "--", "1e-5", "-.5E+3", "0.1;-0.2; +3", "NaCl", "", "a-b", "x=1"]
)
def test_numbers_and_plain_texts_stay(cell):
    assert _text(cell) == cell


def test_numbers_of_number_columns_are_written_as_they_are():
    columns = {
        "e": [-1.5, None, 1e-300, 0.1],
        "n": [-3, 0, None, 10**20],
        "b": [True, False, None, True],
    }
    assert _read(columns)[1:] == [
        ["-1.5", "-3", "True"],
        ["", "0", "False"],
        ["1e-300", "", ""],
        ["0.1", "100000000000000000000", "True"],
    ]


def test_names_of_columns_and_texts_in_lists_are_guarded():
    assert _read({"=gap": [["a;=1", -2]]}) == [["'=gap"], ['["a;\'=1", -2]']]


@given(st.text(alphabet="=+-@＝;\t\r\n '\"a1.e,", max_size=12))
def test_different_texts_stay_different(cell):
    written = _text(cell)
    assert _unguarded(written) == cell
    for part in re.split(f"[{SEPARATORS}]", written):
        runs = re.match(r" *[=+\-@＝＋－＠]", part)
        assert not runs or re.fullmatch(r" *[+-]*(\d+\.?\d*|\.\d+)?([eE][+-]?\d+)? *", part)


def test_columns_of_unequal_length_are_refused(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        write_csv(tmp_path / "x.csv", {"a": [1, 2], "b": [1]})
