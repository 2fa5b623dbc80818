"""What a build can be told, and options by name checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.executors import default_workers
from matdata.curate.settings import CurateSettings

LISTS = ("features", "group_by", "drop_in")


@dataclass(frozen=True)
class BuildOptions:
    """What to build from a source.

    Attributes
    ----------
    name
        Name of the dataset; the source's own if None.
    features
        Feature specs (``ofm``, ``matminer:StructuralHeterogeneity``).
    feature_settings
        Settings by feature name.
    split
        Ratios or counts; ``auto`` for 70/15/15 where there are materials enough; None for none.
    group_by
        Columns whose groups must not be torn apart.
    seed
        Seed of the split.
    store
        ``zarr`` or ``hdf5``.
    curation
        Settings of curation.
    drop_in
        Datasets of the same cache whose materials are left out.
    workers
        Threads or processes.
    shard_rows
        Most crystals in a shard of a feature; None for near 64 MB.
    """

    name: str | None = None
    features: tuple[str, ...] = ()
    feature_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    split: str | None = "auto"
    group_by: tuple[str, ...] = ()
    seed: int = 0
    store: str = "zarr"
    curation: CurateSettings = field(default_factory=CurateSettings)
    drop_in: tuple[str, ...] = ()
    workers: int = field(default_factory=default_workers)
    shard_rows: int | None = None


def options_of(given: Mapping[str, Any], limit: int | None = None) -> BuildOptions:
    """Options of a build from names; settings of curation stand among them.

    Lists can be given as text with commas.

    Raises
    ------
    ConfigError
        If a name is unknown (with the closest known one) or a number is below one.
    """
    curation = {name for name, _, _ in CurateSettings.describe()}
    own = {one.name for one in fields(BuildOptions)} - {"curation"}
    for name in given:
        if name not in own | curation:
            raise ConfigError(
                f"unknown option {name!r}{did_you_mean(name, own | curation)}",
                next_step=f"options: {', '.join(sorted(own))}; of curation: "
                f"{', '.join(sorted(curation))}",
            )
    _positive("limit", limit)
    _positive("workers", given.get("workers"))
    _positive("shard_rows", given.get("shard_rows"))
    settings = CurateSettings.from_mapping({k: v for k, v in given.items() if k in curation})
    chosen: dict[str, Any] = {
        k: _words(v) if k in LISTS else v for k, v in given.items() if k in own
    }
    return BuildOptions(curation=settings, **chosen)


def _positive(name: str, value: Any) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise ConfigError(f"{name} is {value!r}, expected a whole number of at least 1, or None")


def _words(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        return tuple(word.strip() for word in given.split(",") if word.strip())
    return tuple(given or ())
