"""Spectra of a build: which records have usable ones, and their blocks on one grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.console import Console
from matdata.core.crystals import Int
from matdata.core.errors import ConfigError
from matdata.core.ledger import Unusable
from matdata.core.units import unit_in_header
from matdata.spectra.brought import Brought
from matdata.spectra.grid import Beyond, Grid, check_grids, factor_between, grid_of
from matdata.spectra.one_axis import OneAxis
from matdata.spectra.resample import Spectra, checked, require_covered, resampled
from matdata.store.spectra_file import Layout, spectra_file

Float = npt.NDArray[np.float64]
Records: TypeAlias = Callable[[], Iterator[Brought]]


@dataclass(frozen=True, eq=False)
class Input:
    """Spectra to be read, twice.

    Attributes
    ----------
    records
        Reads them, material by material.
    axis_of
        By column the axis that it stands on.
    units
        Units of columns and axes, where they are known.
    grids
        Where the numbers are wanted.
    beyond
        What becomes of points of a grid beyond the data.
    stated
        Units of axes that a user states, of materials whose file gives none.
    """

    records: Records
    axis_of: Mapping[str, str]
    units: Mapping[str, str]
    grids: Sequence[Grid] = ()
    beyond: Beyond = "refuse"
    stated: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_grids(self.grids, self.axis_of.values())
        if self.beyond != "refuse" and not self.grids:
            raise ConfigError(
                "--beyond is of a grid, and none is named", next_step="--grid 0:30:3000"
            )

    def grid(self, axis: str) -> Grid | None:
        """The grid of an axis, in the unit that the name of its column states, if it states one."""
        grid, stated = grid_of(axis, self.grids), unit_in_header(axis)
        return grid.in_unit(stated, axis) if grid and grid.unit and stated else grid

    def unit_of(self, axis: str) -> str:
        """Unit of an axis in the dataset: that of its grid, else its own; empty if not known."""
        grid = self.grid(axis)
        return (grid.unit if grid else "") or self.units.get(axis, "")

    def usable(self, one: Brought) -> Spectra:
        """The spectra of a material on a rising axis, in the unit of the dataset's axis.

        Raises
        ------
        Unusable
            If they are none.
        ConfigError
            If the unit of the axis is not known and the grid's is.
        """
        if one.fault is not None:
            raise one.fault
        if one.points is None:
            raise Unusable("missing_axis", f"there are numbers and no {one.axis} of them")
        factor = self._factor(one)
        points = one.points if factor == 1.0 else one.points * factor
        return checked(Spectra(points, one.values))

    def _factor(self, one: Brought) -> float:
        """What the points of a material are multiplied by."""
        unit, own = self.unit_of(one.axis), one.unit or self.stated.get(one.axis, "")
        if own and not unit:
            raise Unusable("other_unit", f"{one.axis} is in {own}, and others give no unit of it")
        if own or not self.units.get(one.axis):
            try:
                return factor_between(own, unit, one.axis)
            except ConfigError as error:
                if own == self.units.get(one.axis) or not own:
                    raise  # of all materials
                raise Unusable("other_unit", error.what) from None
        raise Unusable("other_unit", f"its file gives no unit of {one.axis}, others give {unit}")


@dataclass
class _Axis:
    """What is learnt of an axis on the way through all materials."""

    same: OneAxis
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, eq=False)
class Plan:
    """What a first reading found.

    Attributes
    ----------
    faults
        Why records cannot be used, by their key.
    having
        By axis the keys of the materials with usable spectra, in the order of the file.
    points
        By axis the grid of the dataset, (L,).
    """

    faults: Mapping[str | int, Unusable]
    having: Mapping[str, Sequence[str | int]]
    points: Mapping[str, Float]


def plan_spectra(given: Input) -> Plan:
    """Read all spectra once: which are usable, and on which grid.

    Raises
    ------
    ConfigError
        If materials have different grids and none is asked for, or no spectrum is usable.
    """
    faults: dict[str | int, Unusable] = {}
    having: dict[str, list[str | int]] = {axis: [] for axis in given.axis_of.values()}
    axes = {axis: _Axis(OneAxis(axis)) for axis in having}
    grids = {axis: grid.values() for axis in axes if (grid := given.grid(axis))}
    seen: set[tuple[str | int, str]] = set()
    for one in given.records():
        try:
            if (one.key, one.axis) in seen:
                raise Unusable("repeated_spectrum", f"{one.key} has two spectra on {one.axis}")
            seen.add((one.key, one.axis))
            spectra = given.usable(one)
            points = grids.get(one.axis)
            if points is not None:
                require_covered(spectra, points, given.beyond)
        except Unusable as fault:
            faults.setdefault(one.key, fault)
            continue
        having[one.axis].append(one.key)
        _learn(axes[one.axis], spectra.axis)
        if points is None:
            axes[one.axis].same.see(spectra.axis, str(one.key))
    if not any(having.values()):
        raise _none_usable(faults)
    on_axes = {axis: _points(given, axis, axes[axis]) for axis in having if having[axis]}
    kept = {axis: [key for key in having[axis] if key not in faults] for axis in on_axes}
    if not any(kept.values()):  # such as of ids that all stand twice
        raise _none_usable(faults)
    return Plan(faults, kept, on_axes)


def _learn(axis: _Axis, points: Float) -> None:
    axis.low, axis.high = max(axis.low, float(points[0])), min(axis.high, float(points[-1]))


def _points(given: Input, name: str, axis: _Axis) -> Float:
    """The points of an axis in the dataset."""
    grid = given.grid(name)
    if grid is None:
        axis.same.require_one("--grid START:STOP:N")
        return axis.same.points if axis.same.points is not None else np.empty(0)
    points = grid.values()
    if given.beyond != "clip":
        return points
    clipped = points[(points >= axis.low) & (points <= axis.high)]
    if len(clipped) < 2:
        raise ConfigError(
            f"--beyond clip leaves {len(clipped)} points of {name!r}: data of all materials are "
            f"from {axis.low:.6g} to {axis.high:.6g}",
            next_step="name another grid, or --beyond hold or mask",
        )
    return clipped


def _none_usable(faults: Mapping[str | int, Unusable]) -> ConfigError:
    if not faults:
        return ConfigError("no material has a spectrum", next_step="look at the columns and ids")
    reasons = Counter(fault.reason for fault in faults.values())
    key, first = next(iter(faults.items()))
    counted = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    return ConfigError(
        f"no spectrum is usable: {counted}", cause=f"the first is that of {key}: {first}"
    )


def write_spectra(
    path: Path, given: Input, plan: Plan, row_of: Mapping[str | int, int], n_rows: int
) -> None:
    """Write the blocks of a dataset, in the order of its rows.

    Parameters
    ----------
    path
        The file.
    given, plan
        What is read again, and what the first reading found.
    row_of
        By key the row of the dataset; materials without a row are left.
    n_rows
        Rows of the dataset.
    """
    layouts, places = [], {}
    for axis, points in plan.points.items():
        rows: Int = np.sort([row_of[key] for key in plan.having[axis] if key in row_of])
        rows = rows.astype(np.int64)
        columns = tuple(name for name, of in given.axis_of.items() if of == axis)
        layouts.append(Layout(axis, points, rows, columns))
        places[axis] = np.full(n_rows, -1, dtype=np.int64)
        places[axis][rows] = np.arange(len(rows))
    names = [name for one in layouts for name in (one.axis, *one.columns)]
    units = {name: given.units[name] for name in names if given.units.get(name)}
    units |= {one.axis: given.unit_of(one.axis) for one in layouts if given.unit_of(one.axis)}
    written: set[tuple[str | int, str]] = set()
    with spectra_file(path, layouts, units) as blocks:
        for one in given.records():
            row = row_of.get(one.key)
            if row is None or one.axis not in places or (one.key, one.axis) in written:
                continue
            written.add((one.key, one.axis))
            on_grid = resampled(given.usable(one), plan.points[one.axis], given.beyond)
            for name, values in on_grid.items():
                blocks[name][places[one.axis][row]] = values
        for block in blocks.values():
            if isinstance(block, np.memmap):
                block.flush()


def report(given: Input, plan: Plan, console: Console) -> None:
    """Print what became of the spectra."""
    for axis, points in plan.points.items():
        columns = [name for name, of in given.axis_of.items() if of == axis]
        unit = given.unit_of(axis)
        console.say(
            f"spectra of {len(plan.having[axis]):,} records: {', '.join(columns)} at "
            f"{len(points):,} points of {axis}, {points[0]:g} to {points[-1]:g} {unit}".rstrip()
        )
