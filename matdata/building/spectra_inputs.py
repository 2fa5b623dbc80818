"""Where the spectra of a build come from: columns of its source, or files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from matdata.building.axes import pair_of
from matdata.building.options import BuildOptions
from matdata.building.snapshot_records import SnapshotRecords
from matdata.building.spectra import Input, Plan, plan_spectra, report, write_spectra
from matdata.core.console import Console
from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError, DamageError, first_few
from matdata.core.given import path_of
from matdata.core.ledger import Unusable
from matdata.core.units import canonical_unit
from matdata.curate.write import WriteSpectra
from matdata.sources.spectra_files import SpectraFiles, spectra_files
from matdata.spectra.grid import Beyond, parse_grid


@dataclass(eq=False)
class BuildSpectra:
    """Spectra of a build.

    Attributes
    ----------
    given
        How they are read.
    apart
        Columns of the source that they are, which leave the table.
    by_place
        Whether their keys are places of records, not ids.
    required
        Whether records without spectra are left out.
    """

    given: Input
    apart: frozenset[str]
    by_place: bool
    required: bool = False
    _plan: Plan | None = None

    @property
    def plan(self) -> Plan:
        """What the first reading found."""
        if self._plan is None:
            self._plan = plan_spectra(self.given)
        return self._plan

    def read(self, store: SnapshotRecords, console: Console) -> None:
        """Read all of them once.

        Raises
        ------
        ConfigError
            If there is no common grid, nothing is usable, or no id is one of the source.
        """
        report(self.given, self.plan, console)
        keys = {key for keys in self.plan.having.values() for key in keys}
        if not self.by_place and not keys & set(store.ids.tolist()):
            raise ConfigError(
                "no material of --spectra is one of the source",
                cause=f"ids such as {first_few(map(str, keys))} there, "
                f"{first_few(store.ids.tolist())} in the source",
                next_step="name the column of the ids: --id-col NAME",
            )

    def faults(self, store: SnapshotRecords) -> dict[int, Unusable]:
        """Why spectra of records cannot be used, by the place of the record."""
        faults = self.plan.faults
        keys = range(len(store.ids)) if self.by_place else store.ids.tolist()
        found = {row: faults[key] for row, key in enumerate(keys) if key in faults}
        if self.required:
            having = {key for keys in self.plan.having.values() for key in keys}
            none = Unusable("no_spectrum", "it has no spectrum")
            bare = (row for row, key in enumerate(keys) if key not in having and row not in found)
            found |= dict.fromkeys(bare, none)
        return found

    def writer(self, rows: npt.NDArray[np.int64], store: SnapshotRecords) -> WriteSpectra:
        """What writes the file of a dataset with these records as rows."""
        keys: list[str | int] = (rows if self.by_place else store.ids[rows]).tolist()
        row_of = {key: row for row, key in enumerate(keys)}
        names = [
            name
            for axis in self.plan.points
            for name in (axis, *(c for c, of in self.given.axis_of.items() if of == axis))
        ]
        write = partial(
            write_spectra, given=self.given, plan=self.plan, row_of=row_of, n_rows=len(rows)
        )
        return WriteSpectra(names, write)

    @property
    def targets(self) -> dict[str, str]:
        """Columns to learn, with their units."""
        given = self.given
        return {
            name: given.units.get(name, "")
            for name, axis in given.axis_of.items()
            if axis in self.plan.points
        }


def files_of(options: BuildOptions) -> SpectraFiles | None:
    """The files of ``--spectra``; None if it is not given."""
    if options.spectra is None:
        return None
    path = path_of(options.spectra, "--spectra")
    return spectra_files(path, options.axis, options.components)


def spectra_identity(options: BuildOptions) -> dict[str, object]:
    """What a dataset depends on beside its snapshot; empty without spectra and grid."""
    identity: dict[str, object] = {}
    files = files_of(options)
    if files is not None:
        identity["spectra"] = {"digest": files.digest(), "components": list(options.components)}
    if options.only_with_spectra:
        identity["only_with_spectra"] = True
    if options.grid:
        identity |= {"grid": list(options.grid), "beyond": options.beyond}
    return identity


def spectra_options(identity: JsonMapping) -> dict[str, Any]:
    """Options of a build with such an identity: the inverse of `spectra_identity`.

    Raises
    ------
    DamageError
        If spectra came from files, which are in no snapshot.
    """
    if "spectra" in identity:
        raise DamageError(
            "its spectra came from files beside its source (--spectra), which are in no snapshot"
        )
    names = ("grid", "beyond", "only_with_spectra")
    return {name: identity[name] for name in names if name in identity}


def find_spectra(
    store: SnapshotRecords,
    origin: JsonMapping,
    names: Mapping[str, str],
    units: Mapping[str, str],
    options: BuildOptions,
) -> BuildSpectra | None:
    """The spectra of a build; None where neither files nor a grid are named.

    Parameters
    ----------
    store
        Records of the snapshot.
    origin
        Of the snapshot.
    names
        By column of the source its name in the dataset.
    units
        Units by column of the dataset.
    options
        Of the build.

    Raises
    ------
    MatdataError
        If files cannot be read, axes are not there, or a grid is none.
    """
    grids = [parse_grid(text) for text in options.grid]
    beyond = cast(Beyond, options.beyond)
    files = files_of(options)
    if files is not None:
        taken = sorted(set(_columns(files)) & set(names.values()))
        if taken:
            raise ConfigError(
                f"--spectra brings {', '.join(taken)}, and the source has columns of that name",
                next_step="rename one of them",
            )
        for text in options_of_table(files, options).axis:
            pair_of(text, [*names.values()], _columns(files))
        stated = units_of_files(files, options)
        units = {**files.units, **stated}
        read = Input(files.records, files.axis_of, units, grids, beyond, stated)
        return BuildSpectra(read, frozenset(), False, options.only_with_spectra)
    if options.components and not origin["request"].get("components"):
        raise ConfigError(
            "--components is of dielectric functions in XML, and none are named",
            next_step="name them: --spectra FOLDER, or --optics FOLDER for jarvis",
        )
    if not grids:
        _require_grid(options)
        return None
    pairs = {**origin.get("axes", {}), **dict(pair_of(t, list(store.kinds)) for t in options.axis)}
    pairs = {one: axis for one, axis in pairs.items() if one in names and axis in names}
    axis_of = {names[one]: names[axis] for one, axis in pairs.items()}
    read = Input(partial(store.spectra, pairs, names, units), axis_of, units, grids, beyond)
    apart = frozenset((*pairs, *pairs.values()))
    return BuildSpectra(read, apart, True, options.only_with_spectra)


def _require_grid(options: BuildOptions) -> None:
    """Refuse options of spectra where there is neither a grid nor a file of them."""
    for name, default in (("beyond", "refuse"), ("only_with_spectra", False)):
        if getattr(options, name) != default:
            raise ConfigError(
                f"--{name.replace('_', '-')} is of spectra on a grid, and none is named",
                next_step="name it: --grid START:STOP:N",
            )


def options_of_table(files: SpectraFiles | None, options: BuildOptions) -> BuildOptions:
    """Options without the units and axes that are of columns of ``--spectra``."""
    if files is None:
        return options
    columns = _columns(files)
    return replace(
        options,
        unit={name: unit for name, unit in options.unit.items() if name not in columns},
        axis=tuple(text for text in options.axis if text.partition("=")[0] not in columns),
    )


def _columns(files: SpectraFiles) -> list[str]:
    """Columns of ``--spectra``, and their axes."""
    return [*files.axis_of, *dict.fromkeys(files.axis_of.values())]


def units_of_files(files: SpectraFiles, options: BuildOptions) -> dict[str, str]:
    """Units that a user states of columns and axes of ``--spectra``."""
    columns = _columns(files)
    return {
        name: canonical_unit(str(unit)) or str(unit)
        for name, unit in options.unit.items()
        if name in columns
    }
