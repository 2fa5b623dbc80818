"""The source `reactions`: amounts, compositions, conditions, layouts, and the real release."""

from __future__ import annotations

import copy
import re

import pytest
from support.reactions import CARBONATE, TITANIA, between, material, record, step, write_release

from matdata.core.elements import atomic_number
from matdata.core.errors import ConfigError
from matdata.core.ledger import UNEXPECTED
from matdata.sources import find_source
from matdata.sources._reaction_amounts import is_organic
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
        ({"reaction_string": 5}, "other_layout", "'reaction_string' is 5"),
        (
            {"reaction": {"element_substitution": {"M": 1}}},
            "other_layout",
            "'element_substitution' is 1, expected an element for M",
        ),
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


@pytest.mark.parametrize(
    ("amounts", "organic"),
    [
        ({"C": 1, "O": 3, "Ba": 1}, False),
        ({"C": 1, "Si": 1}, False),
        ({"C": 1, "H": 1, "O": 3, "Na": 1}, False),
        ({"C": 2, "O": 4, "Fe": 1}, True),
        ({"C": 6, "H": 8, "O": 7}, True),
        ({"O": 1, "H": 2}, False),
        ({"C": 1, "O": 2}, False),
    ],
)
def test_what_is_organic(amounts, organic):
    assert is_organic({atomic_number(one): n for one, n in amounts.items()}) is organic


# the other columns


@pytest.mark.slow
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


@pytest.mark.slow
def test_no_value_of_a_record_is_unexpected(tmp_path):
    """Every value of a record is replaced by others in turn: a row, or a reason of its own."""
    swapped = [None, 7, 10**400, -1.5, "x", "", [], [1], ["x"], {}, {"x": 1}, True, [[]], [{}]]
    heated = step("HeatingOperation", heating_temperature=[{**between(1, 2), "units": "C"}])
    target = material("M1-xO", {"M": "1-x", "O": "1"}, amounts_vars={"x": between(0, 1)})
    target["elements_vars"] = {"M": ["Ba"]}
    whole = record(target=target, operations=[heated])
    whole["reaction"]["element_substitution"] = {"M": "Sr"}
    records = [other for place in paths_of(whole) for other in replaced(whole, place, swapped)]
    path = write_release(tmp_path / "r.json", [whole, *records])
    chunks = list(find_source(f"reactions:{path}", Request()).chunks())
    reasons = {reject.reason for chunk in chunks for reject in chunk.rejects}
    assert "other_layout" in reasons
    assert UNEXPECTED not in reasons, [
        reject.message
        for chunk in chunks
        for reject in chunk.rejects
        if reject.reason == UNEXPECTED
    ][:5]
    assert sum(len(chunk) + len(chunk.rejects) for chunk in chunks) == len(records) + 1
    assert len(records) > 500


def paths_of(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield (*path, key)
        if isinstance(item, (dict, list)):
            yield from paths_of(item, (*path, key))


def replaced(whole, place, values):
    for value in values:
        other = copy.deepcopy(whole)
        held = other
        for key in place[:-1]:
            held = held[key]
        held[place[-1]] = value
        yield other


def test_two_amounts_of_a_precursor_are_refused(read):
    sides = [{"material": "TiO2", "amount": "1"}, {"material": "TiO2", "amount": "2"}]
    rows, rejects = read(record(reaction={"left_side": sides}))
    assert not rows
    assert rejects == [("repeated_amount", "the equation has 2 amounts of TiO2")]


@pytest.mark.parametrize("amount", ["10000000000", "0.0000001"])
def test_amounts_that_no_formula_has_are_named(read, amount):
    target = material("BaTiO3", {"Ba": amount, "Ti": "1", "O": "3"})
    rows, [(reason, message)] = read(record(target=target))
    assert not rows
    assert reason == "amount_out_of_range"
    assert message == f"BaTiO3: {float(amount):.4g} of Ba, expected 1e-06 to 1e+09"
