"""A request for the nearest training materials, resolved before torch is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import words
from matdata.core.options import Values
from matdata.evaluation.run_request import (
    MaterialsRequest,
    loop_settings,
    output_of,
    require_materials,
    run_of,
    scheduler_of,
)
from matdata.evaluation.similarity.arguments import TOP
from matdata.evaluation.similarity.embed import combine_of, require_network
from matdata.evaluation.similarity.queries import named_query
from matdata.evaluation.similarity.search import METRICS, Metric
from matdata.evaluation.trained_on import split_of
from matdata.features.embedding import Combine
from matdata.splits.base import Split
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder

#: The most that are listed for one material.
MOST = 10_000


@dataclass(frozen=True)
class NearestRequest(MaterialsRequest):
    """What is asked about, and how the nearest training materials are found.

    Attributes
    ----------
    dataset, split
        What the run was trained on.
    materials
        What is asked about: `MaterialIds` as well.
    top, metric, combine
        How many are listed, by what they are compared, and how the members of an ensemble become
        one vector.
    columns
        Columns of `dataset` that are listed.
    """

    dataset: DatasetFolder
    split: Split
    top: int
    metric: Metric
    combine: Combine
    columns: tuple[str, ...]

    @classmethod
    def of(cls, fields: Values, materials: object = None) -> NearestRequest:
        """Check the keywords of `matdata.nearest`.

        Parameters
        ----------
        fields
            Values of `matdata.evaluation.similarity.arguments.NEAREST_OPTIONS` by name.
        materials
            In place of what ``query`` names.

        Raises
        ------
        ConfigError
            If run or query are not named, a name has two meanings, an option has a value that it
            cannot have, or the run has no network.
        StoreError, TrainError
            If there is no such run, column or material, the run is damaged, or it was imported
            without a dataset.
        StructureError
            If all that was named is one text that is nothing that is known.
        """
        output, scheduler = output_of(fields), scheduler_of(fields)
        require_materials(
            materials,
            fields.get("query"),
            "name materials of the run's dataset, a dataset, files, or formulas",
        )
        run = run_of(fields)
        require_network(run)
        dataset = find_dataset(run.cache, run.dataset_ref)
        columns = words(fields.get("columns"))
        for column in columns:
            dataset.require_column(column)
        names: tuple[str, ...] = ()
        if materials is None:
            materials, names = named_query(run, fields["query"])
        return cls(
            run, (), loop_settings(fields, run), materials, names, output, scheduler,
            dataset, split_of(run, dataset), _top(fields), _metric(fields), combine_of(fields),
            columns,
        )  # fmt: skip


def _top(fields: Values) -> int:
    top = TOP if fields.get("top") is None else fields["top"]
    if isinstance(top, bool) or not isinstance(top, int) or not 1 <= top <= MOST:
        raise ConfigError(
            f"{top!r} materials cannot be listed", next_step=f"--top N, from 1 to {MOST:,}"
        )
    return top


def _metric(fields: Values) -> Metric:
    metric = fields.get("metric") or "cosine"
    if metric not in METRICS:
        raise ConfigError(
            f"unknown metric {metric!r}{did_you_mean(str(metric), METRICS)}",
            next_step=f"choose from {', '.join(METRICS)}",
        )
    return cast("Metric", metric)
