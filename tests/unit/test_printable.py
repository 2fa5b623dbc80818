"""Names that would steer a terminal are shown, not obeyed."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matdata.core.console import Console
from matdata.core.errors import SourceError
from matdata.core.printable import printable, printable_json, printable_lines, short_value
from matdata.core.streams import Screened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ti₂O₃ µ Å 結晶 ü", "Ti₂O₃ µ Å 結晶 ü"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("a\x7fb\x9bc\x00", r"a\x7fb\x9bc\x00"),
        ("gpj.\u202eexe\u2066", r"gpj.\u202eexe\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_not_seen_as_itself_is_escaped(text, shown):
    assert printable(text) == shown


def test_text_that_was_laid_out_keeps_its_lines():
    assert printable_lines("a\n\tb\r\x1b[1m") == "a\n\tb\r\\x1b[1m"


@given(st.dictionaries(st.text(), st.text()))
@pytest.mark.slow
def test_json_reads_back_and_holds_nothing_unseen(record):
    for indent in (None, 1):
        text = printable_json(record, indent=indent)
        assert json.loads(text) == record
        assert printable(text.replace("\n", "")) == text.replace("\n", "")


def test_json_keeps_letters():
    assert printable_json({"Å": "\u202e\x9b"}) == r'{"Å": "\u202e\u009b"}'


def test_a_console_prints_one_line_a_call(capsys):
    console = Console()
    console.say("id a\nb\x1b[2J at https://u:p@host")
    console.warn("c\rd\u202e")
    out, err = capsys.readouterr()
    assert out == "id a\\nb\\x1b[2J at https://***@host\n"
    assert err == "warning: c\\rd\\u202e\n"


def test_a_name_adds_no_line_to_an_error():
    error = SourceError("no x\n  next step: rm -r", next_step="look\x1b]0;a\x07")
    assert str(error) == "no x\\n  next step: rm -r\n  next step: look\\x1b]0;a\\x07"


def test_screened_streams_pass_layout_on():
    under = io.StringIO()
    stream = Screened(under)
    print("\rbar 10%\n", "x\x1b[2J", "https://u:p@host", file=stream, end="\n")
    stream.writelines(["a\x9b", "b\n"])
    assert under.getvalue() == "\rbar 10%\n x\\x1b[2J https://***@host\na\\x9bb\n"
    assert stream.getvalue() == under.getvalue()


def test_cells_are_short():
    assert short_value(1 / 3) == "0.333333"
    assert short_value(1 / 3, digits=3) == "0.333"
    assert short_value(None) == "-"
    assert short_value([1.0, 2.0]) == "[1.0, 2.0]"
    assert short_value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) == "6 values"
    assert short_value("Fe2O3") == "Fe2O3"
