"""The source `reactions`: amounts, compositions, conditions, layouts, and the real release."""

from __future__ import annotations

import lzma
import re
from collections import Counter

import pytest
from support.crystals import real
from support.reactions import CARBONATE, TITANIA, between, material, record, step, write_release

from matdata.core.errors import ConfigError, SourceError
from matdata.core.ledger import Unusable
from matdata.sources import find_source
from matdata.sources._arithmetic import MAX_DEPTH, MAX_LENGTH, evaluate
from matdata.sources._doi_years import year_of
from matdata.sources.base import Request


@pytest.fixture
def read(tmp_path):
    """Rows and rejects of records of a release."""

    def read(*records, **query):
        path = write_release(tmp_path / "r.json", [record(), *records])
        (chunk,) = find_source(f"reactions:{path}", Request(query=query)).chunks()
        names = [name for name in chunk.table if name != "material_id"]
        rows = [{name: chunk.table[name][k] for name in names} for k in range(len(chunk))]
        return rows[1:], [(reject.reason, reject.message) for reject in chunk.rejects]

    return read


# arithmetic


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        ("0.25", 0.25),
        (".5", 0.5),
        ("1.5e-1", 0.15),
        ("5.5-x", 5.3),
        ("-x+z+9.33", 9.63),
        ("+2.5 - del_O", 2.5),
        ("x*(-z+1)", 0.1),
        ("(x-1)*(z-1)", 0.4),
        ("3*z/2", 0.75),
        ("1-x/2/2", 0.95),
        ("2-δ", 1.9),
        ("- -x", 0.2),
        ("2-z-x", 1.3),
    ],
)
def test_expressions_are_evaluated(text, value):
    given = {"x": 0.2, "z": 0.5, "δ": 0.1, "del_O": 0.0}
    assert evaluate(text, given) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("1-y", "unresolved_variable", "y in '1-y' has no value"),
        ("", "unparsable", "ends too early"),
        ("1-", "unparsable", "ends too early"),
        ("(1-x", "unparsable", "bracket is not closed"),
        ("1-x)", "unparsable", "'\\)' is not expected"),
        ("2x", "unparsable", "'x' is not expected"),
        ("x**2", "unparsable", "'\\*' is not expected"),
        ("x^2", "unparsable", "'\\^' is not understood"),
        ("1/(x-x)", "unparsable", "divides by zero"),
        ("1e300*1e300", "unparsable", "not finite"),
        ("__import__('os')", "unresolved_variable|unparsable", "__import__|not understood"),
        ("x.real", "unparsable", "'.' is not understood"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), "unparsable", "deeper than 32"),
        ("-" * 400 + "1", "unparsable", "deeper than 32"),
        ("1+" * MAX_LENGTH + "1", "unparsable", "1,001 characters"),
        ("١", "unparsable", "not understood"),
    ],
)
def test_what_is_no_expression_is_refused(text, reason, message):
    with pytest.raises(Unusable, match=message) as caught:
        evaluate(text, {"x": 0.2})
    assert caught.value.reason in reason.split("|")


# compositions


def test_variables_are_the_mean_of_their_range(read):
    target = material(
        "Ba1-xSrxTiO3",
        {"Ba": "1-x", "Sr": "x", "Ti": "1", "O": "3"},
        amounts_vars={"x": between(0.1, 0.3)},
    )
    sides = [{"material": "TiO2", "amount": "1"}, {"material": "BaCO3", "amount": "1-x"}]
    (row,), rejects = read(record(target=target, reaction={"left_side": sides}))
    assert not rejects
    assert row["formula"] == "Ba0.8Sr0.2TiO3"
    assert row["precursors"] == [
        {"formula": "TiO2", "amount": 1.0},
        {"formula": "BaCO3", "amount": 0.8},
    ]
    assert row["product_fractions"][55] == pytest.approx(0.16)
    assert sum(row["product_fractions"]) == pytest.approx(1.0)
    assert len(row["product_fractions"]) == 118


def test_elements_are_substituted_else_the_first_is_taken(read):
    target = material("MTiO3", {"M": "1", "Ti": "1", "O": "3"}, elements_vars={"M": ["Ca", "Sr"]})
    first = record(target=target)
    chosen = record(target=target, reaction={"element_substitution": {"M": "Sr"}})
    rows, rejects = read(first, chosen)
    assert not rejects
    assert [row["formula"] for row in rows] == ["CaTiO3", "SrTiO3"]


