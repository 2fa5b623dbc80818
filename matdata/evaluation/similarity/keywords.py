"""The options of `matdata.embed` and `matdata.nearest` as type checkers and editors see them.

Their names and meanings are those of `matdata.evaluation.similarity.arguments`; a test compares
the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from matdata.evaluation.keywords import RunKeywords

if TYPE_CHECKING:
    from matdata.training.run import Run


class CombineKeywords(RunKeywords, total=False):
    """How materials are embedded.

    Attributes
    ----------
    combine
        How the vectors of the members of an ensemble become one: ``joined``, ``mean``, ``first``.
    output
        A file that the vectors are written to (.npz, .parquet, .csv).
    scheduler
        Where features of materials are computed that are in no dataset.
    """

    combine: str
    output: str | Path | None
    scheduler: str | None


class EmbedKeywords(CombineKeywords, total=False):
    """How materials are embedded, and what is drawn of it.

    Attributes
    ----------
    map
        ``pca``, ``tsne`` or ``umap``: draw the embeddings on a plane.
    colour
        Column of the dataset that colours the map.
    part, containing
        Draw the materials of this part of the run's split, or with this element, alone.
    beside
        With ``pca`` another run, or its name, whose principal components are drawn over those of
        this one, with their correlations.
    pictures
        Folder for the map; that of the run's pictures if not given.
    format, style
        Formats of the picture (``png``, ``svg``, ``pdf``), and its colours: ``light`` or ``dark``.
    """

    map: Literal["pca", "tsne", "umap"] | None
    colour: str | None
    part: Literal["train", "val", "test"] | None
    containing: str | None
    beside: Run | str | None
    pictures: str | Path | None
    format: Sequence[str] | str | None
    style: str | None


class NearestKeywords(CombineKeywords, total=False):
    """How the nearest training materials are found, and what is listed of them.

    Attributes
    ----------
    top
        How many for each material.
    metric
        ``cosine`` or ``euclidean``.
    columns
        Columns of the run's dataset to list beside the formula.
    """

    top: int
    metric: str
    columns: Sequence[str] | str | None
