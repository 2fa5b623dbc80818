"""Addresses of shared folders: what is shown and stored has no credentials in it."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import require_given
from matdata.core.redaction import keep_credentials, keep_environment
from matdata.sharing.layout import FOLDERS

#: Schemes by what opens them.
LOCAL = ("file", "local")
WEB = ("http", "https")
S3 = ("s3", "s3a")
GOOGLE = ("gs", "gcs")
OBJECTS = (*S3, *GOOGLE, "hf", "memory")
SFTP = ("sftp", "ssh")
SCHEMES = (*LOCAL, *WEB, *OBJECTS, *SFTP)
#: What of the Hub stands before the owner of a repository; a model has nothing there.
HUB_KINDS = ("datasets", "spaces")
#: First and second name of references that are no dataset alone.
TOP_FOLDERS = (FOLDERS["run"], FOLDERS["reference"], FOLDERS["snapshot"])
OF_DATASET = (FOLDERS["feature"], FOLDERS["split"])
#: Those whose addresses may hold a user and a password; the others look in the environment.
WITH_USER = (*WEB, *SFTP, *S3)


@dataclass(frozen=True)
class Address:
    """Where a shared folder lies.

    Attributes
    ----------
    scheme
        Such as ``s3``; ``file`` for a path.
    path
        What follows ``scheme://``, without credentials and without a slash at its end; of a folder
        of this machine, its absolute path.
    user, password
        From the address, where it has them.
    """

    scheme: str
    path: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.path if self.scheme == "file" else f"{self.scheme}://{self.path}"

    def within(self, name: str) -> str:
        """The address of something in the folder."""
        return f"{self}/{name}"

    def parent(self) -> tuple[Address, str] | None:
        """The folder that holds this one, and its name there; None at the top.

        The top of the Hub of Hugging Face is a repository: what holds them is no folder.
        """
        parts = self.path.split("/")
        if self.scheme == "hf" and len(parts) <= 2 + (parts[0] in HUB_KINDS):
            return None
        head, slash, tail = self.path.rpartition("/")
        if not slash or not head:
            return None
        return Address(self.scheme, head, self.user, self.password), tail


def is_address(given: object) -> bool:
    """Whether something is an address or a path, and not the name of an artefact.

    A path begins with ``/``, ``.`` or ``~``, ends with ``/``, or has a slash where the name of an
    artefact has none: ``shared/crystals`` is a path; ``runs/gap``, ``crystals/splits/s`` are names.
    """
    if isinstance(given, Path):
        return True
    if not isinstance(given, str):
        return False
    first, *others = given.split("/")
    if "://" in given or not first or first[0] in ".~":
        return True
    return bool(others) and first not in TOP_FOLDERS and others[0] not in OF_DATASET


def address_of(text: str | Path, what: str = "the address") -> Address:
    """Take an address apart; its credentials are hidden in all output from now on.

    Parameters
    ----------
    text
        ``s3://bucket/folder``, ``https://…``, …, or the path of a folder.
    what
        Its name, for messages.

    Raises
    ------
    ConfigError
        If its scheme is unknown, it has parameters, or credentials where none are taken.
    """
    given = require_given(text, what).strip()
    if "://" not in given:
        return Address("file", str(Path(given).expanduser().absolute()))
    keep_environment()
    keep_credentials(given)
    scheme, _, rest = given.partition("://")
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        raise ConfigError(
            f"{what} begins with {scheme[:20]}://{did_you_mean(scheme, SCHEMES)}",
            next_step=f"one of {', '.join(f'{one}://' for one in SCHEMES)}, or a path",
        )
    if scheme in LOCAL:
        return Address("file", str(Path(urllib.parse.unquote(rest)).absolute()))
    if "?" in rest or "#" in rest:
        raise ConfigError(
            f"{what} has parameters after its path",
            next_step="give the folder alone; credentials stand in the environment "
            "(docs/sharing.md)",
        )
    place, slash, path = rest.partition("/")
    if "@" in path and _is_cut_password(scheme, place):
        raise ConfigError(
            f"{what} holds credentials with a slash in them",
            next_step="write the slash as %2F, or leave them out; docs/sharing.md says where they "
            "are looked for",
        )
    info, at, host = place.rpartition("@")
    return _checked(scheme, info if at else "", f"{host}{slash}{path}".rstrip("/"), what)


def _is_cut_password(scheme: str, place: str) -> bool:
    """Whether what stands before the first slash is a user and the beginning of a password."""
    _, colon, port = place.rpartition(":")
    return scheme in WITH_USER and bool(colon) and not (port.isdecimal() and scheme not in OBJECTS)


def _checked(scheme: str, info: str, path: str, what: str) -> Address:
    if not path and scheme != "memory":
        raise ConfigError(f"{what} is {scheme}:// and names no place", next_step="name a folder")
    if scheme == "hf" and info:  # hf://datasets/owner/name@revision has its @ behind a slash
        info, path = "", f"{info}@{path}"
    if info and scheme not in WITH_USER:
        raise ConfigError(
            f"{what} holds credentials, which {scheme}:// does not take",
            next_step="leave them out; docs/sharing.md says where they are looked for",
        )
    if any(part in (".", "..") for part in path.split("/")):
        raise ConfigError(f"{what} has . or .. in its path", next_step="write the path out")
    user, _, password = info.partition(":")
    unquote = urllib.parse.unquote
    return Address(scheme, path, unquote(user), unquote(password))
