"""Training on datasets that are opened at the address of a shared folder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from matdata.core.console import Console
from matdata.datasets.opening import open
from matdata.sharing.address import is_address
from matdata.training import workflow

if TYPE_CHECKING:
    from matdata.training.request import Request

F = TypeVar("F", bound=Callable[..., Any])


def request_at_hand(request: Request, cache: Path, console: Console) -> Request:
    """The request for a dataset of the cache: one at an address is pulled, with its splits and
    what the trainer reads.

    Raises
    ------
    StoreError, FeatureError
        If it is not there, or lacks what the trainer reads.
    """
    if not is_address(request.dataset):
        return request
    dataset = open(request.dataset, cache)
    workflow.bring_inputs(request, dataset, console)
    return replace(request, dataset=dataset.ref)


def _opening_addresses(function: F) -> F:
    """The function, given an open dataset for the address of one."""

    @functools.wraps(function)
    def opened(plugin: Any = None, dataset: Any = None, *more: Any, **options: Any) -> Any:
        if is_address(dataset):
            dataset = open(dataset, options.get("cache"))
        return function(plugin, dataset, *more, **options)

    return cast("F", opened)


train = _opening_addresses(workflow.train)
train_folds = _opening_addresses(workflow.train_folds)