def test_an_element_that_stands_twice_is_added_up(read):
    target = material(
        "Ba0.5M0.5TiO3",
        {"Ba": "0.5", "M": "0.5", "Ti": "1", "O": "3"},
        elements_vars={"M": ["Ba"]},
    )
    (row,), _ = read(record(target=target))
    assert row["formula"] == "BaTiO3"


def test_phases_are_weighted(read):
    phases = (
        {"Ba": "1", "Ti": "1", "O": "3", "amount": "1-x"},
        {"Sr": "1", "Ti": "1", "O": "3", "amount": "x"},
    )
    target = material("(1-x)BaTiO3-xSrTiO3", *phases, amounts_vars={"x": between(0.25, 0.25)})
    (row,), _ = read(record(target=target))
    assert row["formula"] == "Ba0.75Sr0.25TiO3"


DEFICIENT = material("BaTiO3-δ", {"Ba": "1", "Ti": "1", "O": "3 - del_O"})


def test_oxygen_deficiency_is_dropped_or_taken_as_whole(read):
    rows, rejects = read(record(target=DEFICIENT))
    assert rows == []
    assert rejects == [
        ("unresolved_variable", "BaTiO3-δ: del_O in '3 - del_O' has no value"),
    ]
    (row,), rejects = read(record(target=DEFICIENT), oxygen_deficiency="zero")
    assert (row["formula"], rejects) == ("BaTiO3", [])


ACETATE = material("Ba(CH3COO)2", {"Ba": "1", "C": "4", "H": "6", "O": "4"})
NEGATIVE = material(
    "Ba1-xTiO3", {"Ba": "1-x", "Ti": "1", "O": "3"}, amounts_vars={"x": between(1, 3)}
)
UNVALUED = material("BaxTiO3", {"Ba": "x", "Ti": "1"}, amounts_vars={"x": between(None, None)})


@pytest.mark.parametrize(
    ("change", "reason", "message"),
    [
        ({"target": UNVALUED}, "unresolved_variable", "BaxTiO3: x in 'x' has no value"),
        (
            {"target": material("MTiO3", {"M": "1", "Ti": "1"})},
            "unresolved_variable",
            "M stands for elements",
        ),
        ({"target": NEGATIVE}, "negative_amount", "Ba1-xTiO3: -1 of Ba"),
        ({"precursors": [TITANIA, ACETATE]}, "organic", r"Ba\(CH3COO\)2: carbon"),
        ({"target": material("Ti", {"Ti": "1"})}, "one_element", "Ti is an element"),
        ({"target": material("Ba(Ti", {"Ba": "1)", "Ti": "1"})}, "unparsable", "Ba.Ti: the amount"),
        ({"target": material("BaTiO3 film")}, "unparsable", "it has no composition"),
        ({"precursors": [TITANIA]}, "few_precursors", "1 precursor"),
        ({"precursors": []}, "no_precursors", "no precursors"),
        ({"precursors": None}, "no_precursors", "no precursors"),
        ({"precursors": [TITANIA] * 11}, "many_precursors", "11 precursors, at most 10"),
        ({"operations": [step("Stirring")]}, "unknown_operation", "'Stirring' is none of .*Mixing"),
        (
            {"reaction": {"left_side": [{"material": "TiO2", "amount": "-1"}]}},
            "negative_amount",
            "-1 of the precursor TiO2",
        ),
        (
            {"reaction": {"left_side": [{"material": "TiO2", "amount": "1-1"}]}},
            "zero_amount",
            "0 of the precursor TiO2",
        ),
        (
            {"reaction": {"left_side": [{"material": "TiO2", "amount": 1}]}},
            "other_layout",
            "'amount' is 1, expected a text",
        ),
        ({"target": []}, "other_layout", "'target' is .*expected a JSON object"),
        ({"precursors": "TiO2"}, "other_layout", "expected a list of JSON objects"),
        ({"doi": None}, "other_layout", "'doi' is None"),
    ],
)
def test_what_is_left_out_is_a_ledger_row_with_its_reason(read, change, reason, message):
    rows, rejects = read(record(**change))
    assert rows == []
    ((got, text),) = rejects
    assert got == reason
    assert re.search(message, text), text


