"""Progress bars count materials, and are there for people at a terminal alone."""

from __future__ import annotations

import io
import re

import pytest
import tqdm.auto as tqdm_module

from matdata.core.console import SILENT, Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch, stream, console, *arguments, **options):
    """The items that came through a bar, and what was drawn on the way."""
    original = tqdm_module.tqdm

    def at_once(*given, **more):
        return original(*given, file=stream, mininterval=0, **{**more, "delay": 0})

    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        patch.setattr(tqdm_module, "tqdm", at_once)
        items = list(console.bar(*arguments, **options))
    return items, stream.getvalue()


def test_bars_count_materials_with_rate_and_time_left(monkeypatch):
    chunks = [[0] * 300, [0] * 200]
    items, text = drawn(monkeypatch, Terminal(), Console(), chunks, "ofm", 1000, done=500)
    assert items == chunks
    assert "ofm:  80%" in text
    assert re.search(r"800/1.00k \[00:00<00:00, [\d.]+[kM]? ?materials/s", text)


def test_other_units_are_named(monkeypatch):
    options = {"size": lambda _: 1, "unit": " files"}
    _, text = drawn(monkeypatch, Terminal(), Console(), ["a"], "downloading", 1, **options)
    assert "1.00/1.00 [" in text
    assert "files" in text


@pytest.mark.parametrize(("stream", "console"), [(Terminal(), SILENT), (io.StringIO(), Console())])
def test_nothing_is_drawn_when_quiet_or_not_at_a_terminal(stream, console, monkeypatch):
    assert drawn(monkeypatch, stream, console, [[1]], "x", 1) == ([[1]], "")
