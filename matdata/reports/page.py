"""A report as one HTML file that loads nothing: checked for its size before it is written."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from matdata.core.errors import StoreError
from matdata.reports.look import css, script
from matdata.reports.markup import Section, escaped, paragraph, tag
from matdata.store import files

#: Most bytes of a report: above, browsers and mail programs struggle.
LIMIT = 1_000_000


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The whole file.

    A policy in its head lets only its own script run, so that nothing in the data could, and
    nothing is fetched.

    Parameters
    ----------
    title, lead
        What the report is of.
    sections
        In order; those without a body are left out.

    Raises
    ------
    StoreError
        If it would be larger than `LIMIT`.
    """
    shown = [section for section in sections if any(section.body)]
    contents = tag(
        "nav",
        tag("strong", "Contents"),
        tag("ol", *(tag("li", tag("a", s.title, href=f"#{s.key}")) for s in shown)),
        aria_label="Contents",
    )
    header = tag("header", tag("h1", title), tag("p", lead, class_="lead"))
    main = tag("main", *(section.html() for section in shown))
    footer = tag("footer", paragraph("Written by matdata; this file loads nothing from elsewhere."))
    body = tag("div", header, contents, main, footer, class_="page")
    text = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{css()}</style></head>\n"
        f"<body>{body}\n<script>{script()}</script></body></html>\n"
    )
    size = len(text.encode("utf-8"))
    if size > LIMIT:
        raise StoreError(
            f"the report of {title} has {size:,} bytes, more than {LIMIT:,}",
            cause="what it lists is bounded, so this is an error of matdata",
            next_step="please report it with the command",
        )
    return text


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(script().encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def write_page(path: Path, text: str) -> None:
    """Write a report.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    with files.writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
