"""Published weights as a run, from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.cache import cache_dir
from matdata.core.given import require_name
from matdata.core.packages import need_torch
from matdata.store.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    from matdata.training.run import Run


def import_run(
    source: str,
    name: str,
    *,
    target: str | None = None,
    unit: str | None = None,
    dataset: str | DatasetFolder | None = None,
    split: str | None = None,
    licence: str | None = None,
    citation: str | None = None,
    description: str | None = None,
    cache: str | Path | None = None,
) -> Run:
    """Make a run of weights that another package published, as ``matdata import-run`` does.

    `predict` takes such a run as any other; materials with an element that the weights were not
    trained on are among its rejects. It has no test part unless dataset and split are named.

    Parameters
    ----------
    source
        ``IMPORTER:PLACE``, such as ``matgl:FOLDER``; ``matdata plugins`` lists importers.
    name
        Of the run.
    target, unit
        What the weights predict, where neither their files nor the importer say it.
    dataset, split
        A dataset (or its reference) with the target, and one of its splits: `evaluate` scores the
        run on its test part. Nothing can check that these materials were not trained on elsewhere.
    licence, citation, description
        Of the weights, in place of what the importer knows.
    cache
        Cache folder; that of an open dataset if one is given.

    Raises
    ------
    ConfigError
        If the importer is unknown, or nothing says what the weights predict, in which unit.
    TrainError
        If the weights are of another architecture, or the name belongs to another run.
    StoreError, SplitError
        If a file of the weights, the dataset or the split is missing or damaged.

    Examples
    --------
    >>> run = md.import_run("matgl:weights/megnet", "megnet-2018")
    >>> md.predict(run, "new.cif").to_frame()
    """
    need_torch()
    from matdata.training import import_run as importing

    request = importing.ImportRequest(
        source=require_name(source, "what is imported"),
        name=name,
        target=target,
        unit=unit,
        dataset=dataset.ref if isinstance(dataset, DatasetFolder) else dataset,
        split=split,
        licence=licence,
        citation=citation,
        description=description,
    )
    return importing.import_run(request, cache_dir(cache or getattr(dataset, "cache", None)))
