"""JSON from a service: retries while it is busy, and clear errors otherwise."""

from __future__ import annotations

import email.utils
import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.redaction import excerpt, shareable
from matdata.sources.credentials import NONE, Credentials, split_address

TRIES = 5
TIMEOUT = 60  # seconds without a byte
PAUSE = 1.0  # seconds before the second try; doubled for each further one
LONGEST = 60.0  # maximum seconds between tries, also by request of a service
BUSY = (429, 500, 502, 503, 504)
RESUME = "run the same command again: it continues from the last finished page"


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


def get_json(url: str, credentials: Credentials = NONE) -> JsonObject:
    """The JSON object at an address; see `get_value`.

    Raises
    ------
    SourceError
        As `get_value`, or if the answer is not an object.
    """
    value = get_value(url, credentials)
    if not isinstance(value, dict):
        raise SourceError(f"{url} sent a {type(value).__name__}, expected a JSON object")
    return value


def get_value(url: str, credentials: Credentials = NONE) -> Any:
    """The JSON value at an address.

    Credentials are sent to their own host only.
    Busy answers (429, 5xx) and broken connections are retried, `TRIES` times in all, after the
    delay of ``Retry-After`` if there is one.

    Raises
    ------
    Refused
        If the service answers with an error, or stays busy.
    SourceError
        If it cannot be reached, or does not send complete JSON.
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
                    cause="no network, a proxy, a broken connection, or the service is down",
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
            f"{shown} sent an answer that is not JSON: {excerpt(body, 60)}",
            cause="a truncated answer, or an error page of a proxy",
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
        details = "; ".join(
            str(error_entry.get("detail") or error_entry.get("title"))
            for error_entry in body["errors"]
        )
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        details = str(error.reason)
    busy = error.code in BUSY
    return Refused(
        error.code,
        f"{url} answers {error.code}: {excerpt(details, 300)}",
        "the service is busy or limits requests"
        if busy
        else "the service does not know the request",
        RESUME if busy else "check the address and the filter (--where)",
    )
