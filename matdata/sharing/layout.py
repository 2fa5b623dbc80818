"""Layout of a shared folder: which names there are, and what each stands for.

| name | content |
|---|---|
| ``matdata.json`` | marks the folder as one of matdata, with the version of this layout |
| ``blobs/<2 hex>/<sha256>`` | bytes of a file; equal files of all artefacts are one blob |
| ``datasets/<name>/<version>-<digest8>.json`` | record of a dataset (`matdata.sharing.record`) |
| ``datasets/<name>/latest.json`` | which version the bare name means |
| ``splits/<dataset>/<split>.json`` | record of a split |
| ``features/<dataset>/<feature>-<digest8>.json`` | record of a feature |
| ``references/<name>-<digest8>.json`` | record of a hull reference |
| ``runs/<name>.json`` | record of a run |
| ``snapshots/<source>/<version>-<digest8>.json`` | record of a snapshot |

A record is written after all blobs that it names, so what has a record is whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matdata.core.errors import StoreError
from matdata.store.latest import LATEST

MARKER = "matdata.json"
BLOBS = "blobs"
RECORD = ".json"
Kind = Literal["snapshot", "reference", "dataset", "split", "feature", "run"]
#: Folder of each kind, in the order in which they need each other.
FOLDERS: dict[Kind, str] = {
    "snapshot": "snapshots",
    "reference": "references",
    "dataset": "datasets",
    "split": "splits",
    "feature": "features",
    "run": "runs",
}
#: Kinds whose folder holds all of them, without one for a dataset or source between.
FLAT: tuple[Kind, ...] = ("reference", "run")
_KINDS = {folder: kind for kind, folder in FOLDERS.items()}
_SEGMENT = re.compile(r"[A-Za-z0-9_+@=,()~-][A-Za-z0-9._+@=,()~-]{0,199}")
_BLOB = re.compile(rf"{BLOBS}/([0-9a-f]{{2}})/(\1[0-9a-f]{{62}})")
LONGEST_NAME = 1024  # characters of the relative name of a file
#: What no file of an artefact has in its name: separators and streams of Windows, wildcards.
_UNFIT = frozenset('\\:*?"<>|')


@dataclass(frozen=True, order=True)
class Key:
    """Which artefact.

    Attributes
    ----------
    kind
        ``snapshot``, ``reference``, ``dataset``, ``split``, ``feature`` or ``run``.
    home
        Source of a snapshot, name of a dataset, ``name@version`` of the dataset of a split or
        feature; empty for a run or reference.
    name
        Its own name there.

    Raises
    ------
    StoreError
        If a name could not be that of a file in every store.
    """

    kind: Kind
    home: str
    name: str

    def __post_init__(self) -> None:
        for text in (self.home, self.name) if self.kind not in FLAT else (self.name,):
            if not is_segment(text):
                raise StoreError(
                    f"{text[:100]!r} cannot be the name of a {self.kind} in a shared folder",
                    cause="expected letters, digits and . _ + @ = , ( ) ~ -, no first dot, at "
                    "most 200",
                )

    @property
    def path(self) -> str:
        """Name of its record in a shared folder."""
        home = f"{self.home}/" if self.home else ""
        return f"{FOLDERS[self.kind]}/{home}{self.name}{RECORD}"

    @property
    def ref(self) -> str:
        """How users name it: what follows the address of the folder."""
        if self.kind == "dataset":
            return f"{self.home}@{self.name}"
        if self.kind in ("split", "feature"):
            return f"{self.home}/{FOLDERS[self.kind]}/{self.name}"
        return self.path.removesuffix(RECORD)

    def folder(self, cache: Path) -> Path:
        """Where it lies in a cache; of a split, the folder of all splits of its dataset."""
        if self.kind == "split":
            dataset, _, version = self.home.partition("@")
            return cache / FOLDERS["dataset"] / dataset / version / FOLDERS["split"]
        return cache / FOLDERS[self.kind] / self.home / self.name

    @classmethod
    def of_path(cls, path: str) -> Key | None:
        """The artefact whose record has this name; None if it is the name of no record."""
        parts = path.removesuffix(RECORD).split("/")
        kind = _KINDS.get(parts[0])
        fits = len(parts) == (2 if kind in FLAT else 3)
        if kind is None or not fits or not path.endswith(RECORD) or path.endswith(f"/{LATEST}"):
            return None
        if not all(map(is_segment, parts[1:])):
            return None
        return cls(kind, "" if kind in FLAT else parts[1], parts[-1])


@dataclass(frozen=True)
class Reference:
    """What a reference says: a kind, and names that are not looked up yet.

    Attributes
    ----------
    kind
        Kind of the artefact.
    home
        The dataset of a split or feature, the source of a snapshot; empty otherwise.
    name
        The rest.
    """

    kind: Kind
    home: str
    name: str

    @classmethod
    def of(cls, text: str) -> Reference | None:
        """Take a reference apart; None if it has another form."""
        match text.split("/"):
            case [name]:
                return cls("dataset", "", name)
            case ["runs", name]:
                return cls("run", "", name)
            case ["references", name]:
                return cls("reference", "", name)
            case [dataset, "splits", name]:
                return cls("split", dataset, name)
            case [dataset, "features", name]:
                return cls("feature", dataset, name)
            case ["snapshots", source, version]:
                return cls("snapshot", source, version)
        return None


def is_segment(text: str) -> bool:
    """Whether a text can be one name of a path in every store and file system."""
    return bool(_SEGMENT.fullmatch(text)) and not text.endswith(".")


def blob(sha256: str) -> str:
    """Name of the blob with these bytes."""
    return f"{BLOBS}/{sha256[:2]}/{sha256}"


def digest_of_blob(path: str) -> str | None:
    """SHA-256 that the blob of this name has; None if it is not the name of a blob."""
    match = _BLOB.fullmatch(path)
    return match[2] if match else None


def latest(name: str) -> str:
    """Where it stands which version of a dataset its bare name means."""
    return f"{FOLDERS['dataset']}/{name}/{LATEST}"


def is_latest(path: str) -> bool:
    """Whether a name is of the form of `latest`."""
    parts = path.split("/")
    return len(parts) == 3 and parts[0] == FOLDERS["dataset"] and parts[2] == LATEST


def fault_of_name(name: str) -> str | None:
    """Why a relative name cannot be that of a file of an artefact; None if it can."""
    parts = name.split("/")
    if not name or len(name) > LONGEST_NAME:
        return "is empty or too long"
    if name.startswith("/") or ".." in parts:
        return "leads out of its folder"
    if "" in parts or any(part.startswith(".") or part.endswith((".", " ")) for part in parts):
        return "has an empty or hidden part"
    if not name.isprintable() or _UNFIT & set(name):
        return "has a character that not every file system can hold"
    return None


def fault_of_names(names: Iterable[str]) -> str | None:
    """The first fault of names that are to lie side by side; None if there is none."""
    seen: dict[str, str] = {}
    listed = list(names)
    for name in listed:
        fault = fault_of_name(name)
        if fault is not None:
            return f"{name[:100]!r} {fault}"
        other = seen.setdefault(folded(name), name)
        if other is not name:
            return f"{name[:100]!r} and {other[:100]!r} are one file where case does not count"
    for name in listed:
        parents = folded(name).split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            if "/".join(parents[:depth]) in seen:
                return f"{name[:100]!r} lies in what is a file"
    return None


def folded(name: str) -> str:
    """A name as file systems compare it for which case and accents' encoding do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
