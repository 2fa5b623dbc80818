"""Settings of curation: what makes a record part of a dataset."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.settings import Settings, setting


@dataclass(frozen=True)
class CurateSettings(Settings):
    """What makes a record part of a dataset; bounds named ``…_below`` are exclusive."""

    dedupe: str = setting(
        "auto",
        "duplicates by lowest energy: of a formula, or of a protostructure",
        choices=("auto", "polymorph", "protostructure", "none"),
    )
    min_distance: float = setting(0.5, "smallest distance between atoms in Å", minimum=0.0)
    symmetry: str = setting(
        "moyopy",
        "engine that finds symmetry; both: moyopy's, and a column that says where spglib differs",
        choices=("moyopy", "spglib", "both", "none"),
    )
    symprec: float = setting(0.1, "symmetry tolerance in Å", minimum=1e-6)
    angle_tolerance: float = setting(5.0, "symmetry tolerance in degrees, of spglib", minimum=1e-6)
    drop_deprecated: bool = setting(True, "drop records that their database deprecated")
    valid_wyckoff: bool = setting(False, "Wyckoff multiplicities must sum to the composition")
    elements: tuple[str, ...] = setting((), "elements that a material may consist of")
    exclude_elements: tuple[str, ...] = setting((), "elements that it must not hold")
    wyckoff_below: int | None = setting(None, "fewer occupied Wyckoff positions than this")
    sites_below: int | None = setting(None, "fewer sites than this")
    volume_per_atom_below: float | None = setting(None, "less volume per site than this, Å^3")
    hull_below: float | None = setting(None, "energy above the hull below this, eV/atom")
    drop_by: str = setting(
        "protostructure",
        "what makes a material of another dataset the same",
        choices=("formula", "protostructure"),
    )

    mixed: str = setting(
        "refuse",
        "records of several functionals, correction schemes or units in one column",
        choices=("refuse", "allow"),
        view=True,  # it decides whether, not what
    )

    @property
    def needs_symmetry(self) -> bool:
        """Whether a decision depends on symmetry."""
        return (
            self.dedupe == "protostructure" or self.valid_wyckoff or self.wyckoff_below is not None
        )
