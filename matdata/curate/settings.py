"""Settings of curation: the criteria for records to enter a dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.expressions.grammar import parse
from matdata.core.expressions.nodes import text_of
from matdata.core.settings import Settings, setting
from matdata.core.tolerances import ANGLES_HELP, SYMPREC, angle_tolerance_of

#: Settings that drop records (``--filter``); the others have their own options.
FILTERS = (
    "drop_deprecated",
    "valid_wyckoff",
    "elements",
    "exclude_elements",
    "wyckoff_below",
    "sites_below",
    "volume_per_atom_below",
    "hull_below",
)


@dataclass(frozen=True)
class CurateSettings(Settings):
    """Criteria for records to enter a dataset; bounds named ``…_below`` are exclusive."""

    dedupe: str = setting(
        "auto",
        "keep the record of lowest energy: per formula, or per protostructure; auto: per formula "
        "in databases, and all records of your own files",
        choices=("auto", "polymorph", "protostructure", "none"),
    )
    min_distance: float = setting(0.5, "smallest distance between atoms in Å", minimum=0.0)
    symmetry: str = setting(
        "moyopy",
        "symmetry engine; both: moyopy's result, and a column that marks where spglib differs",
        choices=("moyopy", "spglib", "both", "none"),
    )
    symprec: float = setting(SYMPREC, "symmetry tolerance in Å", minimum=1e-6)
    angle_tolerance: float | None = setting(None, ANGLES_HELP)
    drop_deprecated: bool = setting(True, "drop records deprecated by their database")
    valid_wyckoff: bool = setting(False, "Wyckoff multiplicities must sum to the composition")
    elements: tuple[str, ...] = setting((), "elements that a material may consist of")
    exclude_elements: tuple[str, ...] = setting((), "elements that it must not contain")
    wyckoff_below: int | None = setting(None, "fewer occupied Wyckoff positions than this")
    sites_below: int | None = setting(None, "fewer sites than this")
    volume_per_atom_below: float | None = setting(None, "less volume per site than this, Å^3")
    hull_below: float | None = setting(None, "energy above the hull below this, eV/atom")
    where: str | None = setting(
        None, "condition on columns of the dataset's table; a missing value does not fulfil it"
    )
    drop_by: str = setting(
        "protostructure",
        "key by which a material of another dataset is the same",
        choices=("formula", "protostructure"),
    )

    mixed: str = setting(
        "refuse",
        "records of several functionals, correction schemes or units in one column",
        choices=("refuse", "allow"),
        view=True,  # it decides whether to build, not what is built
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.symmetry == "none" and self.symprec != SYMPREC:
            raise ConfigError(
                f"symprec is {self.symprec:g}, but no symmetry is searched",
                next_step="choose an engine (--symmetry), or leave symprec out",
            )
        angle = angle_tolerance_of(self.symmetry, self.symprec, self.angle_tolerance)
        object.__setattr__(self, "angle_tolerance", angle)
        if self.where is not None:  # equal conditions, however spaced, make one dataset
            object.__setattr__(self, "where", text_of(parse(self.where)))

    def for_source(self, dedupe: str) -> Self:
        """These settings where `dedupe` is what the source declares for ``auto``.

        The rule of a database stays ``auto``: it also depends on whether there are energies.
        """
        keeps_all = self.dedupe == "auto" and dedupe == "none"
        return replace(self, dedupe="none") if keeps_all else self

    def identity(self) -> JsonObject:
        """What a dataset depends on; a condition only where there is one."""
        identity = super().identity()
        return {name: value for name, value in identity.items() if name != "where" or value}
