"""Split of pairs of structures: basins on one side, and the structures of each part by their role.

Goodall 2022 (thesis, 6.4) trains on relaxed structures, or on both of each pair (the D variants),
and tests on the structures before relaxation, which are all that is known of a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.errors import SplitError
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split, parts_from_names
from matdata.splits.columns import Columns, Ids, Labels
from matdata.splits.grouping import REST, Groups, assign, group_notes
from matdata.splits.names import split_name
from matdata.splits.ratios import parse_ratios

ROLES = ("relaxed", "initial")
BOTH = "both"
CHOICES = (*ROLES, BOTH)


@dataclass(frozen=True)
class PairsSettings(Settings):
    """Settings of the split of pairs."""

    ratios: str = setting("80/10/10", "percentages, fractions or counts of train/val/test")
    train: str = setting("relaxed", "structures to train on", choices=CHOICES)
    val: str = setting("relaxed", "structures to validate on", choices=CHOICES)
    test: str = setting("initial", "structures to test on", choices=CHOICES)
    by: tuple[str, ...] = setting(("basin",), "columns to group by; a basin is never divided")
    seed: int = setting(0, "seed of the draw", minimum=0)


def pairs_split(ids: Ids, columns: Columns, settings: PairsSettings) -> list[Split]:
    """Split whole groups, then keep the structures of the role that each part asks for.

    Ratios are those of all structures, before those of other roles are left out.

    Raises
    ------
    SplitError
        If the dataset holds no pairs, groups divide a basin, there are fewer groups than parts, or
        a part is left without structures.
    """
    roles = _roles(columns)
    groups = Groups.of(ids, columns.joint_labels(settings.by))
    _require_whole_basins(groups, columns.labels("basin"), settings.by)
    ratios = parse_ratios(settings.ratios)
    sizes = ratios.sizes(len(ids))
    rest = len(ids) - sum(sizes.values())
    targets = {**sizes, REST: rest} if rest else sizes
    names = assign(groups, targets, settings.seed, "pairs")
    asked = {part: getattr(settings, part) for part in sizes}
    fits = np.array([
        part == REST or asked[part] in (BOTH, role)
        for part, role in zip(names.tolist(), roles, strict=True)
    ])  # fmt: skip
    notes = group_notes(groups, targets, names, settings.by)
    words = ", ".join(f"{part} {role}" for part, role in asked.items())
    notes += (f"structures by role: {words}; {int((~fits).sum())} of {len(ids)} are in no part",)
    notes += _changes(columns, roles)
    kept = np.where(fits, names, REST)
    _require_roles(asked, kept)
    by = () if settings.by == ("basin",) else settings.by
    name = split_name("pairs", ratios.slug, *asked.values(), by=by, seed=settings.seed)
    return [Split(name, "pairs", settings.to_dict(), parts_from_names(ids, kept), notes)]


def _require_roles(asked: Mapping[str, str], kept: npt.NDArray[np.str_]) -> None:
    """Refuse a part that is asked for and left without structures of its role."""
    for part, role in asked.items():
        if not (kept == part).any():
            raise SplitError(
                f"no group of part {part} holds a structure of role {role!r}",
                cause="these structures are missing or unreadable, or there are too few groups",
                next_step=f"look at the ledger, or take others: --set {part}={BOTH}",
            )


def _roles(columns: Columns) -> Labels:
    """Role of each structure."""
    missing = [name for name in ("basin", "structure_role") if name not in columns.names()]
    roles = [] if missing else columns.labels("structure_role")
    unknown = {*roles} - {*ROLES, None}
    if missing or unknown:
        raise SplitError(
            f"the dataset holds no pairs of structures: no column {missing[0]!r}"
            if missing
            else f"structure_role is {min(map(str, unknown))!r}; expected {' or '.join(ROLES)}",
            next_step="build it with both structures of each record (--initial-col COLUMN)",
        )
    return roles


def _changes(columns: Columns, roles: Labels) -> tuple[str, ...]:
    """A note on how often relaxation changes the protostructure, where it is known.

    A model without coordinates then predicts another material (Goodall 2022, thesis 6.4.3).
    """
    if "protostructure" not in columns.names():
        return ()
    labels: dict[str, dict[str, str]] = {role: {} for role in ROLES}
    rows = zip(columns.labels("basin"), roles, columns.labels("protostructure"), strict=True)
    for basin, role, label in rows:
        if basin is not None and role is not None and label:
            labels[role][basin] = label
    initial, relaxed = labels["initial"], labels["relaxed"]
    both = initial.keys() & relaxed.keys()
    changed = sum(initial[basin] != relaxed[basin] for basin in both)
    if not both:
        return ()
    return (f"relaxation changes the protostructure of {changed} of {len(both)} basins",)


def _require_whole_basins(groups: Groups, basins: Labels, by: tuple[str, ...]) -> None:
    """Refuse groups of which two hold structures of one basin: one would be the answer of the
    other."""
    group_of: dict[str, int] = {}
    for basin, group in zip(basins, groups.index.tolist(), strict=True):
        if basin is not None and group_of.setdefault(basin, group) != group:
            raise SplitError(
                f"groups by {'+'.join(by)} divide basins: {basin!r} is in two of them",
                cause="relaxation changes these columns, or they have empty cells, each of which "
                "is a group",
                next_step="group by basin, formula or chemsys",
            )


METHOD = Method("pairs", PairsSettings, pairs_split)
