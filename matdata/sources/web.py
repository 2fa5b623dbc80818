"""JSON from a service: patient with one that is busy, clear about one that is wrong."""

from __future__ import annotations

import email.utils
import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

from matdata.core.errors import SourceError
from matdata.core.redaction import excerpt, shareable
from matdata.sources.credentials import NONE, Credentials, split_address

TRIES = 5
TIMEOUT = 60  # seconds without a byte
PAUSE = 1.0  # seconds before the second try; doubled from try to try
LONGEST = 60.0  # seconds that a service can make us wait
BUSY = (429, 500, 502, 503, 504)
RESUME = "run the same command again: it goes on from the last finished page"


class Refused(SourceError):
    """The service answered with an error.

    Attributes
    ----------
    status
        Status of the answer.
    """

    def __init__(self, status: int, what: str, cause: str, next_step: str) -> None:
        super().__init__(what, cause=cause, next_step=next_step)
        self.status = status


def get_json(url: str, credentials: Credentials = NONE) -> dict[str, Any]:
    """The JSON object that an address answers with; see `get_value`."""
    found = get_value(url, credentials)
    if not isinstance(found, dict):
        raise SourceError(f"{url} sent a {type(found).__name__}, expected a JSON object")
    return found


def get_value(url: str, credentials: Credentials = NONE) -> Any:
    """The JSON value that an address answers with.

    Credentials are sent to their own host alone.
    Busy answers (429, 5xx) and broken connections are tried again, `TRIES` times in all, as late
    as ``Retry-After`` says.

    Raises
    ------
    Refused
        If the service answers with an error, or stays busy.
    SourceError
        If it cannot be reached, or sends something else than whole JSON.
    """
    shown, _ = split_address(url)
    for attempt in range(1, TRIES + 1):
        try:
            return _once(url, shown, credentials)
        except urllib.error.HTTPError as error:
            if error.code not in BUSY or attempt == TRIES:
                raise _refused(shown, error) from shareable(error)
            wait = _retry_after(error.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException) as error:
            if attempt == TRIES:
                raise SourceError(
                    f"{shown} cannot be reached: {getattr(error, 'reason', error)}",
                    cause="no network, a proxy, a connection that was cut, or the service is down",
                    next_step=RESUME,
                ) from shareable(error)
            wait = None
        time.sleep(min(PAUSE * 2 ** (attempt - 1) if wait is None else wait, LONGEST))
    raise AssertionError("the last try returns or raises")


def _once(url: str, shown: str, credentials: Credentials) -> Any:
    headers = {"User-Agent": "matdata", "Accept": "application/vnd.api+json, application/json"}
    request = credentials.request(url, headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        body = answer.read()
    try:
        return json.loads(body)
    except ValueError as error:
        raise SourceError(
            f"{shown} sent something that is no JSON: {excerpt(body, 60)}",
            cause="an answer cut short, or an error page of a proxy",
            next_step=RESUME,
        ) from shareable(error)


def _retry_after(text: str | None) -> float | None:
    """Seconds from a ``Retry-After`` header, which holds seconds or a date."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None


def _refused(url: str, error: urllib.error.HTTPError) -> Refused:
    try:
        body = json.loads(error.read())
        details = "; ".join(str(one.get("detail") or one.get("title")) for one in body["errors"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        details = str(error.reason)
    busy = error.code in BUSY
    return Refused(
        error.code,
        f"{url} answers {error.code}: {excerpt(details, 300)}",
        "the service is busy or limits requests" if busy else "the request is not one it knows",
        RESUME if busy else "check the address and the filter (--where)",
    )
