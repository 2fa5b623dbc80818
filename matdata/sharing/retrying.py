"""Retries of requests: a few attempts with growing pauses, then one clear error."""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable
from typing import TypeVar

from matdata.core.errors import MatdataError, StoreError
from matdata.core.redaction import excerpt, shareable

T = TypeVar("T")

#: Attempts at one request, and the pause after the first that fails; each further one doubles.
TRIES = 5
PAUSE = 0.5
#: Seconds without a byte after which a connection counts as lost.
TIMEOUT = 60.0
SHOWN = 300  # characters of the message of a library
GO_ON = "run the same command again; it goes on where it stopped"
#: Libraries of stores, whose errors are mostly of the network and rarely of `OSError`.
_LIBRARIES = {
    *("aiobotocore", "aiohttp", "botocore", "gcsfs", "http", "httpcore", "httpx"),
    *("huggingface_hub", "paramiko", "requests", "urllib3"),
}
#: What no repetition helps against.
_FINAL = (
    *(FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError),
    NotADirectoryError,
)
_REFUSALS = {
    *("AuthenticationException", "BadHostKeyException", "CredentialRetrievalError"),
    *("GatedRepoError", "LocalTokenNotFoundError", "NoAuthTokenError", "NoCredentialsError"),
    *("PartialCredentialsError", "ParamValidationError", "PasswordRequiredException"),
    "UnknownHostError",
}
#: What libraries raise besides `FileNotFoundError` for a bucket or repository that is not there.
_ABSENT = {"NoSuchBucket", "RepositoryNotFoundError"}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.ENAMETOOLONG)


class WrongBytesError(OSError):
    """The bytes that were received or stored are not those that were requested or sent."""


def retried(action: Callable[[], T], what: str) -> T:
    """The result of an action, which is retried with growing pauses while it fails.

    `FileNotFoundError` and `FileExistsError`, which answer a question, are raised as they are.

    Parameters
    ----------
    action
        A request; it is harmless to repeat.
    what
        What it does, for the message (``s3://lab/x cannot be read``).

    Raises
    ------
    StoreError
        If it failed `TRIES` times, or in a way that no repetition helps against.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return action()
        except (FileNotFoundError, FileExistsError, MatdataError):
            raise
        except Exception as error:
            if not _is_of_store(error):
                raise
            if _is_absent(error):
                raise FileNotFoundError(what) from None
            if attempt == TRIES or _is_final(error):
                raise failure(error, what, attempt) from shareable(error)
            time.sleep(pause_after(attempt))
    raise AssertionError("the last attempt returns or raises")


def pause_after(attempt: int) -> float:
    """Seconds to wait after an attempt: doubling, with jitter so that clients spread out."""
    return float(PAUSE * (1 << (attempt - 1)) * (0.5 + 0.5 * random.random()))


def failure(error: BaseException, what: str, attempts: int = 1) -> StoreError:
    """The error of a request that failed for good."""
    reason = excerpt(getattr(error, "strerror", None) or error or type(error).__name__, SHOWN)
    reason = reason or type(error).__name__
    if _is_refusal(error):
        return StoreError(
            f"{what}: {reason}",
            cause="missing, wrong or expired credentials, or rights that they do not give",
            next_step="docs/sharing.md lists, by store, where credentials are looked for",
        )
    if isinstance(error, NotADirectoryError):
        return StoreError(
            f"{what}: {reason}",
            cause="a file has the name of the folder, or of one above it",
            next_step="name another folder",
        )
    if _is_full(error):
        return StoreError(f"{what}: {reason}", next_step=f"make room there; {GO_ON}")
    tries = f" ({attempts} attempts)" if attempts > 1 else ""
    return StoreError(
        f"{what}: {reason}{tries}",
        cause="the network or the store fails, or the address is wrong",
        next_step=GO_ON,
    )


def _is_of_store(error: Exception) -> bool:
    if isinstance(error, (OSError, EOFError, TimeoutError)):
        return True
    kinds = type(error).__mro__
    return any(kind.__module__.partition(".")[0] in _LIBRARIES for kind in kinds)


def _is_absent(error: Exception) -> bool:
    """Whether a store says that what holds the folder is not there: by class, or by a code."""
    stated = f"{type(error).__name__}: {error}"
    return any(stated.startswith(f"{name}:") or f"({name})" in stated for name in _ABSENT)


def _is_refusal(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, PermissionError) or bool(names & _REFUSALS)


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


def _is_final(error: Exception) -> bool:
    return _is_full(error) or isinstance(error, _FINAL) or _is_refusal(error)
