"""The year that a DOI names, where its publisher writes one into it."""

from __future__ import annotations

import re

FIRST_YEAR, LAST_YEAR = 1950, 2049
#: Elsevier (j.jssc.2008.01.015, j.heliyon.2018.e00555) and Wiley (j.1551-2916.2006.00961.x).
_FULL_YEAR = (
    re.compile(r"10\.1016/j\.[a-z0-9]+\.(\d{4})\.(?:\d{2}\.\d+|e\d+)"),
    re.compile(r"10\.1111/j\.\d{4}-\d{3}[\dx]\.(\d{4})\.\d+\.x"),
)
#: Springer and Nature: s10853-010-5039-6 is of 2010.
_SINCE_2000 = re.compile(r"10\.(?:1007|1038|1617)/s\d{5}-0(\d{2})-\d+-[\da-z]")
#: Elsevier before 2003: s0921-5093(02)00475-6.
_OF_CENTURY = re.compile(r"10\.1016/s\d{4}-\d{3}[\dx]\((\d{2})\)\d{5}-[\dx]")
#: Royal Society of Chemistry: a letter for the decade (a from 1990), a digit for the year.
_DECADE = re.compile(r"10\.1039/([a-d])(\d)[a-z]{0,2}\d{4,5}[a-z]")


def year_of(doi: str) -> int | None:
    """Year in which a DOI was registered, as it states it; None if it states none.

    Publishers register a paper when they accept it, so the year of its issue can be the next one.
    A DOI of any other form (ACS, APS, ECS, most of Wiley and Nature) has no year here.
    """
    text = doi.strip().lower()
    year: int | None = None
    for pattern in _FULL_YEAR:
        if match := pattern.fullmatch(text):
            year = int(match[1])
    if match := _SINCE_2000.fullmatch(text):
        year = 2000 + int(match[1])
    if match := _OF_CENTURY.fullmatch(text):
        digits = int(match[1])
        year = digits + (2000 if digits < 50 else 1900)
    if match := _DECADE.fullmatch(text):
        year = 1990 + 10 * "abcd".index(match[1]) + int(match[2])
    return year if year is not None and FIRST_YEAR <= year <= LAST_YEAR else None
