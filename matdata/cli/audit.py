"""``matdata audit DATASET``: exit code 1 when train shares with val or test, for CI."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, console_of, pairs_of, print_json, words
from matdata.core.errors import ConfigError, did_you_mean
from matdata.splits.audit import KEYS, Overlap, Report

NEAR = "near_duplicate"


def run(given: argparse.Namespace) -> int:
    """Print what the parts of a split share."""
    from matdata import api

    keys = None if given.keys is None else words(given.keys)
    near = given.near_duplicates or given.judge
    allowed = _allowed(given.allow, (KEYS if keys is None else keys, near))
    dataset = api.open(given.dataset, cache_of(given))
    tolerances = pairs_of(given.set, "--set")
    report = dataset.audit(given.split, keys, near, given.judge, tolerances)
    leaks = [o for o in report.overlaps if _counts(o, allowed)]
    if given.json:
        verdict = {"clean": not leaks, "allowed": list(allowed)}
        print_json({"dataset": dataset.ref, **report.to_json(), **verdict})
    else:
        _print(report, leaks, allowed, given)
    return 1 if leaks else 0


def _allowed(text: str, looked_at: tuple[tuple[str, ...], bool]) -> tuple[str, ...]:
    keys, near = looked_at
    compared = (*keys, *((NEAR,) if near else ()))
    named = words(text)
    for key in named:
        if key not in compared:
            raise ConfigError(
                f"--allow {key!r}: it is not compared by{did_you_mean(key, compared)}",
                next_step=f"compared by: {', '.join(compared)}",
            )
    return named


def _counts(overlap: Overlap, allowed: tuple[str, ...]) -> bool:
    """Whether an overlap makes the audit fail: the model has trained on what measures it."""
    return overlap.source == "train" and overlap.n_shared > 0 and overlap.key not in allowed


def _print(
    report: Report, leaks: list[Overlap], allowed: tuple[str, ...], given: argparse.Namespace
) -> None:
    console = console_of(given)
    for line in report.lines():
        console.say(line)
    if allowed:
        console.say(f"allowed to be shared: {', '.join(allowed)}")
    if leaks:
        named = ", ".join(f"{o.n_shared:,} of {o.target} by {o.key}" for o in leaks)
        console.say(f"LEAKS: train shares with {named}")
    else:
        console.say("clean: train shares nothing that is not allowed with val or test")
