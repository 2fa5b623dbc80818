"""User-facing `Dataset`: table, structures, features, splits, loaders."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.features.feature import Feature, open_feature
from matdata.features.support import CommonSupport, common_support
from matdata.store.catalogue import feature_names
from matdata.store.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    import pandas as pd

    from matdata.core.executors import Executor
    from matdata.datasets.plots import DatasetPlots
    from matdata.load.loader import Loader
    from matdata.load.loaders import Loaders
    from matdata.splits.audit import Report


class Dataset(DatasetFolder):
    """A dataset in a cache: its table, structures, splits and features.

    Parameters
    ----------
    folder
        ``datasets/<name>/<version>-<digest8>`` in the cache.
    cache
        The cache that holds its features.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        super().__init__(folder)
        self.cache = cache

    def __len__(self) -> int:
        return int(self.manifest["rows"])

    def __repr__(self) -> str:
        return f"Dataset({self.ref!r}, {len(self):,} materials)"

    @property
    def plot(self) -> DatasetPlots:
        """Pictures as figures: ``plot.elements()``, ``histogram``, ``splits``, ``funnel``."""
        from matdata.datasets.plots import DatasetPlots

        return DatasetPlots(self)

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """The table, one row per material, indexed by material id; units in ``.attrs["units"]``."""
        import pandas as pd

        frame = pd.DataFrame(self.columns).set_index("material_id")
        frame.attrs["units"] = self.units
        return frame

    @property
    def ledger(self) -> pd.DataFrame:
        """The records that were left out, with stage, reason and message."""
        import pandas as pd

        from matdata.core.ledger import to_columns

        return pd.DataFrame(to_columns(self.rejects()))

    def structure(self, material_id: str) -> Any:
        """One crystal as a pymatgen `Structure`.

        Raises
        ------
        StoreError
            If the dataset does not hold the material.
        StructureError
            If the material has no structure, only a formula.
        """
        from matdata.adapters.pymatgen import to_structure

        return to_structure(self.crystal(material_id), 0)

    def atoms(self, material_id: str) -> Any:
        """One crystal as ASE `Atoms`; raises as `structure`."""
        from matdata.adapters.ase import to_atoms

        return to_atoms(self.crystal(material_id), 0)

    def features(self) -> list[str]:
        """Names of the stored features."""
        return feature_names(self.cache, self.data_ref)

    def feature(self, spec: str, **settings: object) -> Feature:
        """A stored feature.

        Parameters
        ----------
        spec
            Feature name, or ``name@digest8``.
        settings
            Settings of the featurizer: stored ones select among stored features, views (``level``
            of ``ofm``) select how values are returned.

        Raises
        ------
        FeatureError
            If there is none; names the command that computes it.
        """
        return open_feature(self, self.cache, spec, settings)

    def featurize(
        self,
        *specs: str,
        feature_settings: Mapping[str, object] | None = None,
        store: str = "zarr",
        workers: int | None = None,
        shard_rows: int | None = None,
        executor: Executor | None = None,
    ) -> list[Feature]:
        """Compute features, or find those that are there, as ``matdata featurize`` does.

        Parameters
        ----------
        specs
            Feature names.
        feature_settings
            Settings by feature.
        store
            ``zarr`` or ``hdf5``.
        workers
            Threads or processes, or tasks that the executor runs at once; all cores if not given.
        shard_rows
            Most crystals in a shard; near 64 MB if not given.
        executor
            Runs the tasks, as in `matdata.build`.

        Raises
        ------
        MatdataError
            As ``matdata featurize``.
        """
        from matdata.building.options import BuildOptions
        from matdata.building.pipeline import add_features

        options = BuildOptions(
            features=specs,
            feature_settings=feature_settings or {},
            store=store,
            workers=workers,
            shard_rows=shard_rows,
        )
        folders = add_features(self, self.cache, options, executor=executor)
        return [Feature(one, self.ids, self.data_digest, left_out=self.rejects) for one in folders]

    def complete(self, specs: Sequence[str]) -> CommonSupport:
        """The materials that have all of these stored features."""
        return common_support(self.ids, {spec: self.feature(spec) for spec in specs})

    def split(self, name: str | None = None) -> dict[str, list[str]]:
        """Material ids of each part of a saved split; the only one if no name is given.

        Raises
        ------
        StoreError
            If there is no split of that name, or no name is given and there are several.
        """
        from matdata.splits.saved import load_split

        return {part: ids.tolist() for part, ids in load_split(self, name).parts.items()}

    def add_split(self, method: str, *, name: str | None = None, **settings: object) -> list[str]:
        """Split the dataset and save the splits; return their names, one per fold.

        Parameters
        ----------
        method
            ``random``, ``stable``, ``group``, ``kfold``, ``element``, ``taata``, ``time``,
            ``matbench`` or ``fixed``.
        name
            Name to save under, instead of the method's own.
        settings
            Settings of the method: ``ratios``, ``seed``, ``by``, ``k``, ``file``, …

        Raises
        ------
        SplitError
            If the split is impossible, or another one is saved under its name.
        ConfigError
            If a setting is unknown or has a wrong value.
        """
        from matdata.splits.saved import add_splits

        return add_splits(self, method, settings, name=name)

    def loaders(
        self,
        split: Any = None,
        *,
        inputs: Sequence[str],
        target: str | Sequence[str] | None = None,
        quiet: bool = False,
        **options: Any,
    ) -> Loaders:
        """Loaders of the parts of a split; unpacks as ``train, val, test``.

        Parameters
        ----------
        split
            Name of a saved split, or ratios such as ``70/15/15``; the only saved one if not given.
        inputs
            Specs of stored features.
        target
            Columns of the table to learn, or expressions over them (``log10(k_vrh)``).
        quiet
            Print neither modes nor the waiting times after each epoch.
        options
            ``batch_size``, ``device``, ``max_sites``, ``seed``, ``missing``, …: all of
            `matdata.load.loaders.make_loaders` and `matdata.load.options.LoadOptions`.
        """
        from matdata.core.console import Console
        from matdata.load.loaders import make_loaders

        console = Console(quiet=quiet)
        return make_loaders(self, inputs, target, split=split, console=console, **options)

    def loader(
        self,
        part: str | None = None,
        *,
        inputs: Sequence[str],
        target: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Loader:
        """The loader of one part of a split; of the whole dataset if no part is given."""
        from matdata.load.loaders import make_part_loader

        return make_part_loader(self, part, inputs, target, **options)

    def audit(
        self,
        split: str | None = None,
        keys: Sequence[str] | None = None,
        near_duplicates: bool = False,
        judge: bool = False,
        **tolerances: object,
    ) -> Report:
        """Audit a saved split: what its parts share.

        Parameters
        ----------
        split
            Name of the split; the only one if not given.
        keys
            Columns to compare by; formula, chemsys and protostructure if not given.
        near_duplicates
            Also search near duplicates between the parts, among the materials with a structure.
        judge
            Count only those that pymatgen's `StructureMatcher` confirms.
        tolerances
            Settings of `matdata.curate.near_duplicates.NearSettings`.
        """
        from matdata.curate.near_duplicates import NearSettings, pairs_between
        from matdata.splits.saved import audit_split, load_split

        saved = load_split(self, split)
        pairs = None
        if near_duplicates:
            settings = NearSettings.from_mapping(tolerances)
            crystals, rows = self.crystals, self.structures.rows
            labels = self.columns.get("protostructure")
            labels = labels and [labels[row] for row in rows.tolist()]
            parts = saved.part_of(self.ids[rows])
            near = pairs_between(crystals, labels, parts, settings, judge)
            pairs = [(pair.first, pair.second) for pair in near]
        return audit_split(self, saved, keys, pairs)
