"""What versions of a dataset may differ in while their rows are the same; digests without it.

Metadata that users give (units, licence, …), and columns that were computed from its energies.
"""

from __future__ import annotations

from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonMapping

#: Key of the identity under which it stands.
USER_METADATA = "said"
#: Key of the identity of a version with computed columns: what they were computed with.
COMPUTED = "hull"
#: Keys of the identity that change no row of the dataset, and so no feature of it.
BESIDE_ROWS = frozenset((USER_METADATA, COMPUTED))
#: Longest licence, citation and description, in letters.
MAX_LENGTHS = {"licence": 500, "citation": 5_000, "description": 20_000}
#: What describes the data as a whole, in words.
WORDS = tuple(MAX_LENGTHS)


def words_in(manifest: JsonMapping) -> dict[str, str]:
    """``licence``, ``citation`` and ``description`` of a dataset, those that are known."""
    texts = {name: str(manifest.get(name) or "") for name in WORDS}
    return {name: text for name, text in texts.items() if text}


def digest_of_rows(manifest: JsonMapping) -> str:
    """Digest of a dataset without user metadata and computed columns.

    Versions that differ in these alone share it.
    """
    identity = manifest.get("identity", {})
    if BESIDE_ROWS.isdisjoint(identity):
        return str(manifest["identity_digest"])
    return digest_json({key: one for key, one in identity.items() if key not in BESIDE_ROWS})


def digest_of_base(manifest: JsonMapping) -> str:
    """Digest of a dataset without computed columns: of the version that they were added to."""
    identity = manifest.get("identity", {})
    if COMPUTED not in identity:
        return str(manifest["identity_digest"])
    return digest_json({key: one for key, one in identity.items() if key != COMPUTED})


def folder_of_base(manifest: JsonMapping, folder: str) -> str:
    """Name of the folder of the version without computed columns; arguments as `folder_of_rows`."""
    version = folder.removesuffix(f"-{manifest['identity_digest'][:SHORT]}")
    return f"{version}-{digest_of_base(manifest)[:SHORT]}"


def folder_of_rows(manifest: JsonMapping, folder: str) -> str:
    """Name that the folder of a dataset has without user metadata and computed columns.

    Parameters
    ----------
    manifest
        Of the dataset.
    folder
        Name of its folder, ``version-digest8``.
    """
    version = folder.removesuffix(f"-{manifest['identity_digest'][:SHORT]}")
    return f"{version}-{digest_of_rows(manifest)[:SHORT]}"
