"""The runs of a cache as a list that is ranked and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.documents import JsonObject
from matdata.core.html import card
from matdata.evaluation.compare import compare, groups, listing, summary
from matdata.evaluation.folds import fold_tables, name_of_folds, over_folds_text
from matdata.training.run import find_run

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class RunList:
    """Runs, and how they rank.

    Attributes
    ----------
    runs
        What each run is and where it stands (`matdata.evaluation.compare.listing`), oldest first.
    ranked
        Groups of runs that were validated on the same materials, each with the best first
        (`matdata.evaluation.compare.groups`).
    folds
        Mean and standard deviation of trainings on all folds of a split
        (`matdata.evaluation.folds.fold_tables`).
    """

    runs: list[JsonObject]
    ranked: list[JsonObject]
    folds: list[JsonObject]

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        return f"RunList({', '.join(str(entry['run']) for entry in self.runs) or 'no runs yet'})"

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (
                str(entry["run"]),
                str(entry.get("plugin", "")),
                str(entry.get("dataset", "")),
                ", ".join(entry.get("targets", ())),
                _state(entry),
            )
            for entry in self.runs
        ]

    def _repr_html_(self) -> str:
        head = ("run", "plugin", "dataset", "target", "state")
        best = [
            f"{group['target']}: {group['runs'][0]['run']} has the best {group['by']}"
            for group in self.ranked
            if len(group["runs"]) > 1
        ]
        best += [line for table in self.folds for line in _fold_lines(table)]
        count = len(self.runs)
        title = "1 run" if count == 1 else f"{count:,} runs"
        return card(title, best, head, self._rows())

    def to_frame(self) -> pd.DataFrame:
        """A row per run and target, indexed by run.

        Returns
        -------
        pandas.DataFrame
            ``val_<metric>`` of the validation part, ``test_<metric>`` where the test part was
            opened; runs without scores have a row of missing values.
        """
        import pandas as pd

        rows = [
            {"run": entry["run"], "target": group["target"], **_metrics(entry)}
            for group in self.ranked
            for entry in group["runs"]
        ]
        scored = {row["run"] for row in rows}
        rows += [{"run": entry["run"]} for entry in self.runs if entry["run"] not in scored]
        return pd.DataFrame(rows, columns=None if rows else ["run"]).set_index("run")


def _fold_lines(table: JsonObject) -> list[str]:
    """The deciding metric of each training over its folds, the best first."""
    unit = "" if table["unit"] == "1" else f" {table['unit']}"
    folds = f"{table['target']}, {len(table['folds'])} folds of {table['split']}"
    lines = []
    for training in table["trainings"]:
        scores = []
        for part, word in (("val", "validation"), ("test", "test")):
            if over := training[part]:
                opened = "" if over["folds"] == len(table["folds"]) else f" of {over['folds']}"
                text = over_folds_text(over, table["by"])
                scores.append(f"{text}{unit} ({word}{opened})")
        name = name_of_folds(training["runs"])
        lines.append(f"{folds}: {name} has {table['by']} {', '.join(scores)}")
    return lines


def _metrics(entry: JsonObject) -> JsonObject:
    scores = {part: entry[part] or {} for part in ("val", "test")}
    return {f"{part}_{name}": value for part in scores for name, value in scores[part].items()}


def _state(entry: JsonObject) -> str:
    if "damaged" in entry:
        return "damaged"
    if not entry["finished"]:
        return "not finished"
    return "evaluated" if entry["evaluated"] else "finished"


def list_runs(cache: Path, names: Sequence[str]) -> RunList:
    """The runs of a cache, or those that are named, which must be comparable.

    Raises
    ------
    StoreError, TrainError
        If a named run is not there, or was not validated on the same materials.
    """
    if names:
        chosen = [find_run(cache, name) for name in dict.fromkeys(names)]
        ranked, entries = compare(chosen), [summary(one) for one in chosen]
    else:
        chosen, entries = listing(cache)
        ranked = groups(chosen)
    return RunList(entries, ranked, fold_tables(chosen, ranked))
