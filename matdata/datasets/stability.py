"""Stability of a dataset's materials from Python: `hull`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from matdata.core.console import python_console
from matdata.core.documents import JsonMapping
from matdata.core.keywords import with_keywords
from matdata.core.options import values_of_keywords
from matdata.datasets.dataset import Dataset
from matdata.datasets.opening import dataset_of
from matdata.stability.keywords import HullKeywords
from matdata.stability.options import HULL_OPTIONS, canonical
from matdata.stability.request import request_of
from matdata.store.config_file import over_config


@with_keywords(HullKeywords)
def hull(
    dataset: Dataset | str | None = None,
    *,
    config: str | Path | None = None,
    cache: str | Path | None = None,
    **options: Unpack[HullKeywords],
) -> Dataset:
    """Energies above the convex hull as columns of a new version, as ``matdata hull`` does.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    cache
        Cache folder of a dataset that is named.
    options
        The options of the command: ``reference``, ``energy``, ``formation``, ``scheme``,
        ``prefix``, ``workers``.

    Returns
    -------
    Dataset
        The version with the columns ``energy_above_hull`` and ``phase_separation_energy``
        (eV/atom), ``decomposition`` (entries with their shares of the atoms), and, of total
        energies, ``formation_energy_per_atom``.

    Raises
    ------
    ConfigError, CurationError, StoreError
        As ``matdata hull``.

    Examples
    --------
    >>> ds = md.hull("candidates", reference="mp")
    >>> ds.table["energy_above_hull"]
    """
    from matdata.stability.workflow import add_hull

    own = {"dataset": getattr(dataset, "ref", dataset), "cache": cache}
    given: JsonMapping = {name: value for name, value in own.items() if value is not None}
    upper = values_of_keywords(HULL_OPTIONS, {**given, **options})
    values = over_config(config, HULL_OPTIONS, upper, canonical)
    opened = dataset_of(dataset if isinstance(dataset, Dataset) else values.get("dataset"),
                        values.get("cache"))  # fmt: skip
    request = request_of(values)
    result = add_hull(
        opened.cache, opened, request.references, request.settings, request.workers,
        python_console(),
    )  # fmt: skip
    return Dataset(result.dataset.folder, opened.cache)
