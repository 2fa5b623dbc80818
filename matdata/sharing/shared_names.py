"""What the names of datasets and features mean in a shared folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from matdata.core.digest import SHORT
from matdata.core.documents import JsonObject
from matdata.core.errors import FeatureError, StoreError, did_you_mean
from matdata.sharing.consistency import manifest_of
from matdata.sharing.folder import SharedFolder
from matdata.sharing.layout import FOLDERS, Key
from matdata.sharing.reading import dataset_names, listed, read_latest, read_record
from matdata.sharing.record import Record
from matdata.store import files
from matdata.store.feature_catalogue import feature_folder, of_feature
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


def find_shared_feature(
    folder: SharedFolder,
    home: str,
    name: str,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> Record:
    """The record of the feature that a name means in a shared folder.

    Parameters
    ----------
    folder
        Where it is.
    home
        ``name@version`` under which the features of its dataset lie.
    name
        ``NAME``, ``NAME@DIGEST8`` or the name of its folder; the last two need no listing, which
        most web servers do not have.
    settings
        Those that it must have, of a feature that is named without a digest.

    Raises
    ------
    FeatureError
        If there is none, or several.
    """
    spec, _, digest = name.partition("@")
    exact = f"{feature_folder(spec, '')}{digest}" if digest else files.safe_name(name)
    if exact[-SHORT - 1 : -SHORT] == "-":
        record = read_record(folder, Key("feature", home, exact))
        if record is not None:
            return record
    there = listed(folder, f"{FOLDERS['feature']}/{home}")
    matching = [one for one in there if of_feature(Path(one), spec) and one.endswith(digest)]
    records = [read_record(folder, Key("feature", home, one)) for one in matching]
    fitting = _with_settings([one for one in records if one], folder, spec, settings)
    if len(fitting) == 1:
        return fitting[0]
    what = f"{len(fitting)} features" if fitting else "no feature"
    raise FeatureError(
        f"{folder.shown} holds {what} {name!r} of {home}{did_you_mean(spec, there)}",
        next_step=f"features there: {', '.join(there) or 'none'}; name one as NAME@DIGEST",
    )


def _with_settings(
    records: list[Record], folder: SharedFolder, spec: str, settings: Mapping[str, object]
) -> list[Record]:
    """The features that were computed with settings, as far as they have such settings."""
    if not settings:
        return records
    from matdata.features import featurizer

    asked = featurizer(spec, dict(settings)).settings
    required = {**asked.later(), **asked.identity()}
    stored = [(one, {**asked.later(), **manifest_of(one, folder)["settings"]}) for one in records]
    return [
        one
        for one, own in stored
        if all(own[key] == required[key] for key in settings if key in own)
    ]
