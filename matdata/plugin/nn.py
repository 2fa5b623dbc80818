"""Blocks that networks of plugins are made of: those of `matdata.nn`. Needs torch."""

from matdata.nn import *  # noqa: F403
from matdata.nn import __all__ as __all__
