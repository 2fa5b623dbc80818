"""What one process has in hand while a run is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from matdata.core.console import Console
from matdata.load.normalizer import Normalizer
from matdata.store.locks import Lock
from matdata.training.data import View
from matdata.training.distributed import Group
from matdata.training.plan import Question
from matdata.training.run import Run


@dataclass(frozen=True)
class Session:
    """The training of one run, in one process.

    Attributes
    ----------
    question
        What was asked for, checked.
    run
        The run.
    lock
        The lock of its folder; None in processes that do not lead, and write nothing.
    view, normalizer
        What loaders read, and what targets go through.
    parent
        The run whose weights are taken over; None for weights that are drawn.
    device, group
        Where the networks are, and the processes that train together.
    console
        Informed of what happens; of the leading process alone.
    stop_after
        Steps after which the loop stops with a checkpoint; see `matdata.training.train.train`.
    """

    question: Question
    run: Run
    lock: Lock | None
    view: View
    normalizer: Normalizer
    parent: Run | None
    device: torch.device
    group: Group
    console: Console
    stop_after: int | None

    def require_lock(self) -> None:
        """Make sure that no other process has taken over the run, before something is written.

        Raises
        ------
        StoreError
            If one has.
        """
        if self.lock is not None:
            self.lock.require()
