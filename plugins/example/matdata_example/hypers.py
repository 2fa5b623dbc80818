"""What a user can set of the example trainer; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting


@dataclass(frozen=True)
class Hypers(Settings):
    """Size of the network."""

    width: int = setting(32, "width of the hidden layer", minimum=1)
