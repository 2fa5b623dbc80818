"""What the manifest of a dataset says: its name, its digests, and what its rows are."""

from __future__ import annotations

from pathlib import Path

from matdata.store.manifest import read_manifest
from matdata.store.user_metadata import (
    COMPUTED,
    digest_of_base,
    digest_of_rows,
    folder_of_base,
    folder_of_rows,
)

KIND = "dataset"


class DatasetManifest:
    """A committed dataset as its manifest describes it.

    Parameters
    ----------
    folder
        ``datasets/<name>/<version>-<digest8>`` in a cache.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder, KIND)

    @property
    def ref(self) -> str:
        """Exact reference ``name@version-digest8``."""
        return f"{self.manifest['name']}@{self.folder.name}"

    @property
    def digest(self) -> str:
        """Digest of what the dataset was made from."""
        return str(self.manifest["identity_digest"])

    @property
    def data_digest(self) -> str:
        """Digest of the rows, without what users say of them: what features are computed from."""
        return digest_of_rows(self.manifest)

    @property
    def data_ref(self) -> str:
        """``name@version-digest8`` of the rows; features are in the folder of that name."""
        return f"{self.manifest['name']}@{folder_of_rows(self.manifest, self.folder.name)}"

    @property
    def base_digest(self) -> str:
        """Digest of the version without computed columns; splits of either are of the other."""
        return digest_of_base(self.manifest)

    @property
    def base_folder(self) -> Path:
        """Folder of the version without computed columns; openings stand beside that one."""
        return self.folder.with_name(folder_of_base(self.manifest, self.folder.name))

    @property
    def computed_columns(self) -> tuple[str, ...]:
        """Columns that were computed from others (`matdata hull`), which are no input."""
        return tuple(self.manifest.get(COMPUTED, {}).get("columns", ()))

    @property
    def kind(self) -> str:
        """``structure`` or ``composition`` if all rows are of one kind, else ``mixed``."""
        return str(self.manifest["kind"])

    @property
    def n_without_structure(self) -> int:
        """Number of rows that are known by their formula alone."""
        rows = int(self.manifest["rows"])
        having = {"structure": rows, "composition": 0}
        known = having.get(self.kind)
        return rows - int(self.manifest.get("structures", 0) if known is None else known)

    @property
    def has_protostructures(self) -> bool:
        """Whether the table has protostructures, of structures or in their place."""
        return "protostructure" in self.manifest["columns"]
