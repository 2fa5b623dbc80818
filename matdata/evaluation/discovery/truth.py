"""True distances of candidates to the hull: where they are, and which a run may be scored on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.expressions.grammar import parse
from matdata.core.expressions.nodes import names_in
from matdata.evaluation.derive.hull import FORMULA, RESULT
from matdata.evaluation.discovery.ranking import Bool, Float
from matdata.evaluation.discovery.request import DiscoverRequest
from matdata.evaluation.trained_on import split_of
from matdata.store.catalogue import find_dataset
from matdata.training.data import View, truth


class Source(NamedTuple):
    """Where true distances come from.

    Attributes
    ----------
    column
        The column, or the expression over columns that was learnt.
    less_hull
        Whether it holds formation energies, from which the hull is subtracted.
    """

    column: str
    less_hull: bool


def source_of(request: DiscoverRequest) -> Source | None:
    """The column of true distances or formation energies; None if there is none.

    No cell of it is read.

    Raises
    ------
    ConfigError
        If the column that was named is not there.
    """
    columns = request.dataset.columns
    if request.truth is not None:
        request.dataset.require_column(request.truth, " of true distances", ConfigError)
        return Source(request.truth, less_hull=False)
    target = request.hull.source
    needed = [target.name]
    if target.expression:
        needed = [one.name for one in names_in(parse(target.expression))]
    if all(name in columns for name in needed):
        return Source(target.source, less_hull=True)
    return Source(RESULT, less_hull=False) if RESULT in columns else None


def read_truth(request: DiscoverRequest, source: Source, ids: npt.NDArray[np.str_]) -> Float:
    """True distances of materials, (n,), eV/atom; NaN where unknown.

    Raises
    ------
    ConfigError
        If the column holds no numbers in eV/atom.
    """
    dataset = request.dataset
    if source.less_hull:
        target = request.hull.source
        energies = {target.name: truth(View.of(dataset, {}), ids, [target])}
        formulas = [dataset.columns[FORMULA][row] for row in dataset.rows(ids).tolist()]
        return request.hull.truth(energies, {FORMULA: formulas})[RESULT][:, 0]
    numbers = dataset.columns.numbers(source.column, dataset.rows(ids))
    unit = dataset.units.get(source.column) or "eV/atom"
    if numbers is None or numbers.values.shape[1] != 1 or unit != "eV/atom":
        raise ConfigError(f"column {source.column!r} holds no distances in eV/atom")
    return np.where(numbers.known[:, 0], numbers.values[:, 0], np.nan)


def unseen(request: DiscoverRequest) -> tuple[Bool, bool]:
    """Marks of the candidates that may be scored, (n,), and whether they are of the dataset that
    the run was trained on: of that the test part alone.

    Materials of no part of the split were left out of it for a reason: they may be the structures
    before relaxation of those that were trained on, or share their elements. Where a split has no
    test part, they are scored. Nothing is known of what imported weights were trained on elsewhere.

    Raises
    ------
    TrainError
        If the split has other members than when the run was trained.
    """
    run, dataset = request.run, request.dataset
    every = np.ones(len(dataset.ids), dtype=bool)
    if run.manifest["dataset"] is None or run.manifest["split"] is None:
        return every, False
    trained_on = find_dataset(run.cache, run.dataset_ref)
    if trained_on.data_digest != dataset.data_digest:
        return every, False
    split = split_of(run, trained_on)
    if "test" in split.parts:
        return np.isin(dataset.ids, split.ids("test")), True
    known = [split.ids(part) for part in ("train", "val") if part in split.parts]
    return ~np.isin(dataset.ids, np.concatenate(known)), True
