"""Compiled kernels: batches of crystals in, arrays out."""

from pathlib import Path

from matdata.features.kernels.stale import drop_stale_code

drop_stale_code(Path(__file__).parent)
