"""Which materials a loader holds, and what it reads of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.errors import ConfigError, SplitError, first_few
from matdata.core.row_index import RowIndex
from matdata.features.opened import DatasetLike, FeatureLike
from matdata.load.encoding import encode, fitted
from matdata.load.normalizer import Normalizer
from matdata.load.options import LoadOptions, by_id
from matdata.load.targets import Targets, Truths, read_targets, settle_missing, why_left_out
from matdata.splits.ranking import ranked


@dataclass(frozen=True, eq=False)
class Materials:
    """The materials of a loader, in the order of the dataset.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    rows : (n,) int64
        Their rows in the dataset.
    features
        Inputs by spec.
    targets
        Their targets as batches hold them.
    normalizer
        What they went through; None if they are in their units.
    truths
        Scalar targets as the table has them; None where an array target is among them, which is
        held once.
    left_out
        Why ids that were asked for are not among them.
    dataset_ids : (m,) str
        All ids of the dataset.
    """

    ids: npt.NDArray[np.str_]
    rows: Int
    features: Mapping[str, FeatureLike]
    targets: Targets
    normalizer: Normalizer | None
    truths: Truths | None
    left_out: Mapping[str, str]
    dataset_ids: npt.NDArray[np.str_]

    def values(self) -> npt.NDArray[np.float64]:
        """Targets (n, t) in their units, 0 where unknown."""
        if self.truths is not None:
            return self.truths.values
        values = self.targets.values.astype(np.float64)
        if self.normalizer is None:
            return values
        return np.where(self.targets.mask, self.normalizer.decode(values), 0.0)


def gather_materials(
    dataset: DatasetLike,
    ids: object,
    inputs: Sequence[str],
    target: str | Sequence[str] | None,
    options: LoadOptions,
    what: str,
) -> Materials:
    """Find materials, their features and their targets.

    Raises
    ------
    SplitError
        If ids are no materials of the dataset.
    FeatureError
        If an input was not built, with the command that makes it.
    ConfigError
        If a target is missing, of the wrong kind or more than float32 holds, or nothing is left.
    """
    rows = _rows(dataset, ids, what)
    if options.fraction < 1:
        order = ranked(dataset.ids[rows], options.seed, "fraction")
        rows = np.sort(rows[order[: max(1, round(options.fraction * len(rows)))]])
    features = _features(dataset, inputs, options)
    left_out: dict[str, str] = {}
    for spec, feature in features.items():
        has = np.isin(rows, feature.rows)
        left_out |= dict.fromkeys(dataset.ids[rows[~has]].tolist(), f"no {spec}")
        rows = rows[has]
    names = [target] if isinstance(target, str) else list(target or ())
    truths = read_targets(dataset.columns, dataset.units, names, rows)
    stays = settle_missing(truths, options.missing, what)
    gone = np.flatnonzero(~stays)
    left_out |= zip(dataset.ids[rows[gone]].tolist(), why_left_out(truths, gone), strict=True)
    rows = rows[stays]
    if not len(rows):
        raise ConfigError(
            f"no material of {what} is left to load",
            cause=f"of {len(left_out)}: {', '.join(sorted(set(left_out.values()))) or 'no ids'}",
            next_step="`matdata info` shows features and targets, and what could not be computed",
        )
    truths = truths.take(stays.nonzero()[0])
    normalizer = fitted(options.normalizer, truths)
    every = dataset.ids
    kept = every if len(rows) == len(every) else every[rows]  # of all, there is no copy
    targets = encode(truths, normalizer, kept, what)
    exact = truths if all(column.size == 1 for column in truths.columns) else None
    return Materials(kept, rows, features, targets, normalizer, exact, left_out, every)


def _rows(dataset: DatasetLike, ids: object, what: str) -> Int:
    """Rows of materials, ascending."""
    if ids is None:
        return np.arange(len(dataset.ids), dtype=np.int64)
    names = np.asarray(ids, dtype=np.str_)

    def refuse(unknown: list[str]) -> SplitError:
        return SplitError(
            f"{len(unknown)} of {len(names)} ids of {what} are no materials of {dataset.ref}: "
            f"{first_few(unknown)}",
            cause="they come from another version of the dataset, or from another dataset",
            next_step="split this version (`matdata split`), or open the one they belong to",
        )

    rows = RowIndex(dataset.ids).rows(names, refuse)
    distinct, counts = np.unique(rows, return_counts=True)
    repeated = dataset.ids[distinct[counts > 1]]
    if len(repeated):
        raise ConfigError(
            f"{len(repeated)} ids of {what} stand more than once: {first_few(repeated)}",
            next_step="name each material once",
        )
    return distinct


def _features(
    dataset: DatasetLike, inputs: Sequence[str], options: LoadOptions
) -> dict[str, FeatureLike]:
    if isinstance(inputs, str):
        inputs = [inputs]
    features = {}
    for spec in inputs:
        name = spec.partition("@")[0]
        settings = options.input_settings.get(spec, options.input_settings.get(name, {}))
        features[name] = dataset.feature(spec, **settings)
    return features


def weights_of(
    values: Mapping[str, float] | None,
    ids: npt.NDArray[np.str_],
    what: str,
    dataset_ids: npt.NDArray[np.str_],
) -> npt.NDArray[np.float64] | None:
    """Weights of materials, (n,); None if none are given.

    Raises
    ------
    ConfigError
        If one is negative or not finite, all are zero, or one is of no material of the dataset.
    """
    if values is None:
        return None
    unknown = sorted(set(values) - set(dataset_ids.tolist()))
    if unknown:
        raise ConfigError(
            f"{what} names {len(unknown)} ids that the dataset does not have: "
            f"{first_few(np.array(unknown, dtype=np.str_))}",
            next_step="name materials of the dataset",
        )
    weights = by_id(values, ids, 0.0 if what == "sample_weights" else 1.0)
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
        raise ConfigError(f"{what}: expected numbers that are not negative, and one above 0")
    return weights
