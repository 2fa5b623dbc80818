"""What a user can set of the example trainer; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

import matdata as md


@dataclass(frozen=True)
class Hypers(md.Settings):
    """Size of the network."""

    width: int = md.setting(32, "width of the hidden layer", minimum=1)
