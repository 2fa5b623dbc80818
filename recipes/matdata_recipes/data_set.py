"""What a preset says of a data set: its name, its files, how it is built and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class DataSet:
    """A data set: how it is called, built and split.

    Attributes
    ----------
    dataset, target
        Name in the cache, and the column that is learnt.
    files
        What `--from` is to name, in this order.
    where
        Where these are to be had.
    build
        Command that builds the set; ``{files}``, ``{first}``, ``{second}`` and ``{seed}`` are
        filled in.
    ratios
        Of a split that `matdata split` makes, drawn by the seed; empty for one of the recipe's.
    recipe_split
        Name of the recipe's split; ``{seed}``, and ``{next}``, the one after it, are filled in.
    tested
        Whether the split has a test part.
    folds
        Whether the split is a family of folds, all of which are trained on.
    """

    dataset: str
    target: str
    files: tuple[str, ...]
    where: str
    build: tuple[str, ...]
    ratios: str = ""
    recipe_split: str = "published"
    tested: bool = True
    folds: bool = False

    def split(self, seed: int) -> str:
        """Name of the split."""
        if self.ratios:
            return f"{self.ratios.replace('/', '-')}-seed{seed}"
        return self.recipe_split.format(seed=seed, next=seed + 1)

    def built_by(self, files: Sequence[str], seed: int) -> list[str]:
        """The command that builds the set from files."""
        words: list[str] = []
        for word in self.build:
            filled = {"first": files[0], "second": files[-1], "seed": seed, "files": ""}
            words += files if word == "{files}" else [word.format(**filled)]
        return words


def recipe_command(name: str, *words: str) -> tuple[str, ...]:
    """The command that carries out a recipe."""
    return ("python", "-m", f"matdata_recipes.{name}", *words)
