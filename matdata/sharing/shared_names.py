"""What the names of datasets and features mean in a shared folder."""

from __future__ import annotations

from matdata.core.digest import SHORT
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError, did_you_mean
from matdata.sharing.consistency import manifest_of
from matdata.sharing.folder import SharedFolder
from matdata.sharing.layout import FOLDERS, Key
from matdata.sharing.reading import dataset_names, listed, read_latest, read_record
from matdata.store import files
from matdata.store.feature_catalogue import feature_folder
from matdata.store.user_metadata import folder_of_rows


def dataset_ref(key: Key) -> str:
    """``name@version`` of a dataset."""
    return f"{key.home}@{key.name}"


def features_home(key: Key, manifest: JsonObject) -> str:
    """``name@version`` under which the features of a dataset lie."""
    return f"{key.home}@{folder_of_rows(manifest, key.name)}"


def find_shared_dataset(folder: SharedFolder, ref: str) -> tuple[Key, JsonObject]:
    """The dataset that a reference means in a shared folder, with its manifest.

    Raises
    ------
    StoreError
        If there is none, or several.
    """
    name, _, version = ref.partition("@")
    exact = version or read_latest(folder, name) or ""
    record = read_record(folder, Key("dataset", name, exact)) if exact else None
    if record is None:
        names = listed(folder, f"{FOLDERS['dataset']}/{name}")
        matching = [one for one in names if one.startswith(version)]
        if not names:
            others = dataset_names(folder)
            raise StoreError(
                f"{folder.shown} holds no dataset {name!r}{did_you_mean(name, others)}",
                next_step=f"datasets there: {', '.join(others) or 'none'}",
            )
        if len(matching) != 1:
            raise StoreError(
                f"{folder.shown} holds {'several versions' if matching else 'no dataset'} {ref!r}",
                next_step=f"versions there: {', '.join(names) or 'none'}",
            )
        record = read_record(folder, Key("dataset", name, matching[0]))
    assert record is not None
    return record.key, manifest_of(record, folder)


def feature_key(folder: SharedFolder, home: str, name: str) -> Key:
    """The feature that a name means in a shared folder.

    Raises
    ------
    StoreError
        If there is none, or several.
    """
    spec, _, digest = name.partition("@")
    prefix = feature_folder(spec, "")
    exact = Key("feature", home, f"{prefix}{digest}" if digest else files.safe_name(name))
    if len(exact.name) > SHORT and read_record(folder, exact) is not None:
        return exact
    there = listed(folder, f"{FOLDERS['feature']}/{home}")
    matching = [one for one in there if one[:-SHORT] == prefix and one.endswith(digest)]
    if len(matching) == 1:
        return Key("feature", home, matching[0])
    what = "several features" if matching else "no feature"
    raise StoreError(
        f"{folder.shown} holds {what} {name!r} of {home}{did_you_mean(name, there)}",
        next_step=f"features there: {', '.join(there) or 'none'}",
    )
