"""The score of a finished training on its validation part, in the units of the targets."""

from __future__ import annotations

from dataclasses import replace

from matdata.core.documents import JsonObject
from matdata.training.data import View, truth
from matdata.training.plan import Question
from matdata.training.predict import predict_view
from matdata.training.run import Run
from matdata.training.scores.part_scores import part_scores

NO_PART = "it was trained without a validation part"


def validation_record(question: Question, run: Run) -> JsonObject:
    """Score the weights that the run predicts with on its validation part.

    The members of an ensemble are scored together, by their mean. Where the epoch was chosen by
    this part, the score is better than on new materials; among runs that are chosen alike it
    ranks them all the same.

    Returns
    -------
    dict
        ``materials``, and ``targets`` as `part_scores` gives them; without a validation part
        ``materials`` 0 and ``reason``.

    Raises
    ------
    TrainError
        If the weights do not fit the plugin.
    """
    if not len(question.valid):
        return {"materials": 0, "targets": {}, "reason": NO_PART}
    dataset = question.dataset
    predictions = predict_view(run, View.of(dataset, question.features), question.valid)
    true = truth(View.of(dataset, {}), question.valid, predictions.targets)
    predictions = replace(predictions, true=true)
    train = question.split.ids("train")
    scored = part_scores(predictions, dataset, question.settings, train)
    return {"materials": len(question.valid), "targets": scored}
