"""What a recipe says of a paper's data set: where it is, what is kept, how it is split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from matdata.api import Dataset
from matdata_recipes.gathered import Item, Property, Rule

Figure = tuple[str, int | None, int]  # what is counted, the paper's number, ours

#: Bounds of Goodall 6.3.2; spglib at 0.1 Å and 5 degrees is the engine of the paper.
GOODALL: Mapping[str, Any] = {
    "dedupe": "protostructure",
    "symmetry": "spglib",
    "valid_wyckoff": True,
    "wyckoff_below": 16,
    "sites_below": 64,
    "volume_per_atom_below": 500.0,
}
#: Rows of tables 6.1 to 6.3, and the step of the funnel that each is; "" is what was read.
GOODALL_STEPS = ("", "valid Wyckoff", "lowest-energy", "fewer than 16", "fewer than 64", "less")


@dataclass(frozen=True)
class Cut:
    """A split of the paper.

    Attributes
    ----------
    method, settings
        As in `matdata.splits.make_splits`; ``counts`` are ratios in numbers of materials, taken
        as shares where the data hold fewer.
    name
        Name to save under; the method's own if None.
    having
        Properties: materials without a number in one of them are in no part.
    above, most
        These numbers must be above the one and at most the other.
    paper
        Materials in the paper's set; of a published split by id the file says how many.
    column
        Column whose values a published split holds beside the ids: those that differ are counted.
    """

    method: str
    settings: Mapping[str, Any]
    name: str | None = None
    having: tuple[Property, ...] = ()
    above: float = -np.inf
    most: float = np.inf
    paper: int | None = None
    column: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A data set of a paper.

    Attributes
    ----------
    name
        Name of the dataset.
    where
        Where the files are to be had, for those who have none.
    source
        Source that matdata can read without files, None if there is none.
    rows
        Materials in the paper.
    funnel
        The paper's counts by step of curation, in the order of `GOODALL_STEPS`.
    curation
        Settings of curation; ``dedupe`` is left out where no energy is known.
    columns
        What columns mean, as in `matdata.build`.
    label
        Column that says from which file a record is, by the file's name.
    rules
        Which records belong to the set.
    properties
        Columns that get one name and a unit, whatever the files call them.
    cuts
        The paper's splits.
    items
        Makes the pieces from files, where they are not plain tables of records.
    options
        Further options of the build.
    ledger
        Whether the records that the source left out are counted by reason.
    remarks
        What explains differences from the paper's counts; printed below them.
    drop_in, drop_by
        Datasets of the cache whose materials are left out, and the key they are known by.
    """

    name: str
    where: str
    source: str | None = None
    rows: int | None = None
    funnel: tuple[int, ...] = ()
    curation: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    rules: tuple[Rule, ...] = ()
    properties: tuple[Property, ...] = ()
    cuts: tuple[Cut, ...] = ()
    items: Callable[[list[Path]], list[Item]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ledger: bool = False
    remarks: tuple[str, ...] = ()
    drop_in: tuple[str, ...] = ()
    drop_by: str = "protostructure"


@dataclass(frozen=True)
class Built:
    """What a recipe made: the dataset, names of its splits, and the counts.

    ``unmatched`` lists, for each published split by id, what file and data do not share.
    """

    dataset: Dataset
    splits: list[str]
    figures: list[Figure]
    unmatched: Mapping[str, Any] = field(default_factory=dict)
