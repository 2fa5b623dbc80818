"""Metadata that users give a dataset (units, licence, …); its digest and folder without them."""

from __future__ import annotations

from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonMapping

#: Key of the identity under which it stands.
USER_METADATA = "said"
#: Longest licence, citation and description, in letters.
MAX_LENGTHS = {"licence": 500, "citation": 5_000, "description": 20_000}
#: What describes the data as a whole, in words.
WORDS = tuple(MAX_LENGTHS)


def words_in(manifest: JsonMapping) -> dict[str, str]:
    """``licence``, ``citation`` and ``description`` of a dataset, those that are known."""
    texts = {name: str(manifest.get(name) or "") for name in WORDS}
    return {name: text for name, text in texts.items() if text}


def digest_of_rows(manifest: JsonMapping) -> str:
    """Digest of a dataset without user metadata: versions that differ in these alone share it."""
    identity = manifest.get("identity", {})
    if USER_METADATA not in identity:
        return str(manifest["identity_digest"])
    return digest_json({key: value for key, value in identity.items() if key != USER_METADATA})


def folder_of_rows(manifest: JsonMapping, folder: str) -> str:
    """Name that the folder of a dataset has without user metadata.

    Parameters
    ----------
    manifest
        Of the dataset.
    folder
        Name of its folder, ``version-digest8``.
    """
    version = folder.removesuffix(f"-{manifest['identity_digest'][:SHORT]}")
    return f"{version}-{digest_of_rows(manifest)[:SHORT]}"
