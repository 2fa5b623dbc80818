"""Secrets (keys, passwords, tokens) are hidden in everything that is printed or written.

A secret is recognised by its value, once passed to `keep_secret` or `keep_environment`, in every
form in which libraries write it (plain, percent-encoded, escaped, base64); or by its position:
before the ``@`` of an address, in a parameter or a header with the name of a secret.

The outputs that call `redact` are errors, ledger rows, the origin of a source, `Console`, the
command line's streams and its JSON; manifests hide known values only, since a name in them can
look like such a position. Truncate a text with `excerpt`: half a key is no longer recognised.
"""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

HIDDEN = "***"
#: Shorter values are hidden by their positions only: they would occur in ordinary words.
SHORTEST = 8
#: Variables whose values are secrets, and those that hold addresses with credentials in them.
KEYS = (
    "MP_API_KEY", "PMG_MAPI_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
)  # fmt: skip
ADDRESSES = (
    "MP_API_ENDPOINT", "MP_OPEN_DATA_ENDPOINT", "AWS_ENDPOINT_URL",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY",
)  # fmt: skip

#: Names of parameters that hold secrets: ``api_key``, ``X-Amz-Signature``, ``token``.
_NAME = (
    r"(?:[\w.\-]*[_.\-])?"
    "(?:api_?key|key|token|passw(?:or)?d|pwd|secret|signature|sig|auth|credential)s?"
)
PARAMETER = re.compile(_NAME, re.IGNORECASE)
_HEADER = r"(?:x-api-key|authorization)(?:[\"']?\s*[:=]\s*|[\"']\s*,\s*)(?:b?[\"'])?"
#: Patterns of the text before a secret, and of the secret.
_PLACES = tuple(
    re.compile(f"({before}){secret}", re.IGNORECASE)
    for before, secret in (
        (r"(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]{0,20}:\\?/\\?/", r"[^\s/?#\"'<>]*(?=@)"),
        ("%3A%2F%2F", r"(?:(?!%2F|%3F|%26)[^\s/?#&\"'<>])*(?=%40)"),
        (rf"[?&]{_NAME}=", r"[^\s&\"'<>#]+"),
        (rf"(?:%3F|%26){_NAME}%3D", r"(?:(?!%26)[^\s&\"'<>#])+"),
        (rf"{_HEADER}(?:(?:basic|bearer|token)\s+)?", r"[^\s\"',;)}\]]+"),
    )
)

_forms: set[str] = set()
_values: re.Pattern[str] | None = None


def keep_secret(value: str | None) -> None:
    """Hide this value from now on, in all its encoded forms."""
    global _values
    forms = {form for form in _forms_of(value or "") if len(form) >= SHORTEST}
    if forms <= _forms:
        return
    _forms.update(forms)
    longest = sorted(_forms, key=len, reverse=True)
    _values = re.compile("|".join(map(re.escape, longest)), re.IGNORECASE)


def forget_secrets() -> None:
    """Know no secret by its value any more, as a process that has just begun."""
    global _values
    _forms.clear()
    _values = None


def keep_environment() -> None:
    """Hide the keys that the environment holds, and the credentials in its addresses."""
    for name in KEYS:
        keep_secret(os.environ.get(name))
    for name in ADDRESSES:
        for variable in (name, name.lower()):
            keep_credentials(os.environ.get(variable, ""))


def keep_credentials(address: str) -> None:
    """Hide the credentials of an address, also of one that is not well formed."""
    info, separator, _ = address.rpartition("://")[2].rpartition("@")
    user, colon, password = info.partition(":")
    if separator and "/" not in user:
        for text in {info, password if colon else user}:
            # A plain word may occur in ordinary names and messages: its position hides it.
            if not text.isalpha():
                keep_secret(text)
                keep_secret(urllib.parse.unquote(text))
    for name, value in urllib.parse.parse_qsl(address.partition("?")[2]):
        if PARAMETER.fullmatch(name):
            keep_secret(value)


def _forms_of(value: str) -> Iterator[str]:
    words = value.split()
    for text in {value, value.strip(), " ".join(words), *words}:
        data = text.encode("utf-8", "surrogateescape")
        yield text
        yield urllib.parse.quote(data, safe="")
        yield urllib.parse.quote(data)
        yield urllib.parse.quote_plus(data)
        yield repr(text)[1:-1]
        yield repr(data)[2:-1]
        yield text.encode("unicode_escape").decode()
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield base64.b64encode(data).decode().rstrip("=")
        yield base64.urlsafe_b64encode(data).decode().rstrip("=")


def hide_known(text: str) -> str:
    """The text without the secrets known by value; nothing else of a record changes."""
    return text if _values is None else _values.sub(HIDDEN, text)


def redact(text: str) -> str:
    """The text with every secret in it hidden; idempotent."""
    text = hide_known(text)
    for pattern in _PLACES:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def redacted(value: object, hide: Callable[[str], str] = redact) -> Any:
    """A record (mappings, lists, texts, anything else) with every secret in its texts hidden."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {key: redacted(item, hide) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item, hide) for item in value]
    return value


def excerpt(text: object, length: int) -> str:
    """The first `length` characters of a text as one line; secrets are hidden before the cut."""
    return redact(" ".join(str(text).split()))[:length]


def shareable(error: BaseException) -> BaseException | None:
    """The error as the cause of another, or None if it or one of its causes shows a secret.

    ``raise SourceError(…) from shareable(error)``: a traceback prints all causes.
    """
    visited: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in visited:
        text = f"{current!s} {current!r}"
        if redact(text) != text:
            return None
        visited.append(current)
        current = current.__cause__ or current.__context__
    return error
