"""``matdata discover RUN DATASET --reference REF``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch
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
    found = discover_candidates(request)
    if given.json:
        print_json(_document(found))
        return 0
    for line in [*_ranked(found), *_scored(found.score)]:
        console.say(line)
    if request.output is not None:
        console.say(f"wrote the ranking to {request.output}")
    return 0


def _document(found: Discovery) -> JsonObject:
    from matdata.training.prediction_files import rows_of

    request = found.request
    return {
        "run": request.run.name,
        "dataset": request.dataset.ref,
        "reference": request.hull.stored.ref,
        "reference_digest": request.hull.stored.digest,
        "criterion": request.criterion,
        "budget": request.budget,
        "candidates": len(found.ranking),
        "ranked": len(found),
        "predicted_stable": int(found.ranking.selected.sum()),
        "outside": found.outside,
        "rejects": [asdict(reject) for reject in found.rejects],
        "columns": {one.name: one.to_metadata() for one in found.described()},
        "ranking": rows_of(found.columns()),
        "score": found.score,
    }


def _ranked(found: Discovery) -> list[str]:
    """The first candidates, and how many could not be ranked."""
    request, columns = found.request, found.columns()
    report = [
        f"{request.dataset.ref}: {len(found):,} of {len(found.ranking):,} materials ranked by "
        f"{request.criterion} against {request.hull.stored.ref}, "
        f"{int(found.ranking.selected.sum()):,} predicted stable"
    ]
    if found.rejects:
        report.append(f"  {len(found.rejects):,} have no prediction; --json prints all reasons")
    if found.outside:
        report.append(f"  {found.outside:,} are outside the chemical systems of the reference")
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
        f"{score['scored']:,} materials, without {score['trained_on']:,} the run was trained on"
    ]
    names = (*COUNTS, *SCORES)
    report.append(f"  {'':<18}" + "".join(f" {name:>10}" for name in names))
    for name, scores in score["subsets"].items():
        counts = "".join(f" {scores[one]:>10,}" for one in COUNTS)
        report.append(f"  {name:<18}{counts}" + "".join(_cell(scores[one]) for one in SCORES))
    brier = score["reliability"]["brier"]
    if brier is not None:
        report.append(f"  Brier score of P(stable): {brier:.4f}")
    curve = score["along"]
    for row, count in enumerate(curve["candidates"]):
        hits = ", ".join(f"{values[row]:,} within {name}" for name, values in curve["hits"].items())
        enrichment = _cell(curve["enrichment"][row]).strip()
        report.append(f"  first {count:,}: enrichment {enrichment}; {hits}")
    return report


def _cell(value: float | None) -> str:
    return f" {'-' if value is None else format(value, '.4f'):>10}"
