"""The Matbench tasks with their five folds (L-G-DCNN, table 1; Dunn et al. 2020).

python -m matdata_recipes.matbench_folds --from matbench_phonons.json.gz

Rows get Matbench's own ids by their place in the file, from which the published folds follow;
a tenth of all rows is taken from each training part for validation (70/10/20). Nothing is left out
as a duplicate. The task is recognised by the number of rows, or by --task.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matdata.core.errors import SourceError, did_you_mean
from matdata.sources.files import Files
from matdata.sources.readers.records import read_records
from matdata.splits.matbench import ROWS
from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.gathered import Item

WHERE = "https://ml.materialsproject.org/projects/ (matbench_<task>.json.gz)"


def task_of(path: Path, said: str | None) -> str:
    """The task that a file holds.

    Raises
    ------
    SourceError
        If the name is unknown, or the number of rows is that of no task or of several.
    """
    if said is not None and said not in ROWS:
        raise SourceError(
            f"unknown task {said!r}{did_you_mean(said, ROWS)}",
            next_step=f"tasks: {', '.join(ROWS)}",
        )
    count = sum(1 for _ in read_records(path))
    fitting = [task for task, rows in ROWS.items() if rows == count and said in (None, task)]
    if len(fitting) == 1:
        return fitting[0]
    expected = f"{said} has {ROWS[said]:,}" if said else f"tasks: {', '.join(ROWS)}"
    raise SourceError(
        f"{path.name} has {count:,} rows, which is {'none' if not fitting else 'more than one'} of "
        f"the tasks ({expected})",
        cause="rows are missing; folds are defined on the whole table" if not fitting else None,
        next_step=f"fetch it again from {WHERE}" if not fitting else "say which with --task",
    )


def recipe(given: argparse.Namespace) -> Recipe:
    """One task and its folds."""
    files = [Path(name) for name in given.files]
    if len(files) > 1 or (files and not files[0].is_file()):
        raise SourceError(
            f"expected one file of one task, got {', '.join(given.files)}",
            next_step="run the recipe once for each task",
        )
    task = task_of(files[0], given.task) if files else given.task or "task"
    ids = f"mb-{task}-{{:0{len(str(ROWS.get(task, 0)))}d}}"
    settings = {"target": given.target} if given.target else {}
    return Recipe(
        name=f"matbench-{task}",
        where=WHERE,
        rows=ROWS.get(task),
        curation={"dedupe": "none"},
        items=lambda paths: [Item(Files(path), ids=ids) for path in paths],
        cuts=(Cut("matbench", settings),),
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe alone."""
    parser.add_argument("--task", help="which task, where two have as many rows")
    parser.add_argument("--target", help="column of the class, for the classification tasks")


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
