"""Amounts as expressions, and years of DOIs, of the source `reactions`."""

from __future__ import annotations

import pytest

from matdata.core.ledger import Unusable
from matdata.sources._arithmetic import MAX_DEPTH, MAX_LENGTH, evaluate
from matdata.sources._doi_years import year_of


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
