"""Damaged inputs of all kinds: an error that says so, or a dataset that holds what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.cases import Case
from fuzz.kinds import KINDS
from fuzz.pool import Zygotes
from fuzz.records import Record, differences
from fuzz.report import Report, cases

pytestmark = pytest.mark.slow

IN_CI = 16 * len(KINDS)


@pytest.fixture(scope="module")
def zygotes(asked):
    with Zygotes(asked("--fuzz-workers")) as running:
        yield running


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.truth], ids=lambda k: k.name
)
def test_readers_know_the_seeds(kind):
    """What judges matdata reads undamaged seeds as they were meant."""
    for variant, truth in enumerate(kind.truth):
        case = Case(kind, -variant)
        entries = case.reading(case.input()[0]).entries
        assert len(entries) == len(truth)
        for entry, record in zip(entries, truth, strict=True):
            assert isinstance(entry.content, Record), entry
            row = Record(record.id, record.crystal, record.amounts, record.values)
            assert differences(entry.content, row) == []


def test_damaged_inputs(zygotes, asked, capsys):
    only = (asked("--fuzz-only") or ",".join(KINDS)).split(",")
    names = [name for name in only if ":" in name]
    kinds = [name for name in only if ":" not in name]
    if kinds:
        names += cases(kinds, asked("--fuzz") or IN_CI, asked("--fuzz-seed") or 0)
    report = Report()
    for answer in zygotes.map(names):
        report.add(answer)
    with capsys.disabled():
        print("\n" + report.table())
    folder = asked("--fuzz-findings")
    if folder:
        report.store(Path(folder), zygotes)
    assert not report.failing, f"{len(report.failing)} of {len(names)} inputs:\n{report.table()}"
