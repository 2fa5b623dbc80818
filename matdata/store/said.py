"""What users say of a dataset (units, licence, …) in its manifest, and its rows without that."""

from __future__ import annotations

from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonMapping

#: Key of the identity under which it stands.
SAID = "said"
#: What is said of the data as a whole, in words.
WORDS = ("licence", "citation", "description")


def words_in(manifest: JsonMapping) -> dict[str, str]:
    """``licence``, ``citation`` and ``description`` of a dataset, those that are known."""
    texts = {name: str(manifest.get(name) or "") for name in WORDS}
    return {name: text for name, text in texts.items() if text}


def digest_of_rows(manifest: JsonMapping) -> str:
    """Digest of a dataset without what users say of it: versions that differ in that have one."""
    identity = manifest.get("identity", {})
    if SAID not in identity:
        return str(manifest["identity_digest"])
    return digest_json({key: value for key, value in identity.items() if key != SAID})


def folder_of_rows(manifest: JsonMapping, folder: str) -> str:
    """Name that the folder of a dataset has without what users say of it.

    Parameters
    ----------
    manifest
        Of the dataset.
    folder
        Name of its folder, ``version-digest8``.
    """
    version = folder.removesuffix(f"-{manifest['identity_digest'][:SHORT]}")
    return f"{version}-{digest_of_rows(manifest)[:SHORT]}"
