"""``matdata diff A B``: exit code 0 whether or not anything differs; ``--exit-code`` for CI."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from matdata.cli.common import cache_of, console_of, pairs_of, print_json
from matdata.core.exit_codes import ExitCode
from matdata.core.printable import short_value
from matdata.datasets.diff import Change, Diff, Tolerances, compare
from matdata.datasets.sides import sides_of

SHOWN = 10  # materials of each kind of change that are named


def run(given: argparse.Namespace) -> int:
    """Print what changed between two datasets, or two snapshots."""
    tolerances = Tolerances.from_mapping(pairs_of(given.set, "--set"))
    before, after = sides_of(cache_of(given), given.dataset, given.other)
    diff = compare(before, after, tolerances)
    if given.json:
        print_json(diff.to_json())
    else:
        console = console_of(given)
        for line in _lines(diff):
            console.say(line)
    return ExitCode.FAILED if given.exit_code and not diff.is_empty else ExitCode.DONE


def _lines(diff: Diff) -> Iterable[str]:
    yield f"{diff.before} -> {diff.after}"
    for what, count in diff.counts().items():
        yield f"  {what:<18} {count:>8,}"
    yield f"  {'unchanged':<18} {diff.unchanged:>8,}"
    for name, (old, new) in diff.units.items():
        yield f"  {name} is not compared: {old or 'no unit'} before, {new or 'no unit'} after"
    details = {
        "added": diff.added,
        "removed": [f"{identity} ({why})" for identity, why in diff.removed.items()],
        "deprecated": diff.deprecated,
        "polymorph swapped": [f"{formula}: {a} -> {b}" for formula, a, b in diff.swapped],
        "retargeted": map(_change, diff.retargeted),
        "structure changed": map(_change, diff.restructured),
    }
    for what, rows in details.items():
        named = list(rows)
        for row in named[:SHOWN]:
            yield f"{what}: {row}"
        if len(named) > SHOWN:
            yield f"{what}: and {len(named) - SHOWN:,} more (--json lists them all)"


def _change(change: Change) -> str:
    values = f"{short_value(change.before)} -> {short_value(change.after)}"
    return f"{change.material_id} {change.what} {values}"
