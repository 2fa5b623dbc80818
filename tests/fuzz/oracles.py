"""What is wrong with the outcome of a build, if anything."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fuzz.cases import Case
from fuzz.containers import Content
from fuzz.records import Broken, Reading, Record, Refused, differences

SECONDS, MEGABYTES = 10.0, 1024
REPLAYED = 5  # records of the replay file
HARMLESS = ("repeated_id",)  # two records of one name, one of which goes


@dataclass
class Outcome:
    """What a build did, as it was seen from outside, and the dataset that it made."""

    code: int | None = None
    error: str = ""
    crash: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0
    rows: list[Record] | None = None
    rejects: list[tuple[str, str, str]] = field(default_factory=list)
    funnel: list[dict[str, Any]] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its class, by which findings are counted, and the detail."""

    kind: str
    detail: str


def judge(case: Case, data: Content | bytes, outcome: Outcome) -> list[Finding]:
    """All that is wrong; empty if nothing is."""
    found = list(_outside(outcome))
    if outcome.crash:
        return found
    if outcome.rows is not None:
        found += _funnel(outcome)
    truth = case.kind.truth
    known = truth[case.variant()] if truth is not None else None
    try:
        reading = case.reading(data)
    except Broken as broken:
        return found + _of_broken(outcome, known, str(broken))
    seed = case.reading(case.seed_content())
    if outcome.rows is None:
        return found + _lost(reading, seed, outcome)
    return found + _of_rows(reading, seed, outcome, known or [])


def _outside(outcome: Outcome) -> list[Finding]:
    found = []
    if outcome.crash:
        found.append(Finding("traceback", outcome.crash))
    elif outcome.code == 0 and outcome.rows is None:
        found.append(Finding("exit code", "0 without a dataset"))
    elif outcome.code != 0 and outcome.rows is not None:
        found.append(Finding("exit code", f"{outcome.code} with a dataset"))
    elif outcome.code != 0 and "error:" not in outcome.error:
        found.append(Finding("exit code", f"{outcome.code} without a word"))
    if outcome.seconds > SECONDS:
        found.append(Finding("slow", f"{outcome.seconds:.0f} s of CPU"))
    if outcome.megabytes > MEGABYTES:
        found.append(Finding("memory", f"{outcome.megabytes:.0f} MB"))
    return found + [Finding("litter", plain(one)) for one in outcome.litter]


def _funnel(outcome: Outcome) -> list[Finding]:
    rows = outcome.rows or []
    steps = outcome.funnel
    whole = bool(steps) and steps[-1]["kept"] == len(rows)
    whole &= bool(steps) and steps[0]["entered"] == len(rows) + len(outcome.rejects)
    for before, after in itertools.pairwise(steps):
        whole &= before["kept"] == after["entered"]
    for step in steps:
        whole &= step["entered"] - sum(step["removed"].values()) == step["kept"]
    return [] if whole else [Finding("funnel", "the steps do not add up")]


def _of_broken(outcome: Outcome, known: Sequence[Record] | None, why: str) -> list[Finding]:
    """A damaged container is an error, or holds what it held, with a reject for what is lost."""
    if outcome.rows is None:
        return []
    if known is None:  # a replay: matdata itself demands its digest, so it must be whole
        whole = not outcome.rejects and len(outcome.rows) == REPLAYED
        return [] if whole else [Finding("damaged container taken", plain(why))]
    fewer = len(outcome.rows) + len(outcome.rejects) < len(known)
    other = any(_fitting(row, known) is None for row in outcome.rows)
    if not fewer and not other:
        return []
    words = ", records lost" * fewer + ", other values" * other
    return [Finding("damaged container taken", plain(why) + words)]


def _lost(reading: Reading, seed: Reading, outcome: Outcome) -> list[Finding]:
    """An error for the whole input, though records of it were not touched."""
    if not _sound(reading, seed) or not reading.counted:
        return []
    return [Finding("sound records lost to one error", plain(outcome.error.split("error: ")[-1]))]


def _sound(reading: Reading, seed: Reading) -> list[Any]:
    """Entries that the damage did not touch, where nothing that all share was touched."""
    untouched = {entry.raw for entry in seed.entries}
    if reading.shared != seed.shared:
        return []
    return [
        entry
        for entry in reading.entries
        if entry.raw in untouched and isinstance(entry.content, Record)
    ]


def _of_rows(
    reading: Reading, seed: Reading, outcome: Outcome, known: Sequence[Record]
) -> list[Finding]:
    rows = list(outcome.rows or [])
    found = []
    refused = [entry.content for entry in reading.entries if isinstance(entry.content, Refused)]
    strict, free = any(one.strictly for one in refused), any(one.open for one in refused)
    seen = len(rows) + len(outcome.rejects)
    if reading.counted and not free and seen != len(reading.entries):
        less = "fewer" if seen < len(reading.entries) else "more"
        found.append(Finding("count", f"{less} rows and rejects than records"))
    said = [entry.content for entry in reading.entries if isinstance(entry.content, Record)]
    sound = [entry.content for entry in _sound(reading, seed)]
    for row in rows:
        match = _fitting(row, said)
        if match is not None:
            said.remove(match)
        elif not free and (strict or not _explained(row, known)):
            found.append(_altered(row, [*said, *known], reading))
    for record in sound:
        if _fitting_row(record, rows) is None:
            reasons = [reason for name, reason, _ in outcome.rejects if record.id in (None, name)]
            if not set(reasons) & set(HARMLESS):
                word = plain(reasons[0]) if reasons else "without a reason"
                found.append(Finding("sound record rejected", word))
                break
    return found


def _fitting(row: Record, records: Sequence[Record]) -> Record | None:
    return next((one for one in records if not differences(one, row)), None)


def _explained(row: Record, known: Sequence[Record]) -> bool:
    """Whether a row is an undamaged record, but for values whose names the damage took away.

    A column of another name is another column: the value is missing where it was, and a record
    whose id has another name is called by its place.
    """
    ids = {one.id for one in known}
    gone = {f"value {name}" for one in known for name in one.values if row.values.get(name) is None}
    gone |= {"id"} if row.id not in ids else set()
    return any(set(differences(one, row)) <= gone for one in known)


def _fitting_row(record: Record, rows: Sequence[Record]) -> Record | None:
    return next((row for row in rows if not differences(record, row)), None)


def _altered(row: Record, records: Sequence[Record], reading: Reading) -> Finding:
    """The row that no record explains, with what differs from the record nearest to it."""
    refused = any(isinstance(entry.content, Refused) for entry in reading.entries)
    near = min((differences(one, row) for one in records), key=len, default=["everything"])
    words = ", ".join(near) or "nothing, but its record says that it cannot be used"
    return Finding("taken though unreadable" if refused else "altered", words)


def plain(text: str) -> str:
    """A message without what changes from case to case, so that equal faults are counted once."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    line = re.sub(r"\S*/\S+", "PATH", line).partition(": ")[0]
    line = re.sub(r"'[^']*'|\"[^\"]*\"", "…", line)
    return re.sub(r"\d+", "N", line)[:90]
