"""Runs on folds as text: mean and standard deviation."""

from __future__ import annotations

from matdata.cli.score_table import score_table
from matdata.core.documents import JsonMapping
from matdata.core.printable import printable
from matdata.core.units import with_unit
from matdata.evaluation.run_list_display import mean_text, name_of_folds
from matdata.training.scores.shown import few_scores, with_error

Entry = JsonMapping


def fold_lines(table: Entry, errors: bool = False) -> list[str]:
    """Trainings on the folds of one split, the best first.

    Parameters
    ----------
    errors
        Give means with their standard errors, ``0.264(3)``, in place of standard deviations.
    """
    part = {"val": "validation", "test": "test"}[table["part"]]
    text = [
        f"{with_unit(table['target'], table['unit'])} by mean {table['by']} of {part}, "
        f"{len(table['folds'])} folds of {table['split']} of {table['dataset']}: "
        + ("mean(standard error)" if errors else "mean ± standard deviation")
    ]
    metrics = table["trainings"][0][table["part"]]["mean"]
    names = few_scores({"task": table["task"], "shown": table["shown"], "metrics": metrics})
    parts = [part for part in ("val", "test") if any(one[part] for one in table["trainings"])]
    columns = [(part, name) for part in parts for name in names]
    rows = [
        (
            printable(name_of_folds(one["runs"])),
            one["members"],
            [_mean(one[part], metric, errors) for part, metric in columns],
        )
        for one in table["trainings"]
    ]
    text += score_table([f"{part} {name}" for part, name in columns], rows, 20)
    for (name, _, _), one in zip(rows, table["trainings"], strict=True):
        opened = one["test"]
        if opened is not None and opened["folds"] < len(table["folds"]):
            text.append(f"  {name}: test of {opened['folds']} folds, the others are not open")
    return text


def _mean(scored: Entry | None, metric: str, errors: bool) -> str:
    if not errors or scored is None:
        return mean_text(scored, metric)
    return with_error(scored["mean"][metric], scored["standard_error"][metric])
