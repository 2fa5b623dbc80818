"""Releases that the source `reactions` reads and refuses, and the funnel of the real one."""

from __future__ import annotations

import lzma
from collections import Counter

import pytest
from support.crystals import real
from support.reactions import record, write_release

from matdata.core.errors import SourceError
from matdata.sources import find_source
from matdata.sources.base import Request


def test_a_bare_list_and_a_compressed_file_are_read(tmp_path):
    plain = write_release(tmp_path / "a.json", [record()] * 3, date="")
    packed = tmp_path / "b.json.xz"
    with lzma.open(packed, "wt") as file:
        file.write(plain.read_text())
    for path in (plain, packed):
        source = find_source("reactions", Request(file=path))
        (chunk,) = source.chunks()
        assert (len(chunk), source.origin().version) == (3, "local")


def test_a_release_of_another_layout_is_named(tmp_path):
    other = {"doi": "x", "target": {}, "precursors": [], "reaction_string": "", "route": []}
    path = write_release(tmp_path / "r.json", [other], date="2020-07-13")
    with pytest.raises(SourceError, match="a release of 2020-07-13, holds records without") as e:
        find_source(f"reactions:{path}", Request()).origin()
    assert "reaction, operations: they have doi, target, precursors" in e.value.what
    assert "2019-12-03" in e.value.next_step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "holds no reactions"),
        ('{"reactions": []}', "holds no reactions"),
        ('{"targets": [1]}', "holds no list 'reactions'"),
        ("[1, 2", "not complete JSON"),
        ("formula,gap\nFe2O3,1\n", "not complete JSON|holds no"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, text, message):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=message):
        find_source(f"reactions:{path}", Request()).origin()


def test_no_file_and_a_missing_file(tmp_path):
    with pytest.raises(SourceError, match="reads a file, and none is named") as caught:
        find_source("reactions", Request())
    assert "reactions:FILE" in caught.value.next_step
    with pytest.raises(SourceError, match="there is no file"):
        find_source(f"reactions:{tmp_path / 'r.json'}", Request())


def test_targets_are_the_columns_of_numbers(tmp_path):
    path = write_release(tmp_path / "r.json", [record()])
    origin = find_source(f"reactions:{path}", Request()).origin()
    assert origin.targets == {"product_fractions": "1", "max_temperature": "°C", "max_time": "h"}


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "kept", "reasons"),
    [
        (
            {},
            22365,
            {
                "unresolved_variable": 6502,
                "organic": 654,
                "negative_amount": 325,
                "zero_amount": 101,
                "few_precursors": 82,
                "one_element": 2,
            },
        ),
        (
            {"oxygen_deficiency": "zero"},
            25313,
            {
                "unresolved_variable": 3417,
                "organic": 746,
                "negative_amount": 347,
                "zero_amount": 124,
                "few_precursors": 82,
                "one_element": 2,
            },
        ),
    ],
)
def test_the_funnel_of_the_release(query, kept, reasons):
    path = real("synthesis/solid-state_dataset_2019-12-03.json.xz")
    found, count = Counter(), 0
    for chunk in find_source(f"reactions:{path}", Request(query=query)).chunks():
        count += len(chunk)
        found.update(reject.reason for reject in chunk.rejects)
    assert (count, dict(found)) == (kept, reasons)
    assert count + found.total() == 30031
