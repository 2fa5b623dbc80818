"""Incremental JSON reader: the same values as Python's own parser, for any buffer edges."""

from __future__ import annotations

import io
import json
import random

import pytest

from matdata.core.errors import SourceError
from matdata.sources.readers import json_text
from matdata.sources.readers.json_text import Damaged, JsonText, decode

SCALARS = (1, 2.5, -3, True, None, 'a"b]{\\', "", "x,y", 12345678901234567890123, "é\ud83d")


def _random(draw: random.Random, depth: int = 0):
    kind = draw.random()
    if depth > 3 or kind < 0.4:
        return draw.choice(SCALARS)
    if kind < 0.7:
        return [_random(draw, depth + 1) for _ in range(draw.randrange(4))]
    return {f'k{k}"': _random(draw, depth + 1) for k in range(draw.randrange(4))}


def _read(text: str):
    made = JsonText(io.StringIO(text), "x")
    values = [item.value for item in made.values()]
    made.end()
    return values


@pytest.mark.parametrize("seed", range(300))
def test_values_are_those_of_python(seed, monkeypatch):
    monkeypatch.setattr(json_text, "PIECE", 16)  # so that values cross the buffer's edge
    draw = random.Random(seed)
    values = [_random(draw) for _ in range(draw.randrange(6))]
    text = json.dumps(values, indent=draw.choice([None, 1]), ensure_ascii=draw.random() < 0.5)
    assert _read(text) == values
    members = {f"k{k}": value for k, value in enumerate(values)}
    made, found = JsonText(io.StringIO(json.dumps(members)), "x"), {}
    for number, key in enumerate(made.members()):
        if number % 2:
            made.skip()
        else:
            found[key] = made.value().value
    assert found == {key: members[key] for key in list(members)[::2]}


def test_damage_within_a_value_is_one_item():
    values = _read('[1, {"a":}, {"b": 2}, x, [1}, ' + "[" * 200 + "]" * 200 + ", 3]")
    assert [value for value in values if not isinstance(value, Damaged)] == [1, {"b": 2}, 3]
    assert len(values) == 7
    assert "nested deeper than 64" in values[5].message


@pytest.mark.parametrize("text", ["[1,2", "[1 2]", '["abc', "[1}", "[1]]", '{"a": 1}', ""])
def test_ambiguous_text_is_an_error_with_its_position(text):
    with pytest.raises(SourceError, match="after character"):
        _read(text)


def test_not_a_number_and_infinity_as_python_writes_them():
    values = _read("[NaN, Infinity, -Infinity]")
    assert repr(values) == "[nan, inf, -inf]"


def test_long_integers_and_long_texts_are_damage(monkeypatch):
    assert "digit" in decode("1" + "0" * 5000).value.message
    monkeypatch.setattr(json_text, "MAX_RECORD", 100)
    assert "longer than" in decode(json.dumps("a" * 200)).value.message
    assert "longer than" in _read(json.dumps(["b" * 99 + "a" * 90, 1]))[0].message
    assert decode(json.dumps([1, [2]])).weight > 100
