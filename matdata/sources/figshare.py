"""Metadata of figshare's files, from its public API."""

from __future__ import annotations

import re

from matdata.core.errors import SourceError
from matdata.sources.web import get_value

API = "https://api.figshare.com/v2/articles/{article}/files?page_size=1000"


def published_md5(article: int, number: int) -> str | None:
    """The MD5 of an article's file as stated by figshare.

    None if the API lists no such file (it lists only the newest version of an article), states
    no MD5, or cannot be reached: an available file is not rejected because its list is not.
    """
    try:
        entries = get_value(API.format(article=article))
    except SourceError:
        return None
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("id") == number:
            md5 = str(entry.get("computed_md5") or entry.get("supplied_md5") or "").lower()
            return md5 if re.fullmatch("[0-9a-f]{32}", md5) else None
    return None
