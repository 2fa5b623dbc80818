"""Splits of a dataset, and what their parts share: the audit of leaks."""

from __future__ import annotations

from collections.abc import Iterator

from matdata.core.documents import JsonMapping
from matdata.core.errors import MatdataError
from matdata.core.part_names import PARTS
from matdata.reports.dataset.facts import Facts
from matdata.reports.markup import (
    Html,
    Section,
    Table,
    code,
    commands,
    count,
    join,
    note,
    paragraph,
    share,
    subheading,
    tag,
)
from matdata.splits.audit import Overlap, Report
from matdata.splits.saved import audit_split, load_split

#: Splits that are listed, and those that are audited.
LISTED, AUDITED = 30, 4
#: Materials up to which the parts of splits are compared here.
ROWS = 250_000
_LEVELS = {"failure": "a leak", "warning": "perhaps the same material", "information": "expected"}


def splits(facts: Facts) -> Section:
    """The splits, and the audit of the first ones."""
    notes, faults = facts.splits
    body: list[object] = [_fault(one) for one in faults]
    if not notes:
        body += [paragraph("There is no split. This makes one:")]
        body.append(commands([f"matdata split {facts.dataset.ref} --split 70/15/15"]))
        return Section("splits", "Splits and leak audit", body)
    rows = [_row(name, one) for name, one in list(notes.items())[:LISTED]]
    beyond = len(notes) - LISTED
    more = count(beyond, "split") if beyond > 0 else ""
    body.append(Table(("split", "method", *PARTS, "notes"), rows, more=more))
    for name in list(notes)[:AUDITED]:
        body += [subheading(f"What the parts of {name} share"), *_audit(facts, name)]
    if len(notes) > AUDITED:
        body.append(note(f"{count(len(notes) - AUDITED, 'further split')} not audited here; "
                         "matdata audit does it one by one."))  # fmt: skip
    return Section("splits", "Splits and leak audit", body)


def _row(name: str, one: JsonMapping) -> tuple[object, ...]:
    sizes = one.get("sizes", {})
    parts = (f"{sizes[part]:,}" if part in sizes else "–" for part in PARTS)
    return (name, one.get("method", ""), *parts, "; ".join(map(str, one.get("notes", ()))))


def _audit(facts: Facts, name: str) -> Iterator[object]:
    command = f"matdata audit {facts.dataset.ref} --split {name}"
    if facts.n > ROWS:
        yield paragraph(f"Not searched in a report of more than {ROWS:,} materials. This does it:")
        yield commands([command])
        return
    try:
        found = audit_split(facts.dataset, load_split(facts.dataset, name))
    except MatdataError as error:
        yield _fault(error.what)
        return
    yield _verdict(found)
    head = ("key", "parts", "shared", "of", "share", "meaning", "examples")
    yield Table(head, [_overlap(one) for one in found.overlaps])
    if found.skipped:
        yield note(f"Not checked, as there is no such column: {', '.join(found.skipped)}.")
    for key, n in found.unlabelled.items():
        if n:
            yield note(f"{count(n, 'material')} without a value of {key}, which share nothing.")


def _verdict(found: Report) -> Html:
    leaks, warnings = found.shared("failure"), found.shared("warning")
    apart = f" It keeps {', '.join(found.kept_apart)} apart." if found.kept_apart else ""
    if leaks:
        words = tag(
            "span", f"Leaks: {len(leaks)} of the keys that must not be shared are.", class_="bad"
        )
    elif warnings:
        words = tag("span", "Some materials may be on both sides: see the table.", class_="bad")
    else:
        words = tag("span", "No leak under the keys that were checked.", class_="good")
    return paragraph(words, apart)


def _overlap(one: Overlap) -> tuple[object, ...]:
    examples = join(
        (tag("div", code(a, 40), " as ", code(b, 40), ": ", one_value) for a, b, one_value in
         ((a, b, code(value, 60)) for a, b, value in one.examples[:2]))
    )  # fmt: skip
    meaning: object = _LEVELS[one.level] if one.n_shared else "–"
    if one.n_shared and one.level != "information":
        meaning = tag("span", _LEVELS[one.level], class_="bad")
    pair = f"{one.source}\u00a0→\u00a0{one.target}"
    shared = share(one.n_shared, one.n_target)
    return one.key, pair, f"{one.n_shared:,}", f"{one.n_target:,}", shared, meaning, examples


def _fault(what: str) -> Html:
    return paragraph(tag("span", what, class_="bad"))
