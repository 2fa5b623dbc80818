"""Predictions that are wrong though the run is certain and knows similar materials.

Goodall 2022, 5.5: the worst predictions are those with a large error and a low uncertainty; where
similar training materials do not explain them, the true value itself is often the mistake. What is
large, low and similar follows from the validation part of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.evaluation.similarity.search import Metric, nearest
from matdata.training.embeddings import Float32
from matdata.training.prediction import Predictions
from matdata.training.target import Target
from matdata.training.word_sequences import one_hot

Float = npt.NDArray[np.float64]
#: An error above this quantile of those of the validation part is large; a standard deviation up to
#: this quantile is low; a material is similar that is as near as the nearest of this share.
LARGE, LOW, NEAR = 0.9, 0.5, 0.5
#: Validation materials that are looked at, at most: enough for quantiles, evenly from all of them.
LOOKED_AT = 1000


@dataclass(frozen=True)
class Limits:
    """From where on an error is large, a standard deviation low, and a material similar.

    Attributes
    ----------
    error, deviation
        By target, in its unit.
    similar
        Cosine, or Euclidean distance, of the nearest training material.
    materials
        Validation materials that this follows from.
    """

    error: Mapping[str, float]
    deviation: Mapping[str, float]
    similar: float
    materials: int

    def to_dict(self) -> JsonObject:
        """As a JSON object."""
        return {
            "error": dict(self.error),
            "standard_deviation": dict(self.deviation),
            "similar": self.similar,
            "materials": self.materials,
        }


def errors(predictions: Predictions, target: Target) -> Float:
    """Root mean square over the numbers of a target of its error, (n,); NaN without true value.

    Of one number that is its absolute error; of classes the numbers are their probabilities.
    """
    true = predictions.truth(target)
    if target.task == "classification":
        true = np.where(np.isnan(true), np.nan, true == np.arange(target.size))
    if target.task == "sequence":
        hot = one_hot(true, len(target.classes) + 1)
        squares = (predictions.column(target, predictions.mean) - hot) ** 2
        known = np.isfinite(hot)
        total = np.where(known, squares, 0.0).sum(1)
        return np.sqrt(np.where(known.any(1), total / np.maximum(known.sum(1), 1), np.nan))
    gaps = predictions.column(target, predictions.mean) - true
    error: Float = np.sqrt((gaps**2).mean(1))
    return error


def deviations(predictions: Predictions, target: Target) -> Float | None:
    """Root mean square over the numbers of a target of its standard deviation, (n,).

    None where the run predicts none of it.
    """
    if predictions.total is None:
        return None
    total = predictions.column(target, predictions.total)
    return np.sqrt((total**2).mean(1)) if np.isfinite(total).all() else None


def limits_of(
    predictions: Predictions, vectors: Float32, trained: Float32, metric: Metric
) -> Limits | None:
    """Limits from validation materials with their true values; None if there are no such.

    Parameters
    ----------
    predictions, vectors
        Of the validation materials.
    trained : (n, d)
        Embeddings of the training materials.
    """
    by_target = {
        target.name: (errors(predictions, target), deviations(predictions, target))
        for target in predictions.targets
    }
    usable = {
        name: (error[np.isfinite(error)], deviation)
        for name, (error, deviation) in by_target.items()
        if deviation is not None and np.isfinite(error).any()
    }
    if not usable:
        return None
    closest = nearest(vectors, trained, 1, metric).values[:, 0]
    share = 1.0 - NEAR if metric == "cosine" else NEAR
    return Limits(
        {name: float(np.quantile(error, LARGE)) for name, (error, _) in usable.items()},
        {name: float(np.quantile(deviation, LOW)) for name, (_, deviation) in usable.items()},
        float(np.quantile(closest, share)),
        len(predictions),
    )


def surprises(
    predictions: Predictions, closest: Float, limits: Limits, metric: Metric
) -> list[dict[str, bool | None]]:
    """Whether predictions are similar, wrong and certain at once, by target.

    Parameters
    ----------
    predictions
        Of the materials that are asked about, with true values.
    closest : (q,)
        Cosine, or distance, of the training material nearest to each.

    Returns
    -------
    list of dict
        For each material by target; None where the true value is not known.
    """
    similar = closest >= limits.similar if metric == "cosine" else closest <= limits.similar
    flags: list[dict[str, bool | None]] = [{} for _ in range(len(predictions))]
    for target in predictions.targets:
        deviation = deviations(predictions, target)
        if target.name not in limits.error or deviation is None:
            continue
        error = errors(predictions, target)
        wrong = error > limits.error[target.name]
        certain = deviation <= limits.deviation[target.name]
        for row, flag in enumerate((similar & wrong & certain).tolist()):
            flags[row][target.name] = bool(flag) if np.isfinite(error[row]) else None
    return flags
