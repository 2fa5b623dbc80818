"""What a dataset holds, as users look at it: tables, structures, features, materials."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.core.errors import ConfigError
from matdata.core.given import require_name
from matdata.datasets.display import dataset_html
from matdata.datasets.frames import feature_frame, table_frame
from matdata.datasets.material import Material
from matdata.features.feature import Feature, open_feature
from matdata.features.support import CommonSupport, common_support
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import feature_names

if TYPE_CHECKING:
    import pandas as pd


class Contents(DatasetFolder):
    """A dataset in a cache as it is read: a sequence of its materials, by id.

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
        return f"{type(self).__name__}({self.ref!r}, {len(self):,} materials)"

    def __contains__(self, material_id: object) -> bool:
        return isinstance(material_id, str) and self._index.get(material_id) is not None

    def __getitem__(self, material_id: str) -> Material:
        """One material: its columns, structure and features, read when they are asked for.

        Raises
        ------
        StoreError
            If the dataset does not hold it, with the reason if the ledger has one.
        ConfigError
            If it is no id.

        Examples
        --------
        >>> ds["mp-149"]["band_gap"]
        >>> ds["mp-149"].features["magpie"]
        """
        if not isinstance(material_id, str):
            raise ConfigError(
                f"a material is opened by its id, got {type(material_id).__name__}",
                next_step="ds.ids has the ids in the order of the rows; ds.table.iloc counts rows",
            )
        return self._material(self.row(require_name(material_id, "the material")))

    def __iter__(self) -> Iterator[Material]:
        """The materials in the order of the rows."""
        return map(self._material, range(len(self)))

    def _material(self, row: int) -> Material:
        return Material(self, row, self.features(), self.feature)

    def _repr_html_(self) -> str:
        return dataset_html(self, self.features())

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """The table, one row per material, indexed by material id; units in ``.attrs["units"]``."""
        return table_frame(self)

    def to_frame(self, feature: str | None = None, **settings: object) -> pd.DataFrame:
        """The table, or a stored feature, as a pandas table that is the caller's to change.

        Parameters
        ----------
        feature
            Feature name; columns are then its labels. Materials that lack it have no row:
            ``.attrs["left_out"]`` says why. Of a feature per site there is a row per site.
        settings
            As of `feature`: ``level="structure"`` of ``ofm``.

        Raises
        ------
        FeatureError
            If there is no such feature, or it is no table.

        Examples
        --------
        >>> ds.table.join(ds.to_frame("magpie"), how="inner")
        """
        if feature is None:
            return table_frame(self)
        return feature_frame(self.feature(feature, **settings))

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

    def complete(self, specs: Sequence[str]) -> CommonSupport:
        """The materials that have all of these stored features."""
        return common_support(self.ids, {spec: self.feature(spec) for spec in specs})
