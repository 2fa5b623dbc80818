"""How features that need symmetry find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from matdata.core.crystals import Crystals
from matdata.core.documents import JsonMapping
from matdata.core.settings import Settings, setting
from matdata.core.tolerances import ANGLES_HELP, SYMPREC, angle_tolerance_of, for_engine
from matdata.features.intermediates import Intermediate

if TYPE_CHECKING:
    from matdata.symmetry.search import Symmetry

#: Columns of a dataset that its curation has written.
LABEL, GROUP, VALID = "protostructure", "space_group_number", "wyckoff_valid"
CURATED = (LABEL, GROUP, VALID)


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

    def found_by(self, curation: JsonMapping) -> bool:
        """Whether a dataset curated with these settings holds what this search would find."""
        engine = "moyopy" if curation["symmetry"] == "both" else curation["symmetry"]
        angle = for_engine(engine, curation["angle_tolerance"])
        found = engine, curation["symprec"], angle
        return found == (self.engine, self.symprec, for_engine(self.engine, self.angle_tolerance))


@dataclass(frozen=True)
class SymmetrySearch(Intermediate["Symmetry"]):
    """Symmetry of a batch; crystals without one are its rejects.

    Attributes
    ----------
    engine
        ``moyopy`` or ``spglib``.
    symprec, angle_tolerance
        Tolerances in Å and degrees.
    """

    engine: str
    symprec: float
    angle_tolerance: float | None

    @classmethod
    def with_settings(cls, chosen: SymmetrySettings) -> SymmetrySearch:
        """The search with the settings of a feature."""
        return cls(chosen.engine, chosen.symprec, chosen.angle_tolerance)

    def compute(self, batch: Crystals) -> Symmetry:
        """Search all crystals of a batch."""
        from matdata.symmetry.search import Engine, analyse

        engine = cast(Engine, self.engine)
        return analyse(batch, engine, self.symprec, for_engine(engine, self.angle_tolerance))
