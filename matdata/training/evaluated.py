"""What an evaluated run has on record of its test part: the score, and the predictions."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.documents import JsonObject
from matdata.core.errors import TrainError
from matdata.store.tables import Columns, read_table
from matdata.training.check import require_table
from matdata.training.contents import read_sealed
from matdata.training.run import RECORD, Run


def score_on_record(run: Run) -> JsonObject:
    """The score on record.

    Raises
    ------
    TrainError
        If the run was not evaluated, or changed since.
    """
    path = run.folder / RECORD
    if not path.is_file():
        raise TrainError(
            f"run {run.name!r} was not evaluated", next_step=f"`matdata evaluate {run.name}`"
        )
    record = read_sealed(path)
    require_same_weights(run, record, run.weights_digest())
    return record


def predictions_on_record(run: Run) -> Columns:
    """The predictions for the test part, as they were written when it was opened.

    Raises
    ------
    StoreError
        If they were changed since.
    TrainError
        If the run was not evaluated.
    """
    return read_table(require_table(run.folder, score_on_record(run)))


def require_same_weights(run: Run, record: Mapping[str, object], weights: str) -> None:
    """Check that a record of the test part is of these weights.

    Raises
    ------
    TrainError
        If it is of others.
    """
    if record["weights"] != weights:
        raise TrainError(
            f"the weights of run {run.name!r} changed after its test part was opened",
            cause="it was trained on, or its folder was edited, with the test result known",
            next_step="train again under another --name; a test part is opened once per run",
        )
