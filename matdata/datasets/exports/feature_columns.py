"""Features of one row per material as columns of a table, each number in a column of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged
from matdata.core.errors import FeatureError
from matdata.datasets.exports.content import BLOCK, Exported
from matdata.features.base import Dense
from matdata.features.feature import Feature


def require_rows(content: Exported) -> None:
    """Check that features can be columns, and replace none of the table.

    Raises
    ------
    FeatureError
        If one has several rows per material or a matrix, or a column has that name.
    """
    for name, feature in content.features.items():
        dense = feature.dense(feature.ids[:1].tolist())
        if isinstance(dense, Ragged) or dense.ndim != 2:
            raise _no_table(name, feature, feature.dense())
        for label in feature.labels:
            if f"{name}: {label}" in content.names.values():
                raise FeatureError(
                    f"the table has a column {f'{name}: {label}'!r} already, which the feature "
                    "would replace",
                    next_step="write npz or hdf5, which keep the two apart",
                )


def labels_of(content: Exported) -> list[str]:
    """Names of the columns of all features."""
    return [f"{name}: {label}" for name, one in content.features.items() for label in one.labels]


def units_of(content: Exported) -> dict[str, str]:
    """Units of the columns of features, where they have one."""
    units = {}
    for name, feature in content.features.items():
        for label, unit in zip(feature.labels, feature.units, strict=True):
            if unit != "1":
                units[f"{name}: {label}"] = unit
    return units


def values_of(
    content: Exported, ids: Sequence[str]
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """By column the numbers (n,) of some materials, and which of them are missing."""
    columns = {}
    for name, feature in content.features.items():
        present = np.array([one in feature for one in ids], dtype=np.bool_)
        having = [one for one, has in zip(ids, present.tolist(), strict=True) if has]
        full = np.zeros((len(ids), len(feature.labels)), dtype=np.float64)
        if having:
            dense = feature.dense(having)
            assert not isinstance(dense, Ragged)  # `require_rows`
            full[present] = dense
        for place, label in enumerate(feature.labels):
            columns[f"{name}: {label}"] = (full[:, place], ~present)
    return columns


class DenseRows:
    """The dense form of a feature, some materials at a time, in the shape that all have together.

    Matrices are as wide as the widest of all materials. No more is in memory than is asked for.

    Parameters
    ----------
    feature
        The feature.
    """

    def __init__(self, feature: Feature) -> None:
        self._feature = feature
        self._widest = _widest(feature)

    def of(self, ids: Sequence[str]) -> Dense:
        """Of some materials that have the feature."""
        if not self._widest:
            return self._feature.dense(ids)
        dense = self._feature.dense([*ids, *self._widest])
        assert not isinstance(dense, Ragged)
        return dense[: len(ids)]


def _widest(feature: Feature) -> list[str]:
    """Materials that make matrices of any others as wide as those of all; none if all are alike."""
    ids = feature.ids.tolist()
    first = feature.dense(ids[:1])
    if isinstance(first, Ragged) or first.ndim < 3:
        return []
    blocks = [ids[start : start + BLOCK] for start in range(0, len(ids), BLOCK)]
    shapes = [_shape(feature, block) for block in blocks]
    most = tuple(map(max, zip(*shapes, strict=True))) if shapes else ()
    widest = []
    for axis, size in enumerate(most):
        if size == first.shape[1 + axis]:
            widest += ids[:1]
            continue
        some = blocks[[shape[axis] for shape in shapes].index(size)]
        while len(some) > 1:
            half = some[: len(some) // 2]
            some = half if _shape(feature, half)[axis] == size else some[len(half) :]
        widest += some
    return list(dict.fromkeys(widest))


def _shape(feature: Feature, ids: Sequence[str]) -> tuple[int, ...]:
    """The shape of a matrix of some materials."""
    dense = feature.dense(ids)
    assert not isinstance(dense, Ragged)
    return dense.shape[1:]


class FeatureRows:
    """The dense form of a feature, material by material, as lists; see `DenseRows`."""

    def __init__(self, feature: Feature) -> None:
        self._feature = feature
        self._dense = DenseRows(feature)

    def of(self, ids: Sequence[str]) -> list[list[object] | None]:
        """Of some materials; None for one that lacks the feature."""
        having = [one for one in ids if one in self._feature]
        if not having:
            return [None] * len(ids)
        dense = self._dense.of(having)
        rows = {one: dense[row].tolist() for row, one in enumerate(having)}
        return [rows.get(one) for one in ids]


def _no_table(name: str, feature: Feature, dense: Dense) -> FeatureError:
    """Why a feature cannot be columns of a table."""
    advice = "write npz or hdf5, which hold arrays of any shape"
    if not isinstance(dense, Ragged):
        shape = " x ".join(map(str, dense.shape[1:]))
        text = f"{name} has {shape} numbers for each material; a table holds one row per material"
        return FeatureError(text, next_step=advice)
    level = next(item.level for item in feature.featurizer.fields if item.level != "crystal")
    settings = {setting for setting, _, _ in feature.featurizer.Settings.describe()}
    if "level" in settings:
        advice += f", or a view with one row (--set {name}.level=structure)"
    return FeatureError(
        f"{name} has a row for each {level}; a table holds one row per material", next_step=advice
    )
