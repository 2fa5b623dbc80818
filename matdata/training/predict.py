"""Predictions of a run: for materials of a dataset, or for structures and formulas in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from matdata.core.errors import StoreError, TrainError
from matdata.load.device_errors import device_errors
from matdata.load.normalizer import Normalizer
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.checkpoint import check_weights
from matdata.training.contents import BEST
from matdata.training.contract import FitTrainer, TorchTrainer
from matdata.training.data import View, device_of, loader_for, samples_for, truth
from matdata.training.ensemble import combine
from matdata.training.inputs import inputs_of
from matdata.training.objectives.choice import objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.outputs import Distribution, Members
from matdata.training.prediction import Predictions
from matdata.training.prediction_settings import check_prediction, prediction_settings
from matdata.training.process_state import process_state
from matdata.training.run import Run
from matdata.training.settings import TrainSettings

Ids = npt.NDArray[np.str_]
Float = npt.NDArray[np.float64]


def predict_dataset(
    run: Run,
    dataset: DatasetFolder,
    ids: Ids | None = None,
    *,
    with_truth: bool = False,
    settings: Mapping[str, object] | None = None,
) -> Predictions:
    """What a run predicts for materials of a dataset.

    Parameters
    ----------
    run
        A run, finished or not; its best weights so far are used.
    dataset
        Any dataset with the features that the run reads.
    ids
        Materials, in whose order the predictions are; all if not given. Those without a feature,
        or with an element that imported weights were not trained on, are in ``rejects``.
    with_truth
        Read the true values as well; only `evaluate` asks for those of a test part.
    settings
        Other settings of the loop (``device``, ``batch_size``).

    Raises
    ------
    FeatureError
        If a feature was not built, or no material can be predicted.
    ConfigError
        If a setting is none of a prediction.
    TrainError
        If the run has no weights yet, or they do not fit the plugin.
    """
    given = inputs_of(run, dataset, ids)
    true = truth(given.view, given.ids, run.schema.targets) if with_truth else None
    predictions = predict_view(run, given.view, given.ids, true, settings)
    return replace(predictions, rejects=given.rejects)


def predict_view(
    run: Run,
    view: View,
    ids: Ids,
    true: npt.NDArray[np.float64] | None = None,
    settings: Mapping[str, object] | None = None,
) -> Predictions:
    """What a run predicts for materials whose features are open.

    Raises
    ------
    ConfigError
        If a setting is none of a prediction.
    TrainError
        If the run has no weights yet, or they do not fit the plugin.
    """
    check_prediction(settings or {})
    if isinstance(run.trainer, FitTrainer):
        with device_errors("cpu", smaller="predict fewer materials at once"):
            run.trainer.load_state(run.weights(), run.schema)
            members = run.trainer.predict(samples_for(view, ids))
        return combine(ids, run.schema.targets, _decoded(members, run), true, run.about)
    chosen = prediction_settings(run.settings, settings or {})
    device = device_of(chosen)
    with process_state(chosen, device), device_errors(device):
        members, order = _run_networks(run, view, ids, chosen, device)
    place = {name: row for row, name in enumerate(order.tolist())}
    rows = np.array([place[name] for name in ids.tolist()], dtype=np.int64)
    stds = None if members.stds is None else members.stds[:, rows]
    chosen_rows = Members(members.means[:, rows], stds)
    return combine(ids, run.schema.targets, chosen_rows, true, run.about)


def networks(run: Run, device: torch.device) -> list[nn.Module]:
    """The members of a run with their best weights, in evaluation mode.

    Raises
    ------
    TrainError
        If the run has no weights yet, or they do not fit the plugin.
    """
    path = run.folder / BEST
    if not path.is_file():
        raise TrainError(
            f"run {run.name!r} has no weights yet", next_step="let it finish an epoch first"
        )
    assert isinstance(run.trainer, TorchTrainer)
    weights = {name: torch.from_numpy(value) for name, value in run.weights().items()}
    members = len(next(iter(weights.values())))
    models: list[nn.Module] = []
    for member in range(members):
        model = run.trainer.model(run.schema).to(device).eval()
        if not models:
            first_weights = {name: value[None] for name, value in model.state_dict().items()}
            check_weights({name: value[:1] for name, value in weights.items()}, first_weights, path)
        model.load_state_dict({name: value[member] for name, value in weights.items()})
        models.append(model)
    return models


def normalizer_of(run: Run) -> Normalizer:
    """The normalizer that the run's targets went through.

    Raises
    ------
    StoreError
        If it is damaged.
    """
    try:
        return Normalizer.from_json(run.normalizer())
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the normalizer of run {run.name!r} is damaged: {error!r}",
            next_step="train again under another --name",
        ) from error


def require_finite(run: Run) -> None:
    """Check that the weights of a run are finite numbers.

    Raises
    ------
    TrainError
        Naming the first that is not.
    """
    for name, value in run.weights().items():
        if isinstance(run.trainer, TorchTrainer) and not np.isfinite(value).all():
            raise TrainError(
                f"weight {name} of run {run.name!r} is not a finite number",
                cause="the training diverged",
                next_step="train again with a lower --lr, under another --name",
            )


@torch.no_grad()
def _run_networks(
    run: Run, view: View, ids: Ids, settings: TrainSettings, device: torch.device
) -> tuple[Members, Ids]:
    """Means and standard deviations of all members, and the ids in their order."""
    models = networks(run, device)
    loader = loader_for(view, ids, (), settings, device=device, widen=True)
    objectives = Objectives(objectives_of(run.schema.targets, run.settings))
    means: list[Float] = []
    stds: list[Float] = []
    rows: list[npt.NDArray[np.int64]] = []
    for batch in loader:
        outputs = torch.stack([objectives.flat(model(batch)).float() for model in models])
        decoded = objectives.decode(outputs.cpu().double(), batch)
        means.append(torch.cat([one.mean for one in decoded], -1).numpy())
        rows.append(batch.rows.cpu().numpy())
        if any(one.aleatoric is not None for one in decoded):
            stds.append(torch.cat([_deviation(one) for one in decoded], -1).numpy())
    order = loader.ids[np.concatenate(rows)]
    wide = np.concatenate(stds, 1) if stds else None
    return _decoded(Members(np.concatenate(means, 1), wide), run), order


def _deviation(found: Distribution[torch.Tensor]) -> torch.Tensor:
    """The noise of a target; NaN where its objective learns none."""
    if found.aleatoric is not None:
        return found.aleatoric
    return torch.full_like(found.mean, float("nan"))


def _decoded(members: Members, run: Run) -> Members:
    """Means and standard deviations in the units of the targets; probabilities as they are."""
    normalizer = normalizer_of(run)
    means = np.array(members.means, dtype=np.float64)
    stds = None if members.stds is None else np.array(members.stds, dtype=np.float64)
    start = column = 0
    for target in run.schema.targets:
        own = slice(start, start + target.size)
        if target.task == "regression":
            part = normalizer.part(column, column + target.columns)
            normalised = means[..., own].copy()
            if stds is not None:
                stds[..., own] = part.decode_std(stds[..., own], normalised)
            means[..., own] = part.decode(normalised)
        start, column = own.stop, column + target.columns
    return Members(means, stds)
