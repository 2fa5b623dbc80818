"""Candidates by element substitution as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from matdata.building.pipeline import Built, build
from matdata.building.substitute_arguments import CSV, SubstituteConfig, shown_counts
from matdata.candidates.matrix import SubstitutionMatrix
from matdata.core.cache import storage_error
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonObject
from matdata.core.executors import Executor
from matdata.figures import require_matplotlib
from matdata.sources.substitute import Substitutions
from matdata.store import files
from matdata.store.csv import write_csv


class Candidates(NamedTuple):
    """Candidates that were made, or found.

    Attributes
    ----------
    built
        The dataset and its features.
    counts
        How many draws became what; None where nothing was drawn, as the dataset was there.
    matrix
        Files of the probabilities that were written.
    """

    built: Built
    counts: dict[str, int] | None
    matrix: tuple[Path, ...]

    def summary(self) -> JsonObject:
        """The result for machines."""
        matrix = [str(path) for path in self.matrix]
        return {**self.built.summary(), "draws": self.counts, "matrix": matrix}


def substitute(
    config: SubstituteConfig,
    cache: Path,
    console: Console = SILENT,
    executor: Executor | None = None,
) -> Candidates:
    """Make candidates, and write the probabilities where asked for.

    Raises
    ------
    MatdataError
        As `matdata.building.pipeline.build`; if the parents have no protostructures, nothing can
        be counted, or a file cannot be written.
    """
    if any(path.suffix.lower() != CSV for path in config.matrix):
        require_matplotlib()
    source = Substitutions.make(config.request(cache))
    for path in config.matrix:
        write_matrix(source.matrix, path)
        console.say(f"wrote {path}")
    built = build(source, cache, config.options, console, executor)
    counts = source.selection.counts() if source.was_drawn else None
    if counts is not None:
        console.say(f"substitutions: {shown_counts(counts.items())}")
    return Candidates(built, counts, config.matrix)


def write_matrix(matrix: SubstitutionMatrix, path: Path) -> None:
    """Write probabilities as numbers (.csv), or as a map of the main-group elements.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    if path.suffix.lower() != CSV:
        from matdata.figures.substitutions import substitution_map

        substitution_map(matrix).write(path)
        return
    try:
        with files.replacing(path) as temporary:
            write_csv(temporary, matrix.columns())
    except OSError as error:
        raise storage_error(error, path) from error
