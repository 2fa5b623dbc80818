"""Discovery from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from matdata.core.keywords import with_keywords
from matdata.core.packages import need_torch
from matdata.evaluation.keywords import DiscoverKeywords

if TYPE_CHECKING:
    from matdata.evaluation.discovery.search import Discovery
    from matdata.store.dataset_folder import DatasetFolder
    from matdata.training.run import Run


@with_keywords(DiscoverKeywords)
def discover(
    run: Run | str | None = None,
    dataset: DatasetFolder | str | None = None,
    **options: Unpack[DiscoverKeywords],
) -> Discovery:
    """Rank candidates by their distance to the hull, as ``matdata discover`` does.

    Parameters
    ----------
    run
        A run on formation energies, or the name of one.
    dataset
        The candidates: an open dataset, or the reference of one.
    options
        The options of the command (`matdata.evaluation.keywords.DiscoverKeywords`).

    Returns
    -------
    Discovery
        The table is ``columns()``, the score, where true distances are known, ``score``.

    Raises
    ------
    ConfigError
        If run, dataset or reference is not named, or an option is unknown.
    MatdataError
        As ``matdata discover``.

    Examples
    --------
    >>> md.discover("stable", "candidates", reference="mp", criterion="mean+std").columns()
    """
    need_torch()
    from matdata.evaluation.arguments import DISCOVER_OPTIONS, fields_of
    from matdata.evaluation.discovery.request import DiscoverRequest
    from matdata.evaluation.discovery.search import discover_candidates

    named = dataset if isinstance(dataset, str) else None
    fields = fields_of(DISCOVER_OPTIONS, {**options, "run": run, "dataset": named})
    opened = None if isinstance(dataset, str) else dataset
    return discover_candidates(DiscoverRequest.of(fields, opened))
