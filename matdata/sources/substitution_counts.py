"""Substitution probabilities of a dataset, read piece by piece, or as they were published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matdata.adapters.substitutions import CITATION, ionic_substitutions
from matdata.candidates.counts import BinWeight, SubstitutionCounts
from matdata.candidates.matrix import SubstitutionMatrix
from matdata.core.errors import SourceError
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_rows import DatasetRows

LABEL, VALID = "protostructure", "wyckoff_valid"


def labels_of(rows: DatasetRows) -> Iterator[tuple[int, list[str], list[str | None]]]:
    """First row, ids and protostructures of pieces of a dataset; None where there is none, or one
    that does not hold all sites."""
    for start, stop in rows.ranges():
        cells = rows.cells(["material_id", LABEL, VALID], start, stop)
        labels = [
            label if valid else None
            for label, valid in zip(cells[LABEL], cells[VALID], strict=True)
        ]
        yield start, list(cells["material_id"]), labels


def require_protostructures(rows: DatasetRows) -> None:
    """Refuse a dataset without protostructures.

    Raises
    ------
    SourceError
        If it has none.
    """
    if LABEL not in rows.dataset.columns:
        raise SourceError(
            f"{rows.dataset.ref} has no protostructures, in which elements are substituted",
            cause="formulas without structures, or a build without symmetry (--symmetry none)",
            next_step="build it from structures with symmetry, or from protostructures "
            "(--protostructure-col)",
        )


def counted(rows: DatasetRows, weight: BinWeight = "pairs") -> SubstitutionMatrix:
    """Probabilities counted in a dataset.

    Raises
    ------
    CurationError
        If no two materials of a prototype differ.
    """
    counts = SubstitutionCounts()
    for _, _, labels in labels_of(rows):
        counts.add(label for label in labels if label)
    text = (
        f"{rows.dataset.ref}: {counts.n_materials:,} materials, "
        f"{counts.n_prototypes:,} prototypes with several"
    )
    return SubstitutionMatrix.of_counts(counts.matrix(weight), text)


def prior() -> SubstitutionMatrix:
    """The published probabilities of ionic substitution."""
    return SubstitutionMatrix.of_counts(ionic_substitutions(), CITATION)


def matrix_of(cache: Path, dataset: str | None, weight: BinWeight = "pairs") -> SubstitutionMatrix:
    """Probabilities counted in the dataset that is named; the published ones for None.

    Raises
    ------
    StoreError, SourceError, CurationError
        If there is no such dataset, it has no protostructures, or no two materials differ.
    """
    if dataset is None:
        return prior()
    rows = DatasetRows(find_dataset(cache, dataset))
    require_protostructures(rows)
    return counted(rows, weight)
