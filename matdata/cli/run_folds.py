"""Runs on folds as text: mean and standard deviation."""

from __future__ import annotations

from matdata.core.documents import JsonMapping
from matdata.core.printable import printable
from matdata.evaluation.run_list_display import mean_text, name_of_folds
from matdata.training.scores.shown import few_scores

Entry = JsonMapping


def fold_lines(table: Entry) -> list[str]:
    """Trainings on the folds of one split, the best first."""
    unit = "" if table["unit"] == "1" else f" [{table['unit']}]"
    part = {"val": "validation", "test": "test"}[table["part"]]
    text = [
        f"{table['target']}{unit} by mean {table['by']} of {part}, {len(table['folds'])} folds of "
        f"{table['split']} of {table['dataset']}: mean ± standard deviation"
    ]
    metrics = table["trainings"][0][table["part"]]["mean"]
    names = few_scores({"task": table["task"], "shown": table["shown"], "metrics": metrics})
    parts = [part for part in ("val", "test") if any(one[part] for one in table["trainings"])]
    columns = [(part, name) for part in parts for name in names]
    rows = [(printable(name_of_folds(one["runs"])), one) for one in table["trainings"]]
    wide = max(len(name) for name, _ in rows)
    heads = "".join(f"  {f'{part} {name}':>20}" for part, name in columns)
    text.append(f"  {'':<{wide}}  members{heads}")
    for name, one in rows:
        cells = "".join(f"  {mean_text(one[part], metric):>20}" for part, metric in columns)
        text.append(f"  {name:<{wide}}  {one['members']:>7}{cells}")
        opened = one["test"]
        if opened is not None and opened["folds"] < len(table["folds"]):
            text.append(f"  {'':<{wide}}  test of {opened['folds']} folds, the others are not open")
    return text
