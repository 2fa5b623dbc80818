"""The funnel of a dataset, and what was lost on the way, with examples."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from matdata.curate.funnel_report import table
from matdata.reports.dataset.facts import Facts
from matdata.reports.markup import (
    Section,
    Table,
    code,
    count,
    figure,
    join,
    paragraph,
    share,
    tag,
)
from matdata.reports.svg.bars import horizontal_bars
from matdata.store import tables

#: Reasons that are listed, and records that each names.
REASONS, EXAMPLES = 25, 3


def funnel(facts: Facts) -> Section:
    """Records that each step left."""
    rows = table(facts.dataset.funnel())
    if not rows:
        return Section("funnel", "Funnel", [paragraph("No funnel is on record.")])
    bars = [(str(row["filter"]), int(row["number"])) for row in rows]
    first = bars[0][1]
    cells = [
        (
            row["filter"],
            f"{int(row['number']):,}",
            share(int(row["number"]), first),
            ", ".join(f"{n:,} {why}" for why, n in row["removed"].items()) or "–",
        )
        for row in rows
    ]
    picture = figure(horizontal_bars(bars, "Records that are left after each step"))
    head = ("step", "records left", "of all", "removed")
    return Section("funnel", "Funnel", [picture, Table(head, cells)])


def losses(facts: Facts) -> Section:
    """What was lost and why, with examples from the ledger."""
    ledger = tables.read_arrow(facts.dataset.checked("ledger.parquet"))
    if not len(ledger):
        return Section("losses", "What was lost", [paragraph("Nothing: the ledger is empty.")])
    reasons = list(_reasons(ledger))
    rows = [
        (stage, code(reason), f"{n:,}", join((_example(one) for one in some), ""))
        for stage, reason, n, some in reasons[:REASONS]
    ]
    more = count(len(reasons) - REASONS, "reason") if len(reasons) > REASONS else ""
    head = ("stage", "reason", "records", "examples, with what is wrong")
    text = paragraph(
        f"{count(len(ledger), 'record')} that could not be used, by reason. The ledger lists them "
        "all: ",
        code(f"matdata show {facts.dataset.ref} ID"),
        " says what became of one.",
    )
    return Section("losses", "What was lost", [text, Table(head, rows, more=more)])


def _reasons(ledger: pa.Table) -> Iterable[tuple[str, str, int, list[dict[str, str]]]]:
    groups = ledger.group_by(["stage", "reason"]).aggregate([([], "count_all")]).to_pylist()
    groups.sort(key=lambda one: (-one["count_all"], one["stage"], one["reason"]))
    for group in groups:
        of_group = ledger
        if len(groups) > 1:
            same = pc.and_(
                pc.equal(ledger.column("stage"), group["stage"]),
                pc.equal(ledger.column("reason"), group["reason"]),
            )
            of_group = ledger.filter(same) if groups.index(group) < REASONS else ledger.slice(0, 0)
        some = of_group.slice(0, EXAMPLES).to_pylist()
        yield group["stage"], group["reason"], group["count_all"], some


def _example(row: dict[str, str]) -> object:
    return tag("div", code(row["material_id"], 60), " ", tag("span", row["message"], class_="note"))
