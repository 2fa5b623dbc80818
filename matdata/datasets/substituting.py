"""`matdata.substitute` and `substitution_matrix`: candidates by element substitution in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from matdata.building.keywords import SubstituteKeywords
from matdata.core.cache import cache_dir
from matdata.core.console import python_console
from matdata.core.documents import JsonObject
from matdata.core.keywords import with_keywords
from matdata.datasets.dataset import Dataset

if TYPE_CHECKING:
    from matdata.candidates.matrix import SubstitutionMatrix
    from matdata.core.executors import Executor


@with_keywords(SubstituteKeywords)
def substitute(
    dataset: Dataset | str | None = None,
    *,
    config: str | Path | None = None,
    executor: Executor | None = None,
    quiet: bool = True,
    **options: Unpack[SubstituteKeywords],
) -> Dataset:
    """Make candidates by element substitution, as ``matdata substitute`` does.

    Parameters
    ----------
    dataset
        The parents: an open dataset, or the reference of one.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    executor, quiet
        As of `build`.
    options
        The options of the command, under their names.

    Returns
    -------
    Dataset
        The candidates, with the columns ``parent``, ``substitution``, ``log_probability`` and
        ``n_draws``; protostructures without coordinates, unless ``structures`` is asked for.

    Raises
    ------
    MatdataError
        As ``matdata substitute``.

    Examples
    --------
    >>> md.substitute("mp", per_parent=10, exclude=["lanthanides", "actinides"], exclude_in=["mp"])
    """
    from matdata.building import substituting
    from matdata.building.substitute_arguments import (
        SUBSTITUTE_OPTIONS,
        SubstituteConfig,
        canonical,
    )
    from matdata.core.options import values_of_keywords
    from matdata.store.config_file import over_config

    given: JsonObject = dict(options)
    if isinstance(dataset, Dataset):
        given = {"cache": str(dataset.cache), **given}
    if dataset is not None:
        given["dataset"] = getattr(dataset, "ref", dataset)
    upper = values_of_keywords(SUBSTITUTE_OPTIONS, given)
    keywords = over_config(config, SUBSTITUTE_OPTIONS, upper, canonical)
    home = cache_dir(keywords.get("cache"))
    result = substituting.substitute(
        SubstituteConfig.of(keywords), home, python_console(quiet), executor
    )
    return Dataset(result.built.dataset.folder, home)


def substitution_matrix(
    dataset: Dataset | str | None = None,
    *,
    bin_weight: Literal["pairs", "equal"] = "pairs",
    cache: str | Path | None = None,
) -> SubstitutionMatrix:
    """Probabilities of element substitution among the materials of a dataset.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one; the published ones of pymatgen if not given.
    bin_weight
        A prototype counts by its number of pairs, or equal to all others.
    cache
        Cache folder of a dataset that is named.

    Raises
    ------
    StoreError, SourceError, CurationError
        If there is no such dataset, it has no protostructures, or no two materials differ.

    Examples
    --------
    >>> md.substitution_matrix("mp").probabilities[22, 40]  # Ti -> Zr
    """
    from matdata.sources.substitution_counts import matrix_of

    if isinstance(dataset, Dataset):
        return matrix_of(dataset.cache, dataset.ref, bin_weight)
    return matrix_of(cache_dir(cache), dataset, bin_weight)
