"""The options of `matdata.sweep` as type checkers and editors see them."""

from __future__ import annotations

from pathlib import Path

from matdata.training.keywords import LoopKeywords


class SweepKeywords(LoopKeywords, total=False):
    """What all trials have in common, as `matdata.train` takes it, and what is searched.

    Attributes
    ----------
    space
        A TOML file with a table per parameter.
    trials
        How many trainings, with those that are finished.
    """

    space: str | Path | None
    trials: int
