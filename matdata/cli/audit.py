"""``matdata audit DATASET``: what the parts of a split share, judged by what the split is for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from matdata.cli.common import cache_of, console_of, pairs_of, print_json
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.exit_codes import ExitCode
from matdata.core.given import words
from matdata.splits.audit import Overlap, Report
from matdata.splits.purpose import NEAR


def run(given: argparse.Namespace) -> int:
    """Print what the parts of a split share; 1 if they share what they may not.

    Raises
    ------
    ConfigError
        If tolerances are given for near duplicates that are not searched, or a key is allowed or
        forbidden by which nothing is compared.
    """
    from matdata import api

    keys = None if given.keys is None else words(given.keys)
    near = given.near_duplicates or given.judge
    dataset = api.open(given.dataset, cache_of(given))
    tolerances = pairs_of(given.set, "--set")
    report = dataset.audit(given.split, keys, near, given.judge, tolerances, given.scheduler)
    allowed = _keys(given.allow, "--allow", report)
    forbidden = _keys(given.forbid, "--forbid", report)
    failures = [o for o in report.overlaps if _fails(o, allowed, forbidden)]
    if given.json:
        verdict = {"clean": not failures, "allowed": list(allowed), "forbidden": list(forbidden)}
        print_json({"dataset": dataset.ref, **report.to_json(), **verdict})
    else:
        comparable = "n_sites" in dataset.columns  # there are structures
        _print(report, failures, allowed, given, comparable)
    return ExitCode.FAILED if failures else ExitCode.DONE


def _fails(overlap: Overlap, allowed: tuple[str, ...], forbidden: tuple[str, ...]) -> bool:
    """Whether it is a leak: by what the split is for, or by a key that the user named."""
    if not overlap.n_shared or overlap.key in allowed:
        return False
    trained_on = overlap.source == "train" and overlap.key in forbidden
    return overlap.level == "failure" or trained_on


def _keys(text: str | None, option: str, report: Report) -> tuple[str, ...]:
    compared = tuple(dict.fromkeys([*(o.key for o in report.overlaps), *report.skipped]))
    named = words(text)
    for key in named:
        if key not in compared:
            raise ConfigError(
                f"{option} {key!r}: it is not compared by{did_you_mean(key, compared)}",
                next_step=f"compared by: {', '.join(compared)}",
            )
    return named


def _print(
    report: Report,
    failures: Sequence[Overlap],
    allowed: tuple[str, ...],
    given: argparse.Namespace,
    comparable: bool,
) -> None:
    console = console_of(given)
    for line in report.lines():
        console.say(line)
    if allowed:
        console.say(f"allowed to be shared: {', '.join(allowed)}")
    warnings = [o for o in report.shared("warning") if o.key not in allowed and o not in failures]
    if warnings:
        searched = any(o.key == NEAR for o in report.overlaps)
        advice = "; --near-duplicates compares the structures"
        advice = advice if comparable and not searched else ""
        console.warn(f"perhaps the same material on both sides: {_named(warnings)}{advice}")
    if failures:
        console.say(f"LEAKS: {_named(failures)}")
    else:
        console.say("clean: nothing is shared that this split keeps apart")


def _named(overlaps: Sequence[Overlap]) -> str:
    """``train shares with 2 of val by formula``, …."""
    return ", ".join(
        f"{o.source} shares with {o.n_shared:,} of {o.target} by {o.key}" for o in overlaps
    )
