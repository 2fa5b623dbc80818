"""Parts of a feature that lie in a shared folder, as its storage formats open them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matdata.sharing.record import FileRecord
from matdata.sharing.remote_file import BlockSource, RemoteFile


class RemoteParts:
    """Opens the parts of an artefact of a shared folder.

    Parameters
    ----------
    source
        Where blocks come from.
    files
        The files of the artefact by name.
    """

    def __init__(self, source: BlockSource, files: Mapping[str, FileRecord]) -> None:
        self._source = source
        self._files = dict(files)

    def opened(self, part: str) -> Any:
        """A file of one part (HDF5), or what Zarr reads a folder from."""
        if part in self._files:
            return RemoteFile(self._source, self._files[part])
        inside = f"{part}/"
        files = {
            name.removeprefix(inside): one
            for name, one in self._files.items()
            if name.startswith(inside)
        }
        from matdata.sharing.zarr_files import zarr_store  # zarr, which HDF5 does not need

        return zarr_store({name: RemoteFile(self._source, one) for name, one in files.items()})
