"""What a training or a prediction sets for its whole process, and puts back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from matdata.core.cpu_kernels import cpu_kernels, cpu_kernels_enabled
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.training.determinism import deterministic
from matdata.training.settings import TrainSettings


@contextlib.contextmanager
def process_state(
    settings: TrainSettings, device: torch.device, keep_memory: bool = False
) -> Iterator[None]:
    """Have torch compute as the settings say within: kernels, threads, precision of products.

    All of it is put back afterwards, except that freed memory stays with the process, which cannot
    be undone; with the switch of `matdata.core.cpu_kernels` off it is left alone.

    Parameters
    ----------
    settings
        ``cpu_kernels``, ``threads``, ``precision`` and ``deterministic`` are read.
    device
        Where the networks are.
    keep_memory
        Whether freed memory is to be kept where networks are on the CPU, for steps of a training.
    """
    with contextlib.ExitStack() as restored:
        restored.enter_context(cpu_kernels(settings.cpu_kernels))
        if keep_memory and device.type == "cpu" and cpu_kernels_enabled():
            keep_freed_memory()
        if settings.threads:
            restored.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(settings.threads)
        if settings.deterministic:
            restored.enter_context(deterministic(device))
        # torch takes convolutions on a GPU in tf32 by default
        convolutions = torch.backends.cudnn
        restored.callback(setattr, convolutions, "allow_tf32", convolutions.allow_tf32)
        convolutions.allow_tf32 = settings.precision == "tf32"
        if settings.precision == "tf32":
            restored.callback(
                torch.set_float32_matmul_precision, torch.get_float32_matmul_precision()
            )
            torch.set_float32_matmul_precision("high")
        yield
