"""Energies of a dataset: which column they are in, per atom, of which kind and scheme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.errors import ConfigError
from matdata.stability.schemes import COLUMN, NONE, UNSTATED, scheme_of
from matdata.store.dataset_folder import DatasetFolder

#: Total energies, or formation energies.
Kind: TypeAlias = Literal["total", "formation"]
PER_ATOM = "eV/atom"
#: Columns of total energies, in order of preference; the first is that which ranks polymorphs.
TOTAL = (
    "energy_per_atom", "corrected_energy_per_atom", "final_energy_per_atom", "e_per_atom",
    "uncorrected_energy_per_atom", "optb88vdw_total_energy",
)  # fmt: skip
UNCORRECTED = "uncorrected_energy_per_atom"
#: Columns of formation energies, in order of preference.
FORMATION = (
    "formation_energy_per_atom", "formation_energy_peratom", "e_form_per_atom", "e_form",
    "formation_energy",
)  # fmt: skip


@dataclass(frozen=True)
class EnergyColumn:
    """Where energies are.

    Attributes
    ----------
    name
        The column.
    per
        What its numbers are per.
    kind
        What they are.
    """

    name: str
    per: Literal["atom", "cell"]
    kind: Kind


@dataclass(frozen=True, eq=False)
class Energies:
    """Energies of n materials.

    Attributes
    ----------
    compositions
        Of all materials.
    values : (n,)
        eV/atom; NaN where unknown.
    kind, scheme
        What they are, and which corrections were applied.
    column
        Where they were read.
    """

    compositions: Compositions
    values: npt.NDArray[np.float64]
    kind: Kind
    scheme: str
    column: EnergyColumn

    @property
    def known(self) -> npt.NDArray[np.int64]:
        """Rows with an energy."""
        return np.flatnonzero(np.isfinite(self.values))


def energies_of(
    dataset: DatasetFolder, asked: str | None = None, scheme: str | None = None,
    *, formation: bool = False,
) -> Energies:  # fmt: skip
    """The energies of a dataset.

    Parameters
    ----------
    dataset
        The dataset.
    asked
        ``COLUMN``, ``COLUMN/atom`` or ``COLUMN/cell``; by its name if not given.
    scheme
        Correction scheme of energies that state none.
    formation
        The column holds formation energies, whatever it is called.

    Raises
    ------
    ConfigError
        If there is no such column, or it is not known what its numbers are per.
    CurationError
        If they are of several correction schemes.
    """
    column = find_column(dataset, asked, formation=formation)
    rows = np.arange(int(dataset.manifest["rows"]))
    numbers = dataset.columns.numbers(column.name, rows)
    if numbers is None or numbers.values.shape[1] != 1:
        raise ConfigError(f"column {column.name!r} of {dataset.ref} holds no numbers")
    values = np.where(numbers.known[:, 0], numbers.values[:, 0], np.nan)
    if column.per == "cell":
        values = values / _atoms(dataset, column, rows)
    compositions = dataset.compositions
    return Energies(
        compositions, values, column.kind, _scheme(dataset, column, compositions, values, scheme),
        column,
    )  # fmt: skip


def find_column(
    dataset: DatasetFolder, asked: str | None, *, formation: bool = False
) -> EnergyColumn:
    """The column of energies of a dataset; arguments and errors as of `energies_of`."""
    if asked is None:
        names = FORMATION if formation else (*TOTAL, *FORMATION)
        name = next((one for one in names if one in dataset.columns), None)
        if name is None:
            raise ConfigError(
                f"{dataset.ref} has no column of energies that is known by its name",
                cause=f"looked for {', '.join(names)}",
                next_step=f"name it with --energy COLUMN; columns: {', '.join(dataset.columns)}",
            )
        per = ""
    else:
        name, per = asked, ""
        if asked.endswith(("/atom", "/cell")):
            name, _, per = asked.rpartition("/")
        dataset.require_column(name, " of energies", ConfigError)
    _refuse_distances(name)
    kind: Kind = "formation" if formation or name in FORMATION else "total"
    return EnergyColumn(name, _per(dataset, name, per), kind)


def _refuse_distances(name: str) -> None:
    if "hull" in name.lower():
        raise ConfigError(
            f"{name!r} looks like a distance to a hull, and is no energy that one is made of",
            next_step="name total or formation energies",
        )


def _per(dataset: DatasetFolder, name: str, stated: str) -> Literal["atom", "cell"]:
    """What energies of a column are per: by its unit, else as the user states, else by name."""
    unit = dataset.units.get(name) or None
    if unit == PER_ATOM and stated != "cell":
        return "atom"
    if unit in ("eV/cell", "eV", None) and stated == "cell":
        return "cell"
    if unit is None and (stated == "atom" or name in (*TOTAL, *FORMATION)):
        return "atom"
    in_unit = f"is in {unit}" if unit else "has no unit"
    raise ConfigError(
        f"column {name!r} of {dataset.ref} {in_unit}, and energies in {PER_ATOM} are needed",
        cause="energies per cell where energies per atom are meant, or another unit",
        next_step=f"--energy {name}/cell if it is the energy of the whole cell in eV, "
        f"--energy {name}/atom if it is per atom and has no unit",
    )


def _atoms(
    dataset: DatasetFolder, column: EnergyColumn, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Atoms in the cell of each material; NaN where there is no structure."""
    sites = dataset.columns.numbers("n_sites", rows) if "n_sites" in dataset.columns else None
    if sites is None:
        raise ConfigError(
            f"{dataset.ref} has no structures, whose atoms divide energies per cell",
            next_step=f"give energies per atom (--energy {column.name}/atom)",
        )
    return np.where(sites.known[:, 0], sites.values[:, 0], np.nan)


def _scheme(
    dataset: DatasetFolder, column: EnergyColumn, compositions: Compositions,
    values: npt.NDArray[np.float64], asked: str | None,
) -> str:  # fmt: skip
    if column.name == UNCORRECTED:
        return NONE
    if COLUMN in dataset.columns:
        known = np.flatnonzero(np.isfinite(values))
        cells = dataset.columns[COLUMN]
        stated = [cells[row] for row in known.tolist()]
        what = f"entries of {dataset.ref}"
        return scheme_of(stated, compositions.take(known), what) or asked or NONE
    return asked or UNSTATED
