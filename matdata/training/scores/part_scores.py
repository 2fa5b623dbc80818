"""Scores of predictions for a part of a split, target by target."""

from __future__ import annotations

from typing import cast

from matdata.core.documents import JsonObject
from matdata.core.expressions import TARGET_DOMAIN
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.data import Ids, View, truth
from matdata.training.objectives.choice import objective_of
from matdata.training.prediction import Predictions
from matdata.training.scores.conditional_coverage import surroundings_of
from matdata.training.scores.target_scores import plain_values, target_record, undefined_scores
from matdata.training.settings import TrainSettings
from matdata.training.target_cells import cells_of


def part_scores(
    predictions: Predictions, dataset: DatasetFolder, settings: TrainSettings, train: Ids
) -> JsonObject:
    """Scores by name of the target, as JSON values.

    Parameters
    ----------
    predictions
        With true values.
    dataset
        The dataset that they are of.
    settings
        Of the run: its loss is that of targets that name no objective.
    train
        Materials of the training part, for the baselines.

    Returns
    -------
    dict
        See `matdata.training.scores.target_scores.target_record`; ``undefined`` has the reasons
        of scores that are None, ``missing`` counts materials without a true value by reason.
    """
    view = View.of(dataset, {})
    rows = view.rows(predictions.ids).tolist()
    targets = {}
    around = None
    if predictions.total is not None:
        around = surroundings_of(dataset, predictions.ids, train)
    for target in predictions.targets:
        train_values = truth(view, train, (target,))
        shown = objective_of(target, settings).metrics
        scored = target_record(predictions, target, train_values, shown, around)
        outside = sum(cells_of(view.columns, target, rows).outside) if target.expression else 0
        if outside:
            scored["missing"] = {TARGET_DOMAIN: outside}
        why = undefined_scores(scored)
        targets[target.name] = {**scored, "undefined": why} if why else scored
    return cast("JsonObject", plain_values(targets))
