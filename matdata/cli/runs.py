"""``matdata runs``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from matdata.cli.common import cache_of, print_json, print_line
from matdata.cli.run_folds import fold_lines
from matdata.cli.score_table import score_table
from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError
from matdata.core.printable import printable
from matdata.core.units import with_unit
from matdata.evaluation.reached import lines as reached_lines
from matdata.training.scores.shown import few_scores, number

Entry = JsonMapping
#: What the columns of ``--csv`` say of a run, from its summary.
DESCRIBED = ("run", "plugin", "seed", "members", "seconds", "finished", "evaluated", "unranked")


def run(given: argparse.Namespace) -> int:
    """List runs; rank those that were validated on the same materials.

    Raises
    ------
    ConfigError
        If the table is asked for in two formats.
    """
    from matdata.evaluation.run_list import list_runs

    if given.folds and (given.json or given.csv):
        raise ConfigError(
            "--folds chooses lines of text; --json and --csv hold all",
            next_step="leave out --folds",
        )
    if given.json and given.csv:
        raise ConfigError("--json and --csv are two formats", next_step="leave one of them out")
    if given.reach is not None and (given.folds or given.csv):
        raise ConfigError(
            "--reach prints lines of its own, --folds and --csv others",
            next_step="leave them out; --json holds all",
        )
    runs = list_runs(cache_of(given), given.names, given.reach)
    listed, ranked, folds = runs.runs, runs.ranked, runs.folds
    if given.json:
        when = {} if runs.reached is None else {"reached": runs.reached}
        print_json({"runs": listed, "ranked": ranked, "folds": folds, **when})
    elif runs.reached is not None:
        _print_reached(runs.reached, given.reach)
    elif given.csv:
        _print_csv(ranked, listed)
    elif given.folds:
        _print_folds(folds)
    else:
        _print(folds, ranked, listed)
    return 0


def _print_reached(entries: Sequence[Entry], error: float) -> None:
    """When each training was at an error, the quickest first."""
    if not entries:
        print_line("no runs yet; `matdata train` makes one")
    for line in reached_lines(entries, error):
        print_line(line)


def _print_folds(folds: Sequence[Entry]) -> None:
    """Trainings on folds alone, their means with standard errors."""
    if not folds:
        print_line("no training has runs on two folds; `matdata train … --folds all` makes them")
    for table in folds:
        for line in fold_lines(table, errors=True):
            print_line(line)


def _print(folds: Sequence[Entry], ranked: Sequence[Entry], listed: Sequence[Entry]) -> None:
    if not listed:
        print_line("no runs yet; `matdata train` makes one")
    averaged = {name for table in folds for one in table["trainings"] for name in one["runs"]}
    for table in folds:
        for line in fold_lines(table):
            print_line(line)
    for group in ranked:  # single folds stand in --json and --csv
        if any(entry["run"] not in averaged for entry in group["runs"]):
            for line in lines(group):
                print_line(line)
    inside = {entry["run"] for group in ranked for entry in group["runs"]}
    for entry in listed:
        if entry["run"] not in inside:
            print_line(_unranked(entry))


def _unranked(entry: Entry) -> str:
    """A line for a run that has no place in a group."""
    if "damaged" in entry:
        return f"{entry['run']}: damaged: {entry['damaged']}"
    about = f"{entry['run']}: {entry['plugin']}"
    about += f" on {entry['dataset']}" if entry["dataset"] else " of imported weights"
    return f"{about}, not ranked: {entry['unranked']}"


def _openings(count: int | None) -> str:
    """How many trainings have seen a test part, removed runs included."""
    if count is None:
        return "whose record of openings is damaged"
    if not count:
        return "test part not opened"
    return f"test part opened for {count:,} training{'' if count == 1 else 's'}"


def lines(group: Entry) -> list[str]:
    """One group as text, the best first."""
    part = {"val": "validation", "test": "test"}[group["part"]]
    text = [
        f"{with_unit(group['target'], group['unit'])} by {group['by']} of {part}, "
        f"{group['materials']:,} materials of {group['dataset']}, split {group['split']}; "
        f"{_openings(group['openings'])}"
    ]
    if group["part"] == "test":
        text.append("  these runs have no validation part: the test part chose among them")
    marks = _marks(group["runs"])
    names = few_scores({"metrics": group["runs"][0][group["part"]], **group})
    columns = [(p, name) for p in ("val", "test") if _has(group, p) for name in names]
    rows = [
        (printable(entry["run"]), entry["members"], entry, marks.get(entry["test_truth_digest"]))
        for entry in group["runs"]
    ]
    rows += [(name, None, scores, None) for name, scores in _baselines(group, bool(marks)).items()]
    cells = [
        [
            number((scores.get(p) or {}).get(metric)) + (mark or "" if p == "test" else "")
            for p, metric in columns
        ]
        for _, _, scores, mark in rows
    ]
    named = [(name, members, row) for (name, members, *_), row in zip(rows, cells, strict=True)]
    text += score_table([f"{p} {name}" for p, name in columns], named, 13)
    if marks:
        sizes = {e["test_truth_digest"]: e["test_materials"] for e in group["runs"]}
        each = ", ".join(f"{mark.strip()} {sizes[d]:,} materials" for d, mark in marks.items())
        text.append(f"  tested on other materials: {each}; scores compare within a letter alone")
    return text


def _has(group: Entry, part: str) -> bool:
    return any(entry[part] is not None for entry in group["runs"])


def _baselines(group: Entry, mixed: bool) -> dict[str, Entry]:
    """Baselines by name, each with its scores by part; of the test where all have one test."""
    parts = {p: b for p, b in group["baselines"].items() if p == group["part"] or not mixed}
    names = dict.fromkeys(name for scores in parts.values() for name in scores)
    return {name: {p: scores[name] for p, scores in parts.items()} for name in names}


def _marks(entries: Sequence[Entry]) -> dict[str, str]:
    """A letter for each set of test materials; none where all runs have one."""
    digests = dict.fromkeys(e["test_truth_digest"] for e in entries if e["test"] is not None)
    if len(digests) < 2:
        return {}
    return {digest: f" ({chr(ord('a') + k % 26)})" for k, digest in enumerate(digests)}


def _print_csv(ranked: Sequence[Entry], listed: Sequence[Entry]) -> None:
    """A row for each run and target, and for each run that has no score."""
    from matdata.store.csv import csv_lines

    rows: list[dict[str, object]] = []
    placed = [(group, *one) for group in ranked for one in enumerate(group["runs"], 1)]
    for group, rank, entry in placed:
        about = {name: group[name] for name in ("target", "unit", "task", "dataset", "split")}
        about |= {"ranked_by": f"{group['part']} {group['by']}", "rank": rank}
        about |= {"val_materials": group["materials"] if group["part"] == "val" else None}
        about |= {"test_materials": entry["test_materials"], "openings": group["openings"]}
        scores = {
            f"{part}_{name}": value
            for part in ("val", "test")
            for name, value in (entry[part] or {}).items()
            if name != "n"
        }
        rows.append({**{name: entry.get(name) for name in DESCRIBED}, **about, **scores})
    inside = {row["run"] for row in rows}
    for entry in listed:
        if entry["run"] not in inside:
            kept = {name: entry.get(name) for name in (*DESCRIBED, "dataset", "split")}
            kept["unranked"] = entry.get("unranked") or entry.get("damaged")
            rows.append(kept)
    names = dict.fromkeys([*DESCRIBED, *(name for row in rows for name in row)])
    for line in csv_lines({name: [row.get(name) for row in rows] for name in names}):
        print_line(line.rstrip("\n"))
