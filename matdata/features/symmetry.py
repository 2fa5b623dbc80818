"""How features that need symmetry find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from matdata.core.crystals import Crystals
from matdata.core.settings import Settings, setting
from matdata.core.tolerances import ANGLES_HELP, SYMPREC, angle_tolerance_of, for_engine

if TYPE_CHECKING:
    from matdata.symmetry.search import Symmetry


@dataclass(frozen=True)
class SymmetrySettings(Settings):
    """How symmetry is found."""

    engine: str = setting("moyopy", "engine that finds symmetry", choices=("moyopy", "spglib"))
    symprec: float = setting(SYMPREC, "symmetry tolerance in Å", minimum=1e-6)
    angle_tolerance: float | None = setting(None, ANGLES_HELP)

    def __post_init__(self) -> None:
        super().__post_init__()
        angle = angle_tolerance_of(self.engine, self.symprec, self.angle_tolerance)
        object.__setattr__(self, "angle_tolerance", angle)


def symmetry_of(batch: Crystals, chosen: SymmetrySettings) -> Symmetry:
    """Symmetry of a batch; crystals without one are its rejects."""
    from matdata.symmetry.search import Engine, analyse

    engine = cast(Engine, chosen.engine)
    return analyse(batch, engine, chosen.symprec, for_engine(engine, chosen.angle_tolerance))
