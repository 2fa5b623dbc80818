"""Datasets and features as pandas tables, indexed by material id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from matdata.core.crystals import Ragged
from matdata.core.errors import FeatureError
from matdata.features.feature import Feature
from matdata.store.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    import pandas as pd

INDEX = "material_id"


def table_frame(dataset: DatasetFolder) -> pd.DataFrame:
    """The table, one row per material; units of columns in ``.attrs["units"]``."""
    import pandas as pd

    frame = pd.DataFrame({name: list(cells) for name, cells in dataset.columns.items()}).set_index(
        INDEX
    )
    frame.attrs["units"] = dict(dataset.units)
    return frame


def feature_frame(feature: Feature) -> pd.DataFrame:
    """The dense form of a feature, a column per label.

    Returns
    -------
    DataFrame
        One row per material that has the feature, or per site of it, under ids and the number of
        the site. Materials without the feature have no row: ``.attrs["left_out"]`` gives the
        reason of each, ``.attrs["units"]`` the unit of each column.

    Raises
    ------
    FeatureError
        If a row of it is no row of numbers, one per label.
    """
    import pandas as pd

    dense: Any = feature.dense()
    labels = [str(label) for label in feature.labels]
    index: pd.Index[Any] = pd.Index(feature.ids.tolist(), name=INDEX)
    values = dense.values if isinstance(dense, Ragged) else dense
    if values.ndim != 2 or values.shape[1] != len(labels):
        shape = " x ".join(map(str, values.shape[1:]))
        raise FeatureError(
            f"{feature.manifest['feature']} has {shape} numbers in a row, which are no columns of "
            "a table",
            next_step="read the arrays: .dense()",
        )
    if isinstance(dense, Ragged):
        counts = np.diff(dense.offsets)
        site = np.arange(len(values)) - np.repeat(dense.offsets[:-1], counts)
        index = pd.MultiIndex.from_arrays([index.repeat(counts), site], names=[INDEX, "site"])
    frame = pd.DataFrame(values, index=index, columns=labels)
    frame.attrs["units"] = dict(zip(labels, feature.units, strict=True))
    frame.attrs["left_out"] = {
        reject.material_id: f"{reject.reason}: {reject.message}" for reject in feature.rejects()
    }
    return frame
