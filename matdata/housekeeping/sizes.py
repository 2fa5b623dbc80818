"""Bytes on disk of all that a cache holds."""

from __future__ import annotations

from pathlib import Path

from matdata.core.cache import KINDS, LEARNT
from matdata.core.documents import JsonObject
from matdata.sources.download import DOWNLOADS
from matdata.store.artefact import STAGING
from matdata.store.catalogue import kept
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.files import REMOVING
from matdata.store.usage import Usage, disk_size
from matdata.store.walk import children

HIDDEN = (STAGING, REMOVING)


def add_sizes(cache: Path, listing: JsonObject) -> None:
    """Add ``disk_bytes`` to what ``matdata list`` lists, with the runs, all else and the total.

    Artefacts of second places have their size, too; runs, all else and the total are of `cache`.
    A file with several names in one artefact counts once for it. One that several artefacts share
    counts for each of them, and once in the total.
    """
    for one in listing["snapshots"]:
        one["disk_bytes"] = disk_size(Path(one["place"]) / "snapshots" / one["snapshot"])
    for one in listing["references"]:
        one["disk_bytes"] = disk_size(Path(one["place"]) / "references" / one["reference"])
    for one in listing["datasets"]:
        name, _, version = one["dataset"].partition("@")
        folder = Path(one["place"]) / "datasets" / name / version
        one["disk_bytes"] = disk_size(folder)
        home = Path("features", DatasetFolder(folder).data_ref)
        for feature in one["features"]:
            place = Path(feature["place"])
            feature["disk_bytes"] = disk_size(place / home / feature["feature"])
    runs = kept(cache / "runs").folders
    listing["runs"] = [{"run": one.name, "disk_bytes": disk_size(one)} for one in runs]
    listing["other"] = [
        {"place": path.relative_to(cache).as_posix(), "disk_bytes": disk_size(path)}
        for path in _others(cache)
    ]
    listing["disk_bytes"] = Usage([cache]).size


def _others(cache: Path) -> list[Path]:
    """Downloads, what commands learnt, and what is unfinished or was being removed."""
    homes = [cache / kind for kind in KINDS]
    homes += [path for home in homes for path in children(home)[0] if path.is_dir()]
    hidden = [path for home in homes for path in children(home)[0] if path.name.startswith(HIDDEN)]
    whole = [cache / name for name in (DOWNLOADS, LEARNT)]
    return [*(path for path in whole if path.exists()), *hidden]
