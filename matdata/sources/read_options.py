"""What a user says about the files of a path and their columns."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.core.documents import JsonObject
from matdata.core.settings import Settings, setting


@dataclass(frozen=True)
class ReadOptions(Settings):
    """User options about the files of a path and their columns."""

    id_col: str | None = setting(None, "column that holds the material id", verbatim=True)
    structure_col: str | None = setting(None, "column that holds the structure", verbatim=True)
    initial_col: str | None = setting(
        None,
        "column that holds the structure before relaxation: a record becomes two rows, NAME and "
        "NAME-initial, with the same values, and columns basin and structure_role",
        verbatim=True,
    )
    initial: str | None = setting(
        None,
        "file or folder of the structures before relaxation, which have the ids of the relaxed "
        "ones; as with --initial-col a material becomes two rows",
        verbatim=True,
    )
    protostructure_col: str | None = setting(
        None,
        "column that holds protostructures of records without structures (AB_cF8_225_a_b:Cl-Na), "
        "which become their symmetry",
        verbatim=True,
    )
    formula_col: str | None = setting(None, "column that holds the formula", verbatim=True)
    energy: str | None = setting(
        None,
        "column of energies that rank polymorphs; append /cell if not per atom",
        verbatim=True,
    )
    targets: tuple[str, ...] = setting((), "columns to learn; all numeric ones if not given")
    parts: str = setting(
        "given", "files named train, val, test make a split", choices=("given", "none")
    )
    corrections: str = setting(
        "given",
        "energy corrections of computed entries: those of the file, none, or computed anew by "
        "pymatgen's MaterialsProject2020Compatibility (mp2020) or MaterialsProjectCompatibility "
        "(mp), which is older",
        choices=("given", "none", "mp2020", "mp"),
    )

    def identity(self) -> JsonObject:
        """What records depend on; options that came later only where they are given."""
        plain = {"corrections": "given", "initial_col": None, "protostructure_col": None}
        identity = {k: v for k, v in super().identity().items() if k != "initial"}  # its content is
        return {k: v for k, v in identity.items() if k not in plain or v != plain[k]}