def test_records_of_another_layout_are_told_from_each_other(read):
    lacking = record()
    del lacking["operations"]
    rows, rejects = read(lacking, 7, record())
    assert len(rows) == 1
    assert [reason for reason, _ in rejects] == ["other_layout", "unreadable"]
    assert "no 'operations'; it has doi, reaction_string" in rejects[0][1]


def test_settings_decide_what_is_kept(read):
    three = record(precursors=[TITANIA, CARBONATE, ACETATE])
    rows, rejects = read(three, organic="keep")
    assert (len(rows), rejects) == (1, [])
    rows, rejects = read(record(precursors=[TITANIA, CARBONATE, TITANIA]), max_precursors=2)
    assert (rows, rejects[0][0]) == ([], "many_precursors")
    with pytest.raises(ConfigError, match="oxygen_deficiency"):
        read(oxygen_deficiency="one")


# the other columns


def test_operations_conditions_source_and_label(read):
    celsius = [
        {"max_value": 1200.0, "min_value": 1000.0, "values": [], "units": "C"},
        {"max_value": None, "min_value": None, "values": [900.0], "units": "C"},
    ]
    hours = [{"max_value": 12.0, "min_value": None, "values": [12.0], "units": "h"}]
    operations = [
        step("Mixing"),
        step("HeatingOperation", heating_temperature=celsius, heating_time=hours),
        step("QuenchingOperation", heating_temperature=[]),
    ]
    (row, bare), _ = read(record(operations=operations), record(operations=[], doi="10.1/x"))
    assert row["operations"] == ["mix", "heat", "quench"]
    assert row["conditions"] == [
        {
            "operation": 1,
            "temperature_min": 900.0,
            "temperature_max": 1200.0,
            "time_min": 12.0,
            "time_max": 12.0,
        }
    ]
    assert (row["max_temperature"], row["max_time"], row["n_precursors"]) == (1200.0, 12.0, 2)
    assert (row["doi"], row["year"]) == ("10.1016/j.jssc.2008.01.015", 2008)
    assert row["reaction"] == "BaCO3 + TiO2 = BaTiO3"
    assert row["equation"] == "1 TiO2 + 1 BaCO3 == 1 BaTiO3 + 1 CO2"
    assert (bare["operations"], bare["conditions"], bare["year"]) == (None, None, None)
    assert bare["max_temperature"] is None


def test_a_temperature_in_another_unit_is_refused(read):
    fahrenheit = [{"max_value": 1200.0, "min_value": None, "values": [], "units": "F"}]
    step_ = step("HeatingOperation", heating_temperature=fahrenheit)
    rows, ((reason, message),) = read(record(operations=[step_]))
    assert (rows, reason) == ([], "other_layout")
    assert "'heating_temperature' is 'F', expected numbers in C" in message


def test_a_precursor_that_the_equation_leaves_out_has_no_amount(read):
    dopant = material("Eu2O3", {"Eu": "2", "O": "3"})
    (row,), _ = read(record(precursors=[TITANIA, CARBONATE, dopant]))
    assert row["precursors"][2] == {"formula": "Eu2O3", "amount": None}


@pytest.mark.parametrize(
    ("doi", "year"),
    [
        ("10.1016/j.jssc.2008.01.015", 2008),
        ("10.1016/s0921-5093(02)00475-6", 2002),
        ("10.1016/S0025-5408(97)00747-4", 1997),
        ("10.1016/j.heliyon.2018.e00555", 2018),
        ("10.1007/s10854-018-9282-y", 2018),
        ("10.1038/s41598-017-08160-1", 2017),
        ("10.1111/j.1551-2916.2006.00961.x", 2006),
        ("10.1039/C4DT02335H", 2014),
        ("10.1039/b910335j", 2009),
        ("10.1021/cm010528i", None),
        ("10.1103/PhysRevB.82.094426", None),
        ("10.1149/2.0181707jss", None),
        ("10.1016/j.x.2061.01.015", None),
        ("10.1/2008", None),
    ],
)
def test_years_are_those_that_a_doi_names(doi, year):
    assert year_of(doi) == year


# files


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
