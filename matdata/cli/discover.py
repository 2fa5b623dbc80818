"""``matdata discover RUN DATASET --reference REF``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from matdata.cli import pictures
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch
from matdata.core.printable import printable
from matdata.evaluation.arguments import DISCOVER_OPTIONS, canonical, config_of_discover
from matdata.store.config_file import write_config

if TYPE_CHECKING:
    from matdata.evaluation.discovery.search import Discovery

SHOWN = 20
SCORES = ("precision", "recall", "f1", "prevalence", "daf", "mae")
COUNTS = ("materials", "tp", "fp", "fn", "tn")


def run(given: argparse.Namespace) -> int:
    """Rank candidates, and score the ranking where the truth is known."""
    fields = joined(given, DISCOVER_OPTIONS, canonical)
    need_torch()
    from matdata.evaluation.discovery.request import DiscoverRequest

    request = DiscoverRequest.of(fields)
    if given.write_config:
        write_config(given.write_config, config_of_discover(request))
    from matdata.evaluation.discovery.search import discover_candidates

    console = console_of(given)
    discovery = discover_candidates(request)
    if given.json:
        print_json({**_document(discovery), **pictures.document_of(discovery.pictures)})
    else:
        for line in [*_ranked(discovery), *_scored(discovery.score)]:
            console.say(line)
        if request.output is not None:
            what = "predictions and metadata" if request.submission else "the ranking"
            console.say(f"wrote {what} to {request.output}")
    pictures.report(discovery.pictures, console, given)
    return 0


def _document(discovery: Discovery) -> JsonObject:
    from matdata.training.prediction_files import rows_of

    request = discovery.request
    return {
        "run": request.run.name,
        "dataset": request.dataset.ref,
        "reference": request.hull.stored.ref,
        "reference_digest": request.hull.stored.digest,
        "criterion": request.criterion,
        "budget": request.budget,
        "candidates": len(discovery.ranking),
        "ranked": len(discovery),
        "predicted_stable": int(discovery.ranking.selected.sum()),
        "outside": discovery.outside,
        "rejects": [asdict(reject) for reject in discovery.rejects],
        "columns": {one.name: one.to_metadata() for one in discovery.described()},
        "ranking": rows_of(discovery.columns()),
        "score": discovery.score,
    }


def _ranked(discovery: Discovery) -> list[str]:
    """The first candidates, and how many could not be ranked."""
    request, columns = discovery.request, discovery.columns()
    report = [
        f"{request.dataset.ref}: {len(discovery):,} of {len(discovery.ranking):,} materials ranked "
        f"by {request.criterion} against {request.hull.stored.ref}, "
        f"{int(discovery.ranking.selected.sum()):,} predicted stable"
    ]
    if discovery.rejects:
        report.append(f"  {len(discovery.rejects):,} have no prediction; --json prints all reasons")
    if discovery.outside:
        report.append(f"  {discovery.outside:,} are outside the chemical systems of the reference")
    for row, values in enumerate(zip(*columns.values(), strict=True)):
        if row == SHOWN:
            report.append(f"… {len(columns['rank']):,} in all; --output FILE writes them")
            break
        place, name, formula, mean, std, chance = values
        deviation = "" if std is None else f" ± {std:.3f} eV/atom, P(stable) {chance:.3f}"
        report.append(f"  {place:>4}  {name}  {formula}  {mean:+.3f}{deviation}")
    return report


def _scored(score: JsonObject | None) -> list[str]:
    if score is None:
        return []
    opened = score["opened"]
    state = "read from its record" if score["reused"] else "computed now"
    report = [
        f"score ({state}; truth {score['truth']['column']!r}, opened {opened['when']}): "
        f"{score['scored']:,} materials, without {score['trained_on']:,} that it was trained on "
        "or its split leaves out"
    ]
    if score["scored_before"]:
        criteria = ", ".join(dict.fromkeys(one["criterion"] for one in score["scored_before"]))
        report.append(f"  scored before on these materials, by {criteria}")
    names = (*COUNTS, *SCORES)
    report.append(f"  {'':<18}" + "".join(f" {name:>10}" for name in names))
    rows = list(score["subsets"].items())
    for column, groups in score.get("by", {}).items():
        rows += [(printable(f"{column} {value}"), scores) for value, scores in groups.items()]
    for name, scores in rows:
        counts = "".join(f" {scores[one]:>10,}" for one in COUNTS)
        report.append(f"  {name:<18}{counts}" + "".join(_cell(scores[one]) for one in SCORES))
    brier = score["reliability"]["brier"]
    if brier is not None:
        report.append(f"  Brier score of P(stable): {brier:.4f}")
    pairs = score["polymorphs"]
    if pairs["pairs"]:
        report.append(
            f"  polymorphs: {100 * pairs['share']:.1f} % of {pairs['pairs']:,} pairs of one "
            "formula in the right order"
        )
    curve = score["along"]
    for row, count in enumerate(curve["candidates"]):
        hits = ", ".join(f"{values[row]:,} within {name}" for name, values in curve["hits"].items())
        enrichment = _cell(curve["enrichment"][row]).strip()
        report.append(f"  first {count:,}: enrichment {enrichment}; {hits}")
    return report


def _cell(value: float | None) -> str:
    return f" {'-' if value is None else format(value, '.4f'):>10}"
