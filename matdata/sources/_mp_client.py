"""The Materials Project's client, made to fail clearly: key, heartbeat, pages, errors."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

from matdata.core.errors import SourceError
from matdata.core.redaction import excerpt, keep_secret, shareable
from matdata.sources.credentials import split_base
from matdata.sources.web import get_json

ENDPOINT = "https://api.materialsproject.org/"
KEY_LENGTH = 32
TIMEOUT = 60  # seconds without an answer to one page
RESUME = "run the same command again: it goes on from the last finished page"
KEY_STEP = "check MP_API_KEY at https://materialsproject.org/dashboard"
#: What the client's message says, the likely cause, and the next step; the first that fits.
CAUSES = (
    (r"\b40[13]\b|nvalid authentication", "the API key is wrong or was revoked", KEY_STEP),
    (r"\b429\b", "too many requests: the service limits how often it answers", RESUME),
    (r"timed out|Timeout", "the service is too slow to answer at present", RESUME),
    (r"IncompleteRead|Connection broken|ended prematurely", "an answer was cut short", RESUME),
    (r"\b404\b", "the endpoint (MP_API_ENDPOINT) is not the service's", "check MP_API_ENDPOINT"),
    (r"\b50\d\b", "the service has an error of its own, or is down for maintenance", RESUME),
)


def api_endpoint() -> str | None:
    """The address in ``MP_API_ENDPOINT``, None if the client's own is to be used.

    Raises
    ------
    SourceError
        If it is no web address, or more than one.
    """
    address = os.environ.get("MP_API_ENDPOINT")
    if not address:
        return None
    _, credentials = split_base(address, "MP_API_ENDPOINT")
    if credentials.parameters:
        raise SourceError(
            "MP_API_ENDPOINT has a key among its parameters",
            next_step="give the key as MP_API_KEY; it is sent as a header",
        )
    return address


def api_key() -> str:
    """The key of the Materials Project from ``MP_API_KEY`` (or pymatgen's ``PMG_MAPI_KEY``).

    Raises
    ------
    SourceError
        If there is none, it has the wrong length, or no header can carry it; it is not shown.
    """
    name = "MP_API_KEY" if os.environ.get("MP_API_KEY") else "PMG_MAPI_KEY"
    key = os.environ.get(name) or ""
    keep_secret(key)
    strange = next((kind for letter in key if (kind := _strange(letter))), None)
    if strange:
        raise SourceError(
            f"{name} is no key: its {len(key)} characters hold {strange}",
            cause="something beside the key was copied",
            next_step=f"set {name} to the {KEY_LENGTH} letters and digits of the key alone",
        )
    if len(key) == KEY_LENGTH:
        return key
    what = f"has {len(key)} characters, expected {KEY_LENGTH}" if key else "is not set"
    raise SourceError(
        f"the Materials Project needs an API key: MP_API_KEY {what}",
        cause="old keys of the legacy service are shorter" if key else None,
        next_step="get one at https://materialsproject.org/dashboard (free, with a login) and "
        "`export MP_API_KEY=…`; or read the whole database without one (`--bulk`), or a file of "
        "summary documents (`--from FILE`), or try `matdata build sample`",
    )


def _strange(letter: str) -> str | None:
    """What kind of character this is, if no header can carry it."""
    if letter in "\r\n":
        return "an end of line"
    if letter.isspace():
        return "a blank"
    if letter.isascii():
        return None if letter.isprintable() else "a control character"
    return "a letter or sign that is not ASCII"


def database_version(endpoint: str | None) -> str:
    """Version of the database, from the service's heartbeat.

    The client asks for it without a time limit and fails with a bare ``KeyError`` when the answer
    is an error, so this one question is asked without it.

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
    """The official client of ``summary`` or ``thermo`` documents, with a time limit."""
    from mp_api.client.routes.materials.summary import SummaryRester
    from mp_api.client.routes.materials.thermo import ThermoRester

    made = {"summary": SummaryRester, "thermo": ThermoRester}[kind]
    return made(
        api_key=key,
        endpoint=endpoint,
        timeout=TIMEOUT,
        use_document_model=False,
        mute_progress_bars=True,
    )


def ask(client: Any, size: int, **criteria: Any) -> tuple[list[Any], int]:
    """One answer of at most `size` documents, and how many the service counts in all.

    `search` knows neither pages nor the count, so this is the call that it makes itself.
    """
    found = client._query_resource(
        # With a list of ids the client sets no limit of its own.
        criteria={**criteria, "_limit": size},
        use_document_model=False,
        num_chunks=1,
        chunk_size=size,
    )
    documents, total = found["data"], found["meta"]["total_doc"]
    if not isinstance(documents, list) or not isinstance(total, int):
        raise ValueError("no list of documents")
    return documents, total


@contextlib.contextmanager
def client_errors(doing: str) -> Iterator[None]:
    """Turn whatever the client raises into one clear error."""
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
        # Bodies that are no JSON, or not the right JSON.
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"the Materials Project sent something unreadable while {doing}: "
                f"{excerpt(repr(error), 500)}",
                cause="an answer cut short, or an error page of a proxy",
                next_step=RESUME,
            ) from shareable(error)


def _refused(doing: str, text: str) -> SourceError:
    # Addresses hold numbers, too, which must not be taken for a status.
    told = re.sub(r"https?://\S+|url: \S+|port=\d+", "", text)
    cause, step = next(
        ((cause, step) for words, cause, step in CAUSES if re.search(words, told)),
        ("the service is busy or cannot be reached", RESUME),
    )
    return SourceError(
        f"the Materials Project refused while {doing}: {excerpt(text, 300)}",
        cause=cause,
        next_step=step,
    )
