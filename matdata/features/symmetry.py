"""How features that need symmetry find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from matdata.crystals import Crystals
from matdata.settings import Settings, setting

if TYPE_CHECKING:
    from matdata.adapters.symmetry import Symmetry


@dataclass(frozen=True)
class SymmetrySettings(Settings):
    """How symmetry is found."""

    engine: str = setting("moyopy", "engine that finds symmetry", choices=("moyopy", "spglib"))
    symprec: float = setting(0.1, "symmetry tolerance in Å", minimum=1e-6)
    angle_tolerance: float = setting(5.0, "symmetry tolerance in degrees, of spglib", minimum=1e-6)


def symmetry_of(batch: Crystals, chosen: SymmetrySettings) -> Symmetry:
    """Symmetry of a batch; crystals without one are its rejects."""
    from matdata.adapters.symmetry import Engine, analyse

    engine = cast(Engine, chosen.engine)
    # moyopy is given no angle tolerance: with one it may never return (ARCHITECTURE.md).
    angle = None if engine == "moyopy" else chosen.angle_tolerance
    return analyse(batch, engine, chosen.symprec, angle)
