"""Expressions over columns: grammar, values, units, and what is refused."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matdata.core.errors import ConfigError
from matdata.core.expressions import parse_expression
from matdata.core.expressions.grammar import MAX_DEPTH, MAX_LENGTH, MAX_OPERATORS, parse
from matdata.core.expressions.nodes import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Logic,
    Member,
    Name,
    Negative,
    Not,
    text_of,
)

TABLE = {
    "k": [100.0, 0.0, None, 10.0],
    "g": [1, 2, 3, 4],
    "gap": [0.0, -1.0, 2.0, None],
    "kind": ["cubic", "hex", None, "cubic"],
    "metal": [True, False, None, True],
    "spectrum": [[1.0, 10.0], [0.0, 1.0], None, [100.0, 1000.0]],
    "n_sites": [1, 2, 3, 4],
    "K [GPa]": [1.0, 2.0, 3.0, 4.0],
    "a-b": [5.0, 6.0, 7.0, 8.0],
    "tick`s": [1.0, 1.0, 1.0, 1.0],
    "empty": [None, None, None, None],
}
UNITS = {"k": "GPa", "g": "GPa", "K [GPa]": "GPa", "gap": "eV"}
ROWS = range(4)


def _cells(text):
    return parse_expression(text, TABLE).cells(TABLE, ROWS)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("k", [100.0, 0.0, None, 10.0]),
        ("kind", ["cubic", "hex", None, "cubic"]),
        ("g", [1, 2, 3, 4]),
        ("a-b", [5.0, 6.0, 7.0, 8.0]),
        ("`a-b` - g", [4.0, 4.0, 4.0, 4.0]),
        ("`K [GPa]` * 2", [2.0, 4.0, 6.0, 8.0]),
        ("`tick``s` + g", [2.0, 3.0, 4.0, 5.0]),
        ("log10(k)", [2.0, None, None, 1.0]),
        ("ln(g) / ln(2)", [0.0, 1.0, float(np.log(3) / np.log(2)), 2.0]),
        ("sqrt(gap)", [0.0, None, float(np.sqrt(2.0)), None]),
        ("abs(gap)", [0.0, 1.0, 2.0, None]),
        ("k / n_sites", [100.0, 0.0, None, 2.5]),
        ("g / gap", [None, -2.0, 1.5, None]),
        ("2 - 3 - g", [-2.0, -3.0, -4.0, -5.0]),
        ("2 - (3 - g)", [0.0, 1.0, 2.0, 3.0]),
        ("-g * -2e0 + .5", [2.5, 4.5, 6.5, 8.5]),
        ("1e300 * k * 1e300", [None, 0.0, None, None]),
        ("gap > 0", [False, False, True, None]),
        ("1 >= gap", [True, True, False, None]),
        ("log10(k) > 1.5", [True, None, None, False]),
        ("kind == 'cubic'", [True, False, None, True]),
        ('kind != "cubic"', [False, True, None, False]),
        ("kind in ('hex', 'trig')", [False, True, None, False]),
        ("g not in (1, -4, 4)", [False, True, True, False]),
        ("metal == true", [True, False, None, True]),
        ("not metal", [False, True, None, False]),
        ("gap > 1 or metal", [True, False, True, True]),
        ("gap > 1 and metal", [False, False, None, None]),
        ("not (gap > 1 or metal)", [False, True, False, False]),
        ("metal and gap > 1 or g == 1", [True, False, None, None]),
        ("log10(spectrum)", [[0.0, 1.0], None, None, [2.0, 3.0]]),
        ("spectrum / n_sites", [[1.0, 10.0], [0.0, 0.5], None, [25.0, 250.0]]),
        ("empty > 1", [None] * 4),
        ("empty == 'x' or metal", [True, None, None, True]),
        ("log10(empty)", [None] * 4),
    ],
)
def test_values(text, cells):
    found = _cells(text).cells
    for one, other in zip(found, cells, strict=True):
        assert one == (pytest.approx(other) if isinstance(other, (float, list)) else other)
        assert type(one) is type(other)


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("log10(k)", [False, True, False, False]),
        ("g / gap", [True, False, False, False]),
        ("sqrt(gap) + k", [False, True, False, False]),
        ("log10(spectrum)", [False, True, False, False]),
        ("log10(k) > 1", [False, True, False, False]),
        ("log10(k) > 1 or g == 2", [False, False, False, False]),
        ("gap", [False] * 4),
    ],
)
def test_what_lies_outside_a_domain_is_marked_and_what_is_missing_is_not(text, outside):
    assert _cells(text).outside == outside


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("k", "GPa"),
        ("kind", "1"),
        ("log10(k)", "log10(GPa)"),
        ("ln(n_sites)", "1"),
        ("log10(k) - log10(g)", "log10(GPa)"),
        ("sqrt(k)", "sqrt(GPa)"),
        ("abs(gap)", "eV"),
        ("k - g", "GPa"),
        ("k + 1", "GPa"),
        ("2 * k", "GPa"),
        ("k / 2", "GPa"),
        ("k / g", "1"),
        ("1 / gap", "1/eV"),
        ("gap / n_sites", "eV/atom"),
        ("gap / n_sites * n_sites", "eV"),
        ("gap * k", "eV*GPa"),
        ("gap / (k * gap)", "eV/(GPa*eV)"),
        ("gap > 0.5", "1"),
        ("n_sites", "1"),
    ],
)
def test_units_follow_from_the_columns(text, unit):
    assert parse_expression(text, TABLE).unit(UNITS) == unit


@pytest.mark.parametrize("text", ["k - gap", "k < gap", "gap + n_sites", "not (k == gap) or metal"])
def test_different_units_are_not_added_or_compared(text):
    with pytest.raises(ConfigError, match=r"character \d+: .* are of different units"):
        parse_expression(text, TABLE).unit(UNITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: it is empty"),
        ("k +", "character 4: expected a name, a number or .*nothing more"),
        ("(k", r"character 3: expected '\)'"),
        ("k)", r"character 2: expected an operator, or the end, got '\)'"),
        ("logg(k)", r"character 1: there is no function 'logg' \(did you mean 'log10'\?\)"),
        ("log10(kk)", r"no column 'kk', character 7 of 'log10\(kk\)' \(did you mean 'k'\?\)"),
        ("k = 1", "character 3: '=' has no meaning here; write =="),
        ("k ^ 2", r"character 3: '\^' has no meaning"),
        ("kind == 'cubic", "character 9: the ' that opens here is not closed"),
        ("gap > 0 AND metal", r"got 'AND' \(did you mean 'and'\?\)"),
        ("0 < gap < 1", "comparisons are joined by `and`"),
        ("kind in (gap)", "character 10: `in` takes a list"),
        ("1 + 1", "it names no column"),
        ("K GPa", r"(?s)expected an operator.*did you mean 'K \[GPa\]'"),
        ("__import__('os')", "there is no function '__import__'"),
        ("k.real", "no column 'k.real'"),
        ("1e999 * k", "character 1: 1e999 is larger than any number"),
        ("k" * (MAX_LENGTH + 1), "longer than 2,000 characters"),
        ("(" * 40 + "k" + ")" * 40, f"nested deeper than {MAX_DEPTH}"),
        ("-" * 40 + "k", f"nested deeper than {MAX_DEPTH}"),
        ("not " * 40 + "metal", f"nested deeper than {MAX_DEPTH}"),
        ("+".join("k" * 200), f"more than {MAX_OPERATORS} operators"),
        (" `a-b`  -`a-b` ", None),
    ],
)
def test_what_is_refused_says_where(text, message):
    if message is None:
        assert parse_expression(text, TABLE).name == "`a-b` - `a-b`"
        return
    with pytest.raises(ConfigError, match=message) as caught:
        parse_expression(text, TABLE)
    assert "\n" not in caught.value.what


@pytest.mark.parametrize("text", ["k > 3 and", "k >", "gap + ", "not", "k = 1", "kind in (", ""])
def test_an_expression_that_is_not_whole_is_taken_for_no_column(text):
    with pytest.raises(ConfigError) as caught:
        parse_expression(text, TABLE)
    assert caught.value.cause is None
    with pytest.raises(ConfigError, match="no column is called that"):
        parse_expression("shear modulus", TABLE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log10(kind)", "log10 takes numbers; kind is text"),
        ("k + metal", r"\+ takes numbers; metal is true and false"),
        ("k and metal", "and takes true and false; k is numbers"),
        ("kind > 'a'", "text can only be equal"),
        ("kind == 1", "text and numbers cannot be compared"),
        ("spectrum > 1", "arrays cannot be compared"),
    ],
)
def test_wrong_kinds_are_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        _cells(text)


def test_arrays_of_different_lengths_are_refused():
    table = {"a": [[1.0, 2.0]], "b": [[1.0, 2.0, 3.0]], "c": [[1.0], [1.0, 2.0]], "d": [[[1.0]]]}
    for text, message in (
        ("a + b", "both sides differ in length"),
        ("abs(c)", "column 'c' differ in length"),
        ("abs(d)", "lists of lists"),
    ):
        rows = range(2) if "c" in text else range(1)
        with pytest.raises(ConfigError, match=message):
            parse_expression(text, table).cells(table, rows)


def test_an_exact_column_wins_and_what_could_be_both_is_refused():
    table = {"log10(x)": [7.0], "x": [100.0]}
    assert parse_expression("log10(x)", table).cells(table, [0]).cells == [7.0]
    with pytest.raises(ConfigError, match="can be read in two ways"):
        parse_expression("log10( x )", table)


def test_only_the_rows_asked_for_are_read():
    class Sealed(list):
        def __getitem__(self, row):
            assert row != 2, "a sealed cell was read"
            return super().__getitem__(row)

        def __iter__(self):
            raise AssertionError("all cells were read")

    table = {"k": Sealed([1.0, 10.0, 5.0])}
    for text in ("k", "log10(k)", "k > 2"):
        assert len(parse_expression(text, table).cells(table, [0, 1]).cells) == 2


def test_a_filter_keeps_what_is_known_to_be_true_and_must_be_a_condition():
    def holds(text):
        return parse_expression(text, TABLE).holds(TABLE, ROWS)

    assert holds("gap > 0") == [False, False, True, False]
    assert holds("not (gap > 0)") == [True, True, False, False]
    assert holds("empty > 0") == [False] * 4
    with pytest.raises(ConfigError, match="true or false, and k is numbers"):
        holds("k")


NAMES = st.one_of(
    st.text(string.ascii_letters + "_", min_size=1, max_size=4), st.text(min_size=1, max_size=4)
).map(Name)
NUMBERS = st.floats(0, allow_infinity=False, allow_nan=False).map(Constant)
TEXTS = st.text(max_size=4).filter(lambda text: not ('"' in text and "'" in text)).map(Constant)


def _number_or(inner):
    functions = st.sampled_from(("log10", "ln", "sqrt", "abs"))
    operators = st.sampled_from("+-*/")
    return st.one_of(
        st.builds(Call, functions, inner),
        st.builds(Negative, inner),
        st.builds(Arithmetic, operators, inner, inner),
    )


SUMS = st.recursive(NAMES | NUMBERS, _number_or, max_leaves=6)
COMPARED = st.one_of(
    NAMES,
    st.builds(Comparison, st.sampled_from(("==", "!=", "<", "<=", ">", ">=")), SUMS, SUMS),
    st.builds(Member, SUMS, st.lists(NUMBERS | TEXTS, min_size=1, max_size=3).map(tuple)),
)
CONDITIONS = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        st.builds(Not, inner), st.builds(Logic, st.sampled_from(("and", "or")), inner, inner)
    ),
    max_leaves=4,
)


def _without_places(node):
    if isinstance(node, (Name, Constant)):
        return type(node)(node.name) if isinstance(node, Name) else node
    parts = [
        _without_places(part) if hasattr(part, "__dataclass_fields__") else part
        for name, part in vars(node).items()
        if name != "at"
    ]
    return type(node)(*parts)


@settings(max_examples=150, deadline=None)
@given(SUMS | CONDITIONS)
@pytest.mark.slow
def test_the_normal_form_means_the_same_expression(node):
    text = text_of(node)
    again = parse(text)
    assert _without_places(again) == _without_places(node)
    assert text_of(again) == text


def test_a_column_is_known_without_the_unit_of_its_header():
    table = {**TABLE, "dos at E_F (1/eV)": [1.0, 2.0, 3.0, 4.0]}
    whole = parse_expression("K [GPa]", table)
    assert parse_expression("K", table).tree == whole.tree
    assert parse_expression("K", table).name == "K [GPa]"
    assert parse_expression("dos at E_F", table).name == "dos at E_F (1/eV)"
    short, long = parse_expression("K / g", table), parse_expression("`K [GPa]` / g", table)
    assert short.name == long.name == "`K [GPa]` / g"
    assert short.columns() == ("K [GPa]", "g")
    assert short.cells(table, range(4)) == long.cells(table, range(4))
    assert short.unit({"K [GPa]": "GPa"}) == "GPa"


def test_a_column_of_the_name_itself_comes_before_those_with_a_unit():
    table = {"gap": [1.0], "gap (eV)": [2.0]}
    assert parse_expression("gap", table).name == "gap"
    assert parse_expression("2 * gap", table).columns() == ("gap",)


def test_a_name_before_several_units_is_refused():
    table = {"gap (meV)": [1.0], "gap (eV)": [2.0]}
    for text in ("gap", "log10(gap)"):
        with pytest.raises(ConfigError, match=r"'gap' is 'gap \(meV\)' and 'gap \(eV\)'"):
            parse_expression(text, table)


def test_an_expression_that_is_a_column_without_its_unit_is_refused():
    with pytest.raises(ConfigError, match="can be read in two ways"):
        parse_expression("a - b", {"a": [1], "b": [2], "a - b (eV)": [3]})
