"""Compiled kernels of networks, for the CPU."""

from pathlib import Path

from matdata.features.kernels.stale import drop_stale_code

drop_stale_code(Path(__file__).parent)
