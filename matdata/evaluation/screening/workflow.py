"""Screening from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from matdata.core.errors import MatdataWarning
from matdata.core.keywords import with_keywords
from matdata.core.packages import need_torch
from matdata.evaluation.keywords import ScreenKeywords

if TYPE_CHECKING:
    from matdata.evaluation.screening.screen import Screening
    from matdata.store.dataset_folder import DatasetFolder
    from matdata.training.run import Run


@with_keywords(ScreenKeywords)
def screen(
    run: Run | str | Sequence[Run | str] | None = None,
    dataset: DatasetFolder | str | None = None,
    **options: Unpack[ScreenKeywords],
) -> Screening:
    """Keep the materials of a dataset that fulfil conditions, as ``matdata screen`` does.

    Parameters
    ----------
    run
        A run, or several that predict different targets; or names of them.
    dataset
        The candidates: an open dataset, or the reference of one.
    options
        The options of the command (`matdata.evaluation.keywords.ScreenKeywords`). Pictures are
        written where ``pictures`` names a folder; one that cannot be drawn is reported by a
        `MatdataWarning`.

    Returns
    -------
    Screening
        ``columns()`` is the table of what is kept, ``pairs`` how often elements occur together.

    Raises
    ------
    ConfigError
        If run, dataset or condition is not named, or an option is unknown.
    MatdataError
        As ``matdata screen``.

    Examples
    --------
    >>> md.screen(["eps-re", "eps-im"], "candidates", rule="enz").columns()
    """
    need_torch()
    from matdata.evaluation.arguments import fields_of
    from matdata.evaluation.screening.arguments import SCREEN_OPTIONS
    from matdata.evaluation.screening.request import ScreenRequest
    from matdata.evaluation.screening.screen import screen_dataset

    named = dataset if isinstance(dataset, str) else None
    fields = fields_of(SCREEN_OPTIONS, {**options, "run": run, "dataset": named})
    request = ScreenRequest.of(fields, None if isinstance(dataset, str) else dataset)
    screening = screen_dataset(request)
    if request.pictures is not None:
        from matdata.evaluation.screening.pictures import draw_screening

        for path, error in draw_screening(screening).failed.items():
            warnings.warn(f"{path} was not drawn: {error}", MatdataWarning, stacklevel=2)
    return screening
