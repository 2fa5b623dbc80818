"""What an evaluated run has on record of its test part: the score, and the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdata.core.documents import JsonMapping, JsonObject
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


def scores_beside(run: Run, target: str, others: Sequence[Run]) -> dict[str, JsonMapping]:
    """Scores of a target by other runs, by their names, on the true values of one.

    Raises
    ------
    TrainError
        If a run was not evaluated, or not on these.
    """
    own = score_on_record(run)["targets"][target]
    scores: dict[str, JsonMapping] = {}
    for other in others:
        scored = score_on_record(other)["targets"].get(target)
        if scored is None or scored["truth_digest"] != own["truth_digest"]:
            raise TrainError(
                f"run {other.name!r} was not evaluated on the true values of {target!r} that run "
                f"{run.name!r} was",
                cause="it has another split or another target, or cannot read all of them",
                next_step="compare runs on one split that read the same features",
            )
        scores[other.name] = scored
    return scores


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
