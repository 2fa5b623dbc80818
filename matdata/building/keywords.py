"""The options of `matdata.build` and `matdata.featurize` as type checkers and editors see them.

Their names and meanings are those of `matdata.building.arguments`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

#: A value of an option that a file holds as a text or a number.
Plain: TypeAlias = str | int | float | bool
#: Texts, or one text; with commas between those of a list that the command line writes so.
Texts: TypeAlias = str | Sequence[str]


class FeaturizeKeywords(TypedDict, total=False):
    """How features are computed and stored.

    Attributes
    ----------
    set
        Settings by feature: ``{"ofm": {"period_tag": True}}``.
    store
        ``zarr`` or ``hdf5``.
    workers, shard_rows
        Threads or processes; most crystals in a shard.
    scheduler
        Where tasks run: ``threads``, ``processes``, ``dask``, or the address of a dask scheduler.
    reuse
        Copy values of the same materials from older versions of the dataset (default), or not.
    cache
        Cache folder.
    """

    set: Mapping[str, Mapping[str, Any]]
    store: Literal["zarr", "hdf5"]
    workers: int | None
    shard_rows: int | None
    scheduler: str | None
    reuse: bool
    cache: str | Path | None


class WorkKeywords(FeaturizeKeywords, total=False):
    """How features are computed by several processes together.

    Attributes
    ----------
    lease_timeout
        Seconds without a sign of life after which the shards of a process are free for others.
    """

    lease_timeout: float


class SubstituteKeywords(FeaturizeKeywords, total=False):
    """Which candidates are made of the materials of a dataset.

    ``matdata substitute --help`` says what each means.
    """

    per_parent: int
    draw: Literal["sampled", "best"]
    one_element: bool
    seed: int
    limit: int | None
    count_from: str | None
    prior: Literal["pymatgen"] | None
    bin_weight: Literal["pairs", "equal"]
    matrix: str | Path | Sequence[str | Path]
    exclude: Texts
    exclude_in: Texts
    structures: bool
    name: str | None
    features: Texts


class BuildKeywords(FeaturizeKeywords, total=False):
    """What to build, how columns are read, and what makes a record part of the dataset.

    ``matdata build --help`` says what each means. ``from_`` is the option ``from``, which is a word
    of the language.
    """

    from_: str | Path
    features: Texts
    name: str | None
    limit: int | None
    snapshot: str
    query: Mapping[str, Plain]
    thermo: str
    bulk: bool
    where: str
    optics: str | Path
    id_col: str
    structure_col: str
    initial_col: str
    initial: str | Path | None
    protostructure_col: str
    formula_col: str
    energy: str
    parts: str
    corrections: Literal["given", "none", "mp2020", "mp"]
    target: Any
    axis: Texts
    grid: Texts
    beyond: Literal["refuse", "clip", "hold", "mask"]
    spectra: str | Path | None
    only_with_spectra: bool
    components: Texts
    unit: Mapping[str, str]
    licence: str | None
    citation: str | None
    description: str | None
    dedupe: Literal["auto", "polymorph", "protostructure", "none"]
    min_distance: float
    symmetry: Literal["moyopy", "spglib", "both", "none"]
    filter: Mapping[str, Any] | Texts
    condition: Texts
    allow_mixed: bool
    drop_in: Texts
    drop_by: Literal["formula", "protostructure"]
    split: str | None
    group_by: Texts
    seed: int
    allow_no_split: bool
    allow_loss: bool
