"""Options of a build, checked by name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields

from matdata.adapters.schedulers import workers_on
from matdata.core.console import Console
from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.executors import Executor, Workers
from matdata.core.scheduler_names import HELP as SCHEDULERS
from matdata.core.settings import Settings, setting
from matdata.curate.settings import CurateSettings
from matdata.spectra.grid import BEYOND
from matdata.store.locks import TERM


@dataclass(frozen=True)
class BuildOptions(Settings):
    """What to build from a source, beside what the source is asked for."""

    name: str | None = setting(
        None, "name of the dataset; the source's own if not given", verbatim=True
    )
    features: tuple[str, ...] = setting((), "features to compute: ofm, voronoi, magpie, …")
    feature_settings: JsonMapping = setting({}, "settings by feature")
    split: str | None = setting(
        "auto",
        "70/15/15, counts, given (by files named train, val, test), or none; auto: the given one, "
        "else 70/15/15 where there are materials enough",
    )
    allow_loss: bool = setting(
        False, "accept a dataset that lost more than half of its records to reading or validity"
    )
    allow_no_split: bool = setting(False, "accept a dataset whose split could not be made")
    group_by: tuple[str, ...] = setting((), "columns whose groups are kept on one side")
    seed: int = setting(0, "seed of sample and split")
    store: str = setting("zarr", "zarr or hdf5")
    curation: CurateSettings = field(
        default_factory=CurateSettings, metadata={"help": "what makes a record part of it"}
    )
    drop_in: tuple[str, ...] = setting((), "datasets of the cache whose materials are left out")
    axis: tuple[str, ...] = setting(
        (), "COLUMN=AXIS: the column with the points where the numbers of an array column stand"
    )
    grid: tuple[str, ...] = setting(
        (),
        "START:STOP:N, resample arrays on an axis to N points (0:30:3000; 0:30:3000:eV; "
        "energy=0:30:3000 for one of several axes)",
    )
    beyond: str = setting(
        "refuse",
        "points of the grid beyond the data of a material: refuse (a ledger row), clip the grid to "
        "what all materials have, hold the last value, or mask",
        choices=BEYOND,
    )
    spectra: str | None = setting(
        None,
        "arrays on an axis by material id: NPZ, Parquet, or a folder of <id>.csv or <id>.xml",
        verbatim=True,
    )
    only_with_spectra: bool = setting(False, "leave out materials without spectra")
    components: tuple[str, ...] = setting(
        (), "of dielectric functions in XML: xx, yy, zz, xy, yz, zx (all if not given), average"
    )
    unit: JsonMapping = setting({}, "units of columns of numbers (gap=eV); 1 for none")
    licence: str | None = setting(
        None, "licence of the data, an SPDX identifier where there is one (CC-BY-4.0)"
    )
    citation: str | None = setting(None, "what to cite for the data")
    description: str | None = setting(None, "what the data are, in a few sentences")
    workers: int | None = setting(None, "threads or processes; all cores if not given", minimum=1)
    scheduler: str | None = setting(None, SCHEDULERS)
    reuse: bool = setting(
        True, "copy symmetry and features of the same materials from older versions of the dataset"
    )
    shard_rows: int | None = setting(
        None, "most crystals in a shard of a feature; near 64 MB if not given", minimum=1
    )
    lease_timeout: float = setting(
        TERM,
        "seconds without a sign of life after which the shards of a process are free for others "
        f"({TERM:g})",
        minimum=1,
    )

    def workers_on(
        self, console: Console, executor: Executor | None = None
    ) -> AbstractContextManager[Workers]:
        """Where tasks run and how many at once, within the block; see `schedulers.workers_on`.

        Raises
        ------
        MatdataError
            If it is no executor, or the scheduler is unknown or cannot be used.
        """
        return workers_on(self.scheduler, self.workers, executor, console.warn)

    def settings_of(self, spec: str) -> JsonMapping:
        """Settings of a feature: those of its spec, else those of its family."""
        found = self.feature_settings.get(spec)
        settings: JsonMapping = found or self.feature_settings.get(spec.partition(":")[0], {})
        return settings


def build_options(given: JsonMapping) -> BuildOptions:
    """Options of a build from names; settings of curation stand among them.

    Lists can be given as text with commas.

    Raises
    ------
    ConfigError
        If a name is unknown (with the closest known one) or a value is none that it can take.
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
    settings = CurateSettings.from_mapping({k: v for k, v in given.items() if k in curation})
    return BuildOptions(curation=settings, **{k: v for k, v in given.items() if k in own})
