"""What figshare says of its files, by its public API."""

from __future__ import annotations

import re

from matdata.core.errors import SourceError
from matdata.sources.web import get_value

API = "https://api.figshare.com/v2/articles/{article}/files?page_size=1000"


def published_md5(article: int, number: int) -> str | None:
    """MD5 that figshare computed of a file of an article.

    None where the API lists no such file (it lists the newest version of an article only), gives
    no MD5, or cannot be asked: a file that can be had is not refused because its list cannot.
    """
    try:
        listed = get_value(API.format(article=article))
    except SourceError:
        return None
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("id") == number:
            told = str(one.get("computed_md5") or one.get("supplied_md5") or "").lower()
            return told if re.fullmatch("[0-9a-f]{32}", told) else None
    return None
