"""The options of `matdata.embed` and `matdata.nearest` as type checkers and editors see them.

Their names and meanings are those of `matdata.evaluation.similarity.arguments`; a test compares
the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matdata.evaluation.keywords import RunKeywords


class EmbedKeywords(RunKeywords, total=False):
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


class NearestKeywords(EmbedKeywords, total=False):
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
