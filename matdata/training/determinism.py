"""Training whose bits do not depend on the order in which a GPU works."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

#: cuBLAS is deterministic with a workspace of this kind alone; read at its first product.
WORKSPACE, SIZE = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"


@contextlib.contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Only deterministic operations within; torch raises for one that has no such form.

    Parameters
    ----------
    device
        Where the networks are.
    """
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    searched = torch.backends.cudnn.benchmark
    with contextlib.ExitStack() as restored:
        restored.callback(torch.use_deterministic_algorithms, before, warn_only=only_warned)
        torch.use_deterministic_algorithms(True)
        restored.callback(setattr, torch.backends.cudnn, "benchmark", searched)
        torch.backends.cudnn.benchmark = False  # it picks an algorithm by its time
        if device.type == "cuda" and WORKSPACE not in os.environ:
            restored.callback(os.environ.pop, WORKSPACE, None)
            os.environ[WORKSPACE] = SIZE
        yield
