"""Predicting and evaluating from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from matdata.core.cache import cache_dir
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, MatdataWarning
from matdata.core.given import require_name
from matdata.core.keywords import with_keywords
from matdata.core.packages import need_torch
from matdata.evaluation.keywords import EvaluateKeywords, PredictionKeywords
from matdata.materials.items import is_pandas

if TYPE_CHECKING:
    from matdata.evaluation.derive.base import Derivation
    from matdata.evaluation.pictures import Drawn
    from matdata.evaluation.request import EvaluateRequest
    from matdata.evaluation.run_list import RunList
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run


@with_keywords(PredictionKeywords)
def predict(
    run: Run | str | None = None,
    what: object = None,
    *,
    config: str | Path | None = None,
    cache: str | Path | None = None,
    derive: Sequence[str | Derivation] | None = None,
    output: str | Path | None = None,
    members: bool | None = None,
    scheduler: str | None = None,
    **settings: Unpack[PredictionKeywords],
) -> Predictions:
    """Predict a dataset, structures or formulas, as ``matdata predict`` does.

    Parameters
    ----------
    run
        A run from `train` or `open_run`, or the name of one.
    what
        An open dataset; or materials of one, structures and compositions of pymatgen, ASE atoms,
        formulas, paths of files, one or several, in a list, a mapping of names, a series, or a
        table with a column of them; `Crystals` or `Compositions`.
    config
        A configuration file, as ``--config`` takes it; what is given here wins. Its ``what`` holds
        what the command takes: a dataset, files, or formulas.
    cache
        Cache folder of a run that is named.
    derive
        What is computed from the predictions, in this order: texts such as ``power10`` and
        ``conformal:alpha=0.1``, or derivations.
    output, members
        A file that the predictions are written to as well (.parquet, .csv, .json, .jsonl), and
        whether it has a column per member.
    scheduler
        Where features of materials are computed that are in no dataset.
    settings
        Other settings of the loop (`matdata.training.prediction_settings.OF_PREDICTION`):
        ``device``, ``batch_size``, ….

    Returns
    -------
    Predictions
        In the order and under the names of the input, of a table or series its index (or column
        of ids), which `Predictions.to_frame` gives back as it was. Materials without a
        prediction are in ``rejects``, each with its reason, and reported by a `MatdataWarning`.

    Raises
    ------
    ConfigError
        If run or materials are named nowhere, an option, setting or derivation is unknown, or
        `output` ends in no format.
    MatdataError
        If the run is damaged or has no weights, or no material can be predicted.

    Examples
    --------
    >>> md.predict("gap", ["new.cif", structure, "Fe2O3"]).to_frame()
    """
    need_torch()
    from matdata.evaluation.arguments import PREDICT_OPTIONS, fields_of
    from matdata.evaluation.request import PredictRequest

    own = {"run": run, "cache": cache, "derive": derive, "output": output, "members": members}
    more = {"config": config, "scheduler": scheduler, **settings}
    fields = fields_of(PREDICT_OPTIONS, {**own, **more})
    request = PredictRequest.of(fields) if what is None else PredictRequest.of(fields, what)
    if remark := request.remark():
        warnings.warn(remark, MatdataWarning, stacklevel=2)
    predictions = request.predictions()
    _warn_of_rejects(predictions)
    index = getattr(what, "index", None)
    return predictions.under(index) if is_pandas(what, "DataFrame", "Series") else predictions


def _warn_of_rejects(predictions: Predictions) -> None:
    """Warn the caller of `predict` of materials without a prediction."""
    rejects = predictions.rejects
    if rejects:
        first = rejects[0]
        warnings.warn(
            f"{len(rejects):,} of {len(rejects) + len(predictions):,} materials have no "
            f"prediction; the first is {first.material_id[:60]}: {first.reason}: {first.message}",
            MatdataWarning,
            stacklevel=3,
        )


@with_keywords(EvaluateKeywords)
def evaluate(run: Run | str | None = None, **options: Unpack[EvaluateKeywords]) -> JsonObject:
    """Open the test part of a run's split, once, and score the run; later calls read the record.

    What is derived from the predictions (see `predict`) is scored under ``derived``.

    Parameters
    ----------
    run
        A run from `train` or `open_run`, or the name of one.
    options
        The options of the command (`matdata.evaluation.keywords.EvaluateKeywords`): ``config``,
        ``cache``, ``derive``, ``pictures``, …. Pictures are written where ``pictures`` names a
        folder or ``no_pictures`` is False; one that cannot be drawn is reported by a
        `MatdataWarning`.

    Returns
    -------
    dict
        See `matdata.evaluation.score.evaluate_run`.

    Raises
    ------
    ConfigError
        If no run is named, or an option, setting or derivation is unknown.
    TrainError
        If the run is not finished, or its training opened the test part with other weights.

    Examples
    --------
    >>> md.evaluate("gap")["targets"]["band_gap"]["metrics"]["mae"]
    """
    request = _evaluation({**options, "run": run})
    if request.folds:
        raise ConfigError(
            "`folds` is given, and `evaluate` returns the scores of one run",
            next_step="matdata.evaluate_folds, or leave out folds",
        )
    from matdata.evaluation.pictures import draw_run

    record = request.score()
    if request.draws:
        by = record.get("by", {})
        _warn_of_failed(draw_run(request.run, request.look, request.pictures, request.beside, by))
    return record


@with_keywords(EvaluateKeywords)
def evaluate_folds(run: Run | str | None = None, **options: Unpack[EvaluateKeywords]) -> JsonObject:
    """Score a training on the test part of every fold, as ``matdata evaluate --folds all`` does.

    Parameters
    ----------
    run
        One of the runs on the folds, or what their names have in common.
    options
        As of `evaluate`; there is a picture of all folds beside those of each.

    Returns
    -------
    dict
        See `matdata.evaluation.fold_runs.evaluate_folds`.

    Raises
    ------
    MatdataError
        As `evaluate`; `TrainError` if a fold has no finished run.

    Examples
    --------
    >>> md.evaluate_folds("forest")["folds"][0]["trainings"][0]["test"]["mean"]["mae"]
    """
    request = _evaluation({"folds": "all", **options, "run": run})
    from matdata.evaluation.pictures import draw_folds

    scored = request.score()
    if request.draws:
        _warn_of_failed(draw_folds(request.folds, request.look, request.pictures))
    return scored


def _evaluation(given: dict[str, object]) -> EvaluateRequest:
    """The request of a call from Python, with pictures only where it names a place for them."""
    need_torch()
    from matdata.evaluation.arguments import EVALUATE_OPTIONS, fields_of
    from matdata.evaluation.request import EvaluateRequest

    fields = fields_of(EVALUATE_OPTIONS, given)
    fields.setdefault("no_pictures", "pictures" not in fields)
    return EvaluateRequest.of(fields)


def _warn_of_failed(drawn: Drawn) -> None:
    """Warn the caller of `evaluate` of pictures that are not there."""
    for path, error in drawn.failed.items():
        warnings.warn(f"{path} was not drawn: {error}", MatdataWarning, stacklevel=3)


def runs(
    names: str | Sequence[str] = (),
    *,
    reach: float | None = None,
    cache: str | Path | None = None,
) -> RunList:
    """The runs of a cache, ranked by validation error where they share validation materials.

    Parameters
    ----------
    names
        These runs; all of the cache if none is named.
    reach
        A validation error, in the unit of the target: `RunList.reached` says after how many epochs
        and seconds each training was there.
    cache
        Cache folder.

    Raises
    ------
    StoreError
        If there is no such run.
    TrainError
        If runs are named that were not validated on the same materials.
    ConfigError
        If `reach` is no positive number.

    Examples
    --------
    >>> md.runs().to_frame()
    >>> md.runs(["cgcnn", "finder"], reach=0.05).reached
    """
    from matdata.evaluation.run_list import list_runs

    chosen = tuple(names) if isinstance(names, (list, tuple)) else (require_name(names, "a run"),)
    return list_runs(cache_dir(cache), chosen, reach)
