"""The runs of a cache as a list that is ranked and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.documents import JsonObject
from matdata.core.errors import first_few
from matdata.evaluation.compare import compare, groups, listing, summary
from matdata.evaluation.folds import fold_tables
from matdata.evaluation.reached import reached, require_error
from matdata.evaluation.run_list_display import runs_html
from matdata.training.run_lookup import find_run

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
    reached
        When an error was reached (`matdata.evaluation.reached.reached`); None if none was asked
        for.
    """

    runs: list[JsonObject]
    ranked: list[JsonObject]
    folds: list[JsonObject]
    reached: list[JsonObject] | None = None

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        names = first_few(entry["run"] for entry in self.runs)
        return f"RunList({names or 'no runs yet'})"

    def _repr_html_(self) -> str:
        return runs_html(self.runs, self.ranked, self.folds)

    def to_frame(self) -> pd.DataFrame:
        """A row per run and target, indexed by run, in the order of `ranked`.

        Returns
        -------
        pandas.DataFrame
            ``target``, its ``unit``, ``plugin``, ``dataset`` and ``split`` (scores of other splits
            do not compare), ``val_<metric>`` of the validation part, ``test_<metric>`` where the
            test part was opened; runs without a score have a row without these.
        """
        import pandas as pd

        rows = [
            {
                "run": entry["run"],
                "target": group["target"],
                "unit": group["unit"],
                **_about(entry),
                **_metrics(entry),
            }
            for group in self.ranked
            for entry in group["runs"]
        ]
        scored = {row["run"] for row in rows}
        rows += [
            {"run": entry["run"], **_about(entry)}
            for entry in self.runs
            if entry["run"] not in scored
        ]
        return pd.DataFrame(rows, columns=None if rows else ["run"]).set_index("run")


def _about(entry: JsonObject) -> JsonObject:
    return {name: entry.get(name) for name in ("plugin", "dataset", "split")}


def _metrics(entry: JsonObject) -> JsonObject:
    scores = {part: entry[part] or {} for part in ("val", "test")}
    return {f"{part}_{name}": value for part in scores for name, value in scores[part].items()}


def list_runs(cache: Path, names: Sequence[str], reach: float | None = None) -> RunList:
    """The runs of a cache, or those that are named, which must be comparable.

    Parameters
    ----------
    cache
        Cache folder.
    names
        These runs; all if none is named.
    reach
        A validation error: when each run reached it.

    Raises
    ------
    StoreError, TrainError
        If a named run is not there, or was not validated on the same materials.
    ConfigError
        If `reach` is no positive number.
    """
    if reach is not None:
        require_error(reach)
    if names:
        chosen = [find_run(cache, name) for name in dict.fromkeys(names)]
        ranked, entries = compare(chosen), [summary(one) for one in chosen]
    else:
        chosen, entries = listing(cache)
        ranked = groups(chosen)
    when = None if reach is None else reached(chosen, reach)
    return RunList(entries, ranked, fold_tables(chosen, ranked), when)
