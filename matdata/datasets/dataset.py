"""User-facing `Dataset`: what it holds, and what is made of it: features, splits, loaders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from matdata.building.keywords import FeaturizeKeywords
from matdata.core.console import python_console
from matdata.core.keywords import with_keywords
from matdata.datasets.adding import (
    add_features_by,
    feature_options,
    find_or_make,
    make_folds,
    split_options,
)
from matdata.datasets.auditing import audit_dataset
from matdata.datasets.contents import Contents
from matdata.features.feature import Feature
from matdata.splits.audit import Report
from matdata.splits.base import Split
from matdata.splits.keywords import Ratios, SplitKeywords

if TYPE_CHECKING:
    from matdata.core.executors import Executor
    from matdata.datasets.carding import Card
    from matdata.datasets.plots import DatasetPlots
    from matdata.datasets.reporting import Reported
    from matdata.load.loader import Loader
    from matdata.load.loaders import Loaders


class Dataset(Contents):
    """A dataset in a cache: its table, structures, splits and features.

    Parameters
    ----------
    folder
        ``datasets/<name>/<version>-<digest8>`` in the cache.
    cache
        The cache that holds its features.
    """

    @property
    def plot(self) -> DatasetPlots:
        """Pictures as figures: ``plot.elements()``, ``histogram``, ``splits``, ``funnel``."""
        from matdata.datasets.plots import DatasetPlots

        return DatasetPlots(self)

    def report(
        self,
        output: str | Path | None = None,
        *,
        pictures: str | Path | None = None,
        format: str | Sequence[str] = ("png",),
        style: str = "light",
    ) -> Reported:
        """Report what it is like, as ``matdata report`` does.

        Parameters
        ----------
        output, pictures, format, style
            As of `matdata.report`.

        Raises
        ------
        ConfigError, StoreError
            As `matdata.report`.

        Examples
        --------
        >>> ds.report("mine.html")
        """
        from matdata.datasets.reporting import report

        return report(self, output, pictures=pictures, format=format, style=style)

    def card(
        self, output: str | Path, *, split: str | None = None, features: str | Sequence[str] = ()
    ) -> Card:
        """Write a card beside its data, as ``matdata card`` does.

        Parameters
        ----------
        output, split, features
            As of `matdata.card`.

        Raises
        ------
        ConfigError, StoreError
            As `matdata.card`.

        Examples
        --------
        >>> ds.card("folder").files
        ('README.md', 'croissant.json')
        """
        from matdata.datasets.carding import card

        return card(self, output, split=split, features=features)

    @with_keywords(FeaturizeKeywords)
    def featurize(
        self,
        *specs: str | Sequence[str],
        executor: Executor | None = None,
        quiet: bool = True,
        **options: Unpack[FeaturizeKeywords],
    ) -> list[Feature]:
        """Compute features, or find those that are there, as ``matdata featurize`` does.

        Parameters
        ----------
        specs
            Feature names, or one list of them.
        executor, quiet
            Where tasks run and what is printed, as in `matdata.build`.
        options
            ``set``, ``store``, ``workers``, ``shard_rows``, ``scheduler``, ``reuse``, as of the
            command.

        Raises
        ------
        MatdataError
            As ``matdata featurize``.

        Examples
        --------
        >>> (ofm,) = ds.featurize("ofm", set={"ofm": {"period_tag": True}})
        """
        names = [
            name for one in specs for name in (one if isinstance(one, (list, tuple)) else [one])
        ]
        keywords = feature_options(None, {"features": names, **options})
        return self.add_features(keywords, executor, quiet)

    def add_features(
        self,
        keywords: Mapping[str, Any],
        executor: Executor | None = None,
        quiet: bool = True,
        *,
        together: bool = False,
    ) -> list[Feature]:
        """Features from keywords that `matdata.datasets.adding.feature_options` resolved."""
        console = python_console(quiet)
        made = add_features_by(self, self.cache, keywords, console, executor, together=together)
        return [
            Feature(one.folder, self.ids, self.data_digest, left_out=self.rejects) for one in made
        ]

    @with_keywords(SplitKeywords)
    def split(self, split: Ratios | None = None, **options: Unpack[SplitKeywords]) -> Split:
        """A split: one that is made by ratios, or a saved one by its name.

        Parameters
        ----------
        split
            ``70/15/15``, counts, or shares by part, for a split that is made as ``matdata split``
            makes it and saved with the dataset; or the name of a saved one. Without it, and
            without options, the only saved one.
        options
            The options of the command: ``method``, ``group_by``, ``seed``, ``name``, ``set``.

        Returns
        -------
        Split
            A mapping of each part to the list of its ids.

        Raises
        ------
        SplitError
            If the split is impossible, another one is saved under its name, or the method makes
            several (see `folds`).
        StoreError
            If there is no split of that name, or none is named and there is not exactly one.
        ConfigError
            If an option or setting is unknown or has a wrong value.

        Examples
        --------
        >>> ds.split("70/15/15", seed=1)["train"]
        """
        return find_or_make(self, split, options)

    @with_keywords(SplitKeywords)
    def folds(self, split: Ratios | None = None, **options: Unpack[SplitKeywords]) -> list[Split]:
        """All splits of a method, saved with the dataset; of those with folds one per fold.

        Parameters
        ----------
        split, options
            As of `split`.

        Raises
        ------
        SplitError, ConfigError
            As `split`.

        Examples
        --------
        >>> ds.folds(method="kfold", set={"k": 5})
        """
        given = {**options} if split is None else {"split": split, **options}
        return make_folds(self, split_options(None, given))

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
        set: Mapping[str, object] | None = None,
        scheduler: str | None = None,
    ) -> Report:
        """Audit a saved split: what its parts share, as ``matdata audit`` does.

        Parameters
        ----------
        split
            Name of the split; the only one if not given.
        keys
            Columns to compare by; formula, chemsys, protostructure and what the split keeps apart
            if not given.
        near_duplicates
            Also search near duplicates between the parts, among the materials with a structure.
        judge
            Search them, and count only those that pymatgen's `StructureMatcher` confirms.
        set
            Settings of `matdata.curate.near_duplicates.NearSettings`.
        scheduler
            Where near duplicates are searched.

        Raises
        ------
        ConfigError, StoreError, SplitError
            If settings are given without a search, or there is no such split or column.
        """
        names = (keys,) if isinstance(keys, str) else keys
        return audit_dataset(self, split, names, near_duplicates, judge, set or {}, scheduler)
