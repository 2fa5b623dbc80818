"""The options of `matdata.predict` and `matdata.evaluate` as type checkers and editors see them.

Their names and meanings are those of `matdata.evaluation.arguments`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from matdata.evaluation.derive.base import Derivation


class PredictionKeywords(TypedDict, total=False):
    """How a network is run; as in training where nothing is given.

    ``matdata predict --help`` explains each.
    """

    device: str
    batch_size: int
    max_sites: int
    max_edges: int
    max_entries: int
    threads: int
    precision: str
    loader: str
    cpu_kernels: str


class RunKeywords(PredictionKeywords, total=False):
    """The same, with where options and runs are found.

    Attributes
    ----------
    config
        A configuration file, as ``--config`` takes it; what is given in Python wins.
    cache
        Cache folder of runs that are named.
    """

    config: str | Path | None
    cache: str | Path | None


class EvaluateKeywords(RunKeywords, total=False):
    """How a run, or the runs on all folds, are scored.

    Attributes
    ----------
    derive
        As `matdata.predict` takes it.
    by, bins
        Columns: the materials of each of their values, or bin of numbers, are scored on their own.
    matbench
        A file as which Matbench records runs on its folds (`evaluate_folds`).
    beside
        Evaluated runs on the same materials whose confidence-error curves are drawn as well.
    pictures
        Folder for pictures.
    no_pictures
        False writes pictures into the folder of the run where `pictures` names none, as the
        command does; otherwise there are some only where `pictures` is given.
    format, style
        Formats of pictures (``png``, ``svg``, ``pdf``), and their colours: ``light`` or ``dark``.
    """

    derive: Sequence[str | Derivation] | None
    by: Sequence[str] | str | None
    bins: int | None
    matbench: str | Path | None
    beside: Sequence[str] | str | None
    pictures: str | Path | None
    no_pictures: bool | None
    format: Sequence[str] | str | None
    style: str | None


class DiscoverKeywords(RunKeywords, total=False):
    """How candidates are ranked by their stability.

    Attributes
    ----------
    reference
        Known phases: a stored reference, or a dataset of the cache.
    target
        Target of the run that is a formation energy in eV/atom; by its name if not given.
    criterion
        ``mean``, ``mean+std`` or ``probability``.
    budget
        How many candidates are listed and scored.
    truth
        Column of true distances to the hull.
    by
        Columns: the candidates of each of their values are scored on their own.
    no_score
        Leave true values unread.
    output
        A file that the table is written to as well.
    format
        ``table``, or ``matbench-discovery``, which writes formation energies of all candidates and
        a file of metadata beside them.
    pictures
        Folder for pictures.
    picture_format, style
        Formats of pictures (``png``, ``svg``, ``pdf``), and their colours: ``light`` or ``dark``.
    """

    reference: str | None
    target: str | None
    criterion: str
    budget: int | None
    truth: str | None
    by: Sequence[str] | str | None
    no_score: bool
    output: str | Path | None
    format: Literal["table", "matbench-discovery"]
    pictures: str | Path | None
    picture_format: Sequence[str] | str | None
    style: Literal["light", "dark"]


class ScreenKeywords(RunKeywords, total=False):
    """What a screening keeps, and what it writes.

    Attributes
    ----------
    rule
        What is kept: a rule (``enz``, ``enz:loss=1``), or one with its options.
    where
        Conditions over columns of the dataset and predicted numbers, all of which must hold.
    derive
        As `matdata.predict` takes it; what is fitted to the validation part of a run excepted.
    output
        A file that the table of what is kept is written to as well.
    pictures
        Folder for pictures; there are none if it is not given.
    example
        Materials whose predicted arrays are drawn, beside the first two that are kept.
    min_pairs
        Compositions with two elements, from which on the network of elements joins them.
    format, style
        Formats of pictures (``png``, ``svg``, ``pdf``), and their colours: ``light`` or ``dark``.
    """

    rule: str | Derivation | None
    where: Sequence[str] | str | None
    derive: Sequence[str | Derivation] | None
    output: str | Path | None
    pictures: str | Path | None
    example: Sequence[str] | str | None
    min_pairs: int | None
    format: Sequence[str] | str | None
    style: str | None
