"""A committed feature of a dataset: stored fields, and the dense form expanded on reading."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged
from matdata.core.documents import JsonObject
from matdata.core.errors import FeatureError, StoreError, did_you_mean
from matdata.core.given import require_name
from matdata.core.html import ROWS, card
from matdata.core.ledger import Reject
from matdata.core.row_index import RowIndex
from matdata.features import FEATURIZERS, featurizer
from matdata.features.base import Dense, Featurizer
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import KIND, find_feature
from matdata.store.manifest import read_manifest
from matdata.store.sharded import Parts, ShardedArrays, read_ledger


class Feature:
    """One feature of a dataset.

    Parameters
    ----------
    folder
        ``features/<dataset>/<feature>-<digest8>`` in a cache.
    ids
        Material ids of the dataset, in the order of its rows.
    dataset_digest
        Digest of the dataset; a feature of another version is refused.
    view
        Settings that say how stored fields are looked at (``level="structure"`` of ``ofm``).
    left_out
        Gives the dataset's own ledger, asked when a material is missing.
    parts
        Where its shards are read from, if not from its folder.
    """

    def __init__(
        self,
        folder: Path,
        ids: npt.NDArray[np.str_],
        dataset_digest: str,
        view: JsonObject | None = None,
        left_out: Callable[[], Sequence[Reject]] | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder, KIND)
        made_from = self.manifest["made_from"]
        if made_from["dataset_digest"] != dataset_digest:
            raise StoreError(
                f"{folder} was made from {made_from['dataset']} "
                f"({str(made_from['dataset_digest'])[:8]}), the dataset that is open has digest "
                f"{dataset_digest[:8]}",
                cause="its folder was copied from another version of the dataset",
                next_step="remove that folder and run "
                f"`matdata featurize {folder.parent.name} {self.manifest['feature']}`",
            )
        self._dataset_ids = ids
        self._left_out = left_out
        self.arrays = ShardedArrays(folder, self.manifest, parts)
        self.featurizer = self._make(view or {})

    def _make(self, view: JsonObject) -> Featurizer:
        settings = dict(self.manifest["settings"])
        settings.pop("variant", None)
        instance = featurizer(self.manifest["feature"], {**settings, **view})
        if instance.version != self.manifest["version"]:
            raise FeatureError(
                f"{self.folder.name} was written by {instance.name} version "
                f"{self.manifest['version']}; this matdata has version {instance.version}",
                cause="its numbers mean something else since",
                next_step=f"`matdata featurize {self.folder.parent.name} {instance.spec}` makes "
                "the new one beside it",
            )
        if instance.settings.identity() != self.manifest["settings"]:
            raise FeatureError(
                f"{self.folder.name} was made with settings {self.manifest['settings']}, "
                f"not with {instance.settings.identity()}",
                next_step=f"`matdata featurize {self.folder.parent.name} {instance.spec} --set "
                f"{instance.name}.KEY=VALUE` makes that one",
            )
        return instance

    def __len__(self) -> int:
        return len(self.arrays)

    def __repr__(self) -> str:
        name, made_from = self.manifest["feature"], self.manifest["made_from"]["dataset"]
        return f"Feature({name!r}, {len(self):,} materials of {made_from})"

    def _repr_html_(self) -> str:
        labels, units = list(self.labels), list(self.units)
        lost = sum(self.manifest["rejected"].values())
        lines = [
            f"{len(self):,} materials of {self.manifest['made_from']['dataset']}",
            f"{lost:,} materials without it" if lost else "",
            f"{len(labels):,} columns; folder {self.folder.name}",
        ]
        rows = list(zip(labels[:ROWS], units[:ROWS], strict=True))
        title = f"Feature {self.manifest['feature']}"
        return card(title, lines, ("column", "unit"), rows, len(labels))

    @functools.cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """Rows of the dataset that have this feature, ascending."""
        return self.arrays.rows()

    @functools.cached_property
    def ids(self) -> npt.NDArray[np.str_]:
        """Ids of the materials that have this feature."""
        return self._dataset_ids[self.rows]

    @functools.cached_property
    def _index(self) -> RowIndex:
        return RowIndex(self.ids)

    @property
    def labels(self) -> Sequence[str]:
        """Names of the columns of the dense form."""
        return self.featurizer.labels()

    @property
    def units(self) -> Sequence[str]:
        """Units of the columns of the dense form."""
        return self.featurizer.units()

    def positions(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Positions of materials among those that have the feature.

        Raises
        ------
        FeatureError
            If one of them has none, with the reason when the ledger knows.
        """
        return self._index.rows(ids, lambda unknown: self._missing(unknown[0]))

    def _missing(self, identity: str) -> FeatureError:
        for reject in self.rejects():
            if reject.material_id == identity:
                text = f"{identity} has no {self.manifest['feature']}: {reject.reason}: "
                return FeatureError(text + reject.message)
        for reject in self._left_out() if self._left_out else ():
            if reject.material_id == identity:
                return FeatureError(
                    f"{identity} was left out of the dataset: {reject.reason}: {reject.message}"
                )
        near = did_you_mean(identity, self._index)
        return FeatureError(f"{self.folder.name} holds no material {identity!r}{near}")

    def __getitem__(self, material_id: str) -> npt.NDArray[Any]:
        dense = self.dense([material_id])
        single: npt.NDArray[Any] = dense[0]
        return single

    def __contains__(self, material_id: str) -> bool:
        return material_id in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids.tolist())

    def stored(self, ids: Sequence[str] | None = None) -> JsonObject:
        """Stored fields of some materials, or of all."""
        positions = None if ids is None else self.positions(ids)
        return self.arrays.read(list(self.arrays.levels), positions)

    def dense(self, ids: Sequence[str] | None = None) -> Dense:
        """The dense form of some materials, or of all: an array, or `Ragged` per site."""
        return self.featurizer.dense(self.stored(ids))

    def rejects(self) -> list[Reject]:
        """Materials that could not be featurized, each with its reason."""
        return read_ledger(self.folder, self.manifest)


