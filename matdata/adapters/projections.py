"""Vectors on a plane: principal components, t-SNE (scikit-learn), UMAP (umap-learn)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.packages import needed_for

Float: TypeAlias = npt.NDArray[np.float64]
#: Fewest vectors of which a map is drawn.
LEAST = 4
SEED = 0


def project(vectors: npt.NDArray[np.floating], method: str) -> Float:
    """Places of vectors on a plane, the same for the same vectors.

    Parameters
    ----------
    vectors : (n, d)
        At least `LEAST`.
    method
        One of `METHODS`.

    Returns
    -------
    (n, 2)

    Raises
    ------
    ConfigError
        If there are too few vectors, or some are not finite.
    MissingPackageError
        If the method's package is not installed.
    """
    values = np.asarray(vectors, dtype=np.float64)
    if len(values) < LEAST:
        raise ConfigError(f"{len(values)} materials make no map; at least {LEAST} do")
    bad = int((~np.isfinite(values).all(1)).sum())
    if bad:
        raise ConfigError(f"{bad:,} embeddings are not finite", cause="the training diverged")
    return METHODS[method](values)


def principal_components(values: Float) -> Float:
    """The first two principal components; signs such that the largest loading is positive."""
    centred = values - values.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    chosen = np.zeros((2, values.shape[1]))
    chosen[: len(axes[:2])] = axes[:2]
    largest = np.abs(chosen).argmax(1)
    signs = np.where(chosen[[0, 1], largest] < 0, -1.0, 1.0)
    found: Float = centred @ (chosen * signs[:, None]).T
    return found


def _tsne(values: Float) -> Float:
    with needed_for("a t-SNE map", "--map pca needs nothing"):
        from sklearn.manifold import TSNE
    perplexity = min(30.0, (len(values) - 1) / 3.0)
    made = TSNE(perplexity=perplexity, init="pca", random_state=SEED).fit_transform(values)
    return np.asarray(made, dtype=np.float64)


def _umap(values: Float) -> Float:
    with needed_for("a UMAP map", "--map pca needs nothing"):
        from umap import UMAP
    neighbours = min(15, len(values) - 1)
    model = UMAP(n_neighbors=neighbours, random_state=SEED, n_jobs=1, init="pca")
    return np.asarray(model.fit_transform(values), dtype=np.float64)


METHODS: dict[str, Callable[[Float], Float]] = {
    "pca": principal_components,
    "tsne": _tsne,
    "umap": _umap,
}
