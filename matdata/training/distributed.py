"""Several processes that train one model, started by torchrun.

Each takes its part of every batch. Gradients of the sum of the losses, divided by the number of
known targets in the whole batch, are summed over the processes; that is the gradient of one process
with the whole batch, whatever the parts' sizes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """The processes that train together.

    Attributes
    ----------
    rank
        Number of this process.
    size
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the processes; every one gets the same bits."""
        if self.size == 1:
            return values
        total = values.detach().clone()
        torch.distributed.all_reduce(total)
        return total

    def shared(self, value: T) -> T:
        """What the leading process has, for all."""
        if self.size == 1:
            return value
        box: list[object] = [value]
        torch.distributed.broadcast_object_list(box, src=0)
        return cast(T, box[0])


ALONE = Group()


def own_gpu(name: str) -> str:
    """The GPU of this process: ``cuda`` is another one for each that torchrun started here."""
    local = os.environ.get("LOCAL_RANK")
    return f"cuda:{local}" if name == "cuda" and local is not None else name


def leads_here() -> bool:
    """Whether this process is the one that speaks, also after the group was left."""
    return os.environ.get("RANK", "0") == "0"


def join_group(device: torch.device) -> Group:
    """Join the processes that torchrun started; alone without torchrun."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ALONE
    if not torch.distributed.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)  # where NCCL talks, and what it sends objects with
        backend = "nccl" if device.type == "cuda" else "gloo"
        torch.distributed.init_process_group(backend)
    return Group(torch.distributed.get_rank(), size)


def leave_group(group: Group, failed: bool = False) -> None:
    """Wait for the others and part.

    A process that failed does not wait: the others wait for its gradients, until torchrun, which
    sees it end, stops them.
    """
    if group.size > 1 and not failed and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
