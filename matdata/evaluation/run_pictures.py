"""The pictures of one evaluated run, on record in its folder."""

from __future__ import annotations

from pathlib import Path

from matdata.core.documents import JsonMapping
from matdata.core.errors import StoreError
from matdata.evaluation.pictures import Drawn, draw_all
from matdata.evaluation.test_records import test_predictions
from matdata.training.added import adding
from matdata.training.logs import read_log
from matdata.training.run import Run


def draw_run(run: Run, record: JsonMapping, folder: Path | None) -> Drawn:
    """Write the pictures of a run; what cannot be written is reported and costs nothing else.

    Parameters
    ----------
    run
        A run that was evaluated.
    record
        Its score.
    folder
        Where they go; ``pictures`` in the folder of the run if not given.
    """
    folder = folder or run.folder / "pictures"
    try:
        with adding(folder):
            return draw_all(folder, record, test_predictions(run), read_log(run.folder))
    except StoreError as refusal:  # a cache that is for reading only
        return Drawn(failed={folder: refusal})
