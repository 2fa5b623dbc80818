"""Features as scikit-learn transformers, for pipelines and grid searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from matdata.core.errors import FeatureError


class FeatureTransformer(TransformerMixin, BaseEstimator):
    """Materials in, one row of features each out.

    Per-site features are averaged over the sites of a crystal. A material that cannot be
    featurized raises, since an estimator cannot leave out rows.

    Parameters
    ----------
    spec
        Feature name.
    settings
        Settings of the featurizer.
    """

    def __init__(self, spec: str, settings: Mapping[str, object] | None = None) -> None:
        self.spec = spec
        self.settings = settings

    def fit(self, X: object, y: object = None) -> FeatureTransformer:
        """Nothing is learned; names and settings are checked."""
        from matdata.features import featurizer

        self.n_columns_ = len(featurizer(self.spec, self.settings).labels())
        return self

    def transform(self, X: object) -> npt.NDArray[Any]:
        """Features of materials, (n, columns).

        Raises
        ------
        FeatureError
            If a material fails, with its position and reason.
        """
        from matdata.materials.compute import compute

        done = compute(self.spec, X, **dict(self.settings or {}))
        if done.rejects:
            first = done.rejects[0]
            raise FeatureError(
                f"{len(done.rejects)} materials have no {self.spec}; the first is "
                f"{first.material_id}: {first.reason}: {first.message}",
                next_step="leave them out before the transformer",
            )
        if done.offsets is None:
            return done.values
        starts, counts = done.offsets[:-1], np.diff(done.offsets)
        sums = np.add.reduceat(done.values, starts, axis=0, dtype=np.float64)
        means: npt.NDArray[Any] = (sums / counts[:, None]).astype(done.values.dtype)
        return means

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:
        """Labels of the columns."""
        from matdata.features import featurizer

        return np.asarray(featurizer(self.spec, self.settings).labels(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True
