"""The Materials Project's client with clear errors: key, heartbeat, pages."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

from matdata.core.errors import SourceError
from matdata.core.packages import needed_for
from matdata.core.redaction import excerpt, keep_secret, shareable
from matdata.sources.credentials import split_base
from matdata.sources.web import get_json

ENDPOINT = "https://api.materialsproject.org/"
KEY_LENGTH = 32
TIMEOUT = 60  # seconds without an answer to one page
RESUME = "run the same command again: it continues from the last finished page"
KEY_STEP = "check MP_API_KEY at https://materialsproject.org/dashboard"
#: Pattern of the client's message, the likely cause, and the next step; the first match counts.
CAUSES = (
    (r"\b40[13]\b|nvalid authentication", "the API key is wrong or was revoked", KEY_STEP),
    (r"\b429\b", "too many requests: the service limits how often it answers", RESUME),
    (r"timed out|Timeout", "the service is too slow to answer at present", RESUME),
    (r"IncompleteRead|Connection broken|ended prematurely", "an answer was truncated", RESUME),
    (r"\b404\b", "the endpoint (MP_API_ENDPOINT) is not the service's", "check MP_API_ENDPOINT"),
    (r"\b50\d\b", "the service has an internal error, or is down for maintenance", RESUME),
)


def api_endpoint() -> str | None:
    """The address in ``MP_API_ENDPOINT``, None to use the client's own.

    Raises
    ------
    SourceError
        If it is not a web address, or has further parts.
    """
    address = os.environ.get("MP_API_ENDPOINT")
    if not address:
        return None
    _, credentials = split_base(address, "MP_API_ENDPOINT")
    if credentials.parameters:
        raise SourceError(
            "MP_API_ENDPOINT has a key among its parameters",
            next_step="set the key as MP_API_KEY; it is sent as a header",
        )
    return address


def api_key() -> str:
    """The key of the Materials Project from ``MP_API_KEY`` (or pymatgen's ``PMG_MAPI_KEY``).

    Raises
    ------
    SourceError
        If there is none, it has the wrong length, or is not valid in a header; it is not shown.
    """
    name = "MP_API_KEY" if os.environ.get("MP_API_KEY") else "PMG_MAPI_KEY"
    key = os.environ.get(name) or ""
    keep_secret(key)
    invalid = next((kind for letter in key if (kind := _invalid_kind(letter))), None)
    if invalid:
        raise SourceError(
            f"{name} is not a key: its {len(key)} characters include {invalid}",
            cause="something besides the key was copied",
            next_step=f"set {name} to the {KEY_LENGTH} letters and digits of the key only",
        )
    if len(key) == KEY_LENGTH:
        return key
    problem = f"has {len(key)} characters, expected {KEY_LENGTH}" if key else "is not set"
    raise SourceError(
        f"the Materials Project needs an API key: MP_API_KEY {problem}",
        cause="old keys of the legacy service are shorter" if key else None,
        next_step="get one at https://materialsproject.org/dashboard (free, with a login) and "
        "`export MP_API_KEY=…`; or read the whole database without one (`--bulk`), or a file of "
        "summary documents (`--from FILE`), or try `matdata build sample`",
    )


def _invalid_kind(letter: str) -> str | None:
    """The kind of a character that is not valid in a header; None for valid ones."""
    if letter in "\r\n":
        return "an end of line"
    if letter.isspace():
        return "a blank"
    if letter.isascii():
        return None if letter.isprintable() else "a control character"
    return "a letter or sign that is not ASCII"


def database_version(endpoint: str | None) -> str:
    """Version of the database, from the service's heartbeat.

    The client requests it without a timeout and fails with a bare ``KeyError`` if the answer
    is an error, so this request is made without it.

    Raises
    ------
    SourceError
        If the service cannot be reached, or its answer holds no version.
    """
    base, credentials = split_base(endpoint or ENDPOINT, "MP_API_ENDPOINT")
    url = f"{base}/heartbeat"
    try:
        return str(get_json(url, credentials)["db_version"])
    except KeyError:
        raise SourceError(
            f"the Materials Project sent a heartbeat without a database version ({url})",
            cause="the service is down for maintenance, or MP_API_ENDPOINT is another service's",
            next_step=RESUME,
        ) from None


def rester(kind: str, key: str, endpoint: str | None) -> Any:
    """The official client of ``summary`` or ``thermo`` documents, with a timeout."""
    with needed_for("the Materials Project"):
        from mp_api.client.routes.materials.summary import SummaryRester
        from mp_api.client.routes.materials.thermo import ThermoRester

    rester_class = {"summary": SummaryRester, "thermo": ThermoRester}[kind]
    return rester_class(
        api_key=key,
        endpoint=endpoint,
        timeout=TIMEOUT,
        use_document_model=False,
        mute_progress_bars=True,
    )


def ask(client: Any, size: int, **criteria: Any) -> tuple[list[Any], int]:
    """One answer of at most `size` documents, and the service's total count.

    `search` supports neither pages nor the count, so this makes its underlying call.

    Raises
    ------
    ValueError
        If the answer has no list of documents or no count.
    """
    answer = client._query_resource(
        # With a list of ids the client sets no limit of its own.
        criteria={**criteria, "_limit": size},
        use_document_model=False,
        num_chunks=1,
        chunk_size=size,
    )
    documents, total = answer["data"], answer["meta"]["total_doc"]
    if not isinstance(documents, list) or not isinstance(total, int):
        raise ValueError("no list of documents")
    return documents, total


@contextlib.contextmanager
def client_errors(doing: str) -> Iterator[None]:
    """Convert the exceptions of the client into one clear error.

    Raises
    ------
    SourceError
        If the service cannot be reached, refuses, or its answer cannot be read.
    """
    with needed_for("the Materials Project"):
        import requests
        from mp_api.client.core.exceptions import MPRestError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except requests.exceptions.RequestException as error:
            raise SourceError(
                f"the Materials Project cannot be reached while {doing}: {excerpt(error, 500)}",
                cause="no network, a proxy, or the service is down",
                next_step=RESUME,
            ) from shareable(error)
        except MPRestError as error:
            raise _refused(doing, str(error)) from shareable(error)
        # Bodies that are not JSON, or not the expected JSON.
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"the Materials Project sent an unreadable answer while {doing}: "
                f"{excerpt(repr(error), 500)}",
                cause="a truncated answer, or an error page of a proxy",
                next_step=RESUME,
            ) from shareable(error)


def _refused(doing: str, text: str) -> SourceError:
    # Addresses contain numbers, too, which must not be taken for a status.
    plain_text = re.sub(r"https?://\S+|url: \S+|port=\d+", "", text)
    cause, step = next(
        ((cause, step) for words, cause, step in CAUSES if re.search(words, plain_text)),
        ("the service is busy or cannot be reached", RESUME),
    )
    return SourceError(
        f"the Materials Project refused while {doing}: {excerpt(text, 300)}",
        cause=cause,
        next_step=step,
    )
