"""``matdata runs``."""

from __future__ import annotations

import argparse
from typing import Any

from matdata.cli.common import cache_of, print_json, print_line
from matdata.cli.evaluate import SHOWN, number
from matdata.core.printable import printable


def run(given: argparse.Namespace) -> int:
    """List runs; rank those that were tested on the same materials."""
    from matdata.evaluation.run_list import list_runs

    found = list_runs(cache_of(given), given.names)
    listed, ranked = found.runs, found.ranked
    if given.json:
        print_json({"runs": listed, "ranked": ranked})
        return 0
    if not listed:
        print_line("no runs yet; `matdata train` makes one")
    for group in ranked:
        for line in lines(group):
            print_line(line)
    for line in filter(None, map(_unranked, listed)):
        print_line(line)
    return 0


def _unranked(entry: dict[str, Any]) -> str | None:
    """A line for a run that has no place in a group."""
    if "damaged" in entry:
        return f"{entry['run']}: damaged: {entry['damaged']}"
    if entry["evaluated"]:
        return None
    state = "finished, not evaluated" if entry["finished"] else "not finished"
    return f"{entry['run']}: {entry['plugin']} on {entry['dataset']}, {state}"


def _openings(count: int | None) -> str:
    """How many trainings have seen a test part, removed runs included."""
    if count is None:
        return "whose record of openings is damaged"
    return f"test part opened for {count:,} training{'' if count == 1 else 's'}"


def lines(group: dict[str, Any]) -> list[str]:
    """One group as text, the best first."""
    unit = "" if group["unit"] == "1" else f" [{group['unit']}]"
    names = SHOWN[group["task"]]
    where = f"{group['materials']:,} materials of {group['dataset']}"
    text = [f"{group['target']}{unit} on {where}, {_openings(group['openings'])}"]
    rows = [(entry["run"], entry["members"], entry["metrics"]) for entry in group["runs"]]
    rows += [(name, None, values) for name, values in group["baselines"].items()]
    rows = [(printable(name), members, values) for name, members, values in rows]
    wide = max(len(name) for name, _, _ in rows)
    text.append(f"  {'':<{wide}}  members" + "".join(f"  {name:>10}" for name in names))
    for name, members, values in rows:
        cells = "".join(f"  {number(values[metric]):>10}" for metric in names)
        text.append(f"  {name:<{wide}}  {members or '':>7}{cells}")
    return text