def values_and_offsets(
    dense: Dense,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64] | None]:
    """Values of a dense form, and its offsets when rows differ in length."""
    if isinstance(dense, Ragged):
        return dense.values, dense.offsets
    return dense, None


def open_feature(
    dataset: DatasetFolder, cache: Path, spec: str, settings: Mapping[str, object]
) -> Feature:
    """The newest feature of a dataset with these settings.

    Parameters
    ----------
    dataset, cache
        The dataset, and the cache that holds its features.
    spec
        Feature name, or ``name@digest8``.
    settings
        Stored ones choose among what was built, views say how it is looked at. Where a name comes
        with stored ones, later ones (`core.settings.setting`) that are not given are the default.

    Raises
    ------
    FeatureError
        If it was not built, with the command that makes it.
    """
    name = require_name(spec, "the feature").partition("@")[0]
    chosen = dict(settings)
    settled = featurizer(name, chosen).settings if chosen else None
    later = {} if settled is None else settled.later()
    asked = {} if settled is None else {**later, **settled.identity()}
    stored = {key: value for key, value in asked.items() if key in chosen}
    if stored and "@" not in spec:  # who names some and not a later one means what was before it
        stored = {**later, **stored}
    stored |= _units_read(name, chosen, dataset)
    folder = find_feature(cache, dataset.data_ref, spec, stored, dataset.ref, later)
    return Feature(folder, dataset.ids, dataset.data_digest, chosen, dataset.rejects)


def _units_read(
    name: str, settings: Mapping[str, object], dataset: DatasetFolder
) -> dict[str, object]:
    """Settings that the units of the table add to a feature of columns.

    Versions of a dataset that differ in units share their features; of a column in eV and the
    same in meV each opens its own.
    """
    if name.partition(":")[0] not in FEATURIZERS:
        return {}
    plain = featurizer(name, dict(settings))
    if "columns" not in plain.requires:
        return {}
    before, after = plain.settings.identity(), plain.for_units(dataset.units).settings.identity()
    return {key: value for key, value in after.items() if before[key] != value}
