"""The report as one page: no script, nothing from elsewhere, light and dark."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from pathlib import Path

from matdata.core.printable import printable
from matdata_recipes.reproduce.items import PAPERS
from matdata_recipes.reproduce.pictures import differences
from matdata_recipes.reproduce.report import (
    Entry,
    compared_text,
    percent,
    shown,
    summary,
    with_error,
)
from matdata_recipes.reproduce.statuses import MEANINGS, Number

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --muted: #57606a; --back: #ffffff;
  --line: #d0d7de; --good: #116329; --near: #0550ae; --off: #8a4600; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --muted: #9da7b3; --back: #0d1117;
  --line: #30363d; --good: #56d364; --near: #79c0ff; --off: #f0b35a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem }
h3 { font-size: 1rem; margin: 1.6rem 0 0.2rem }
p { margin: 0.3rem 0 } .muted { color: var(--muted) }
.wide { overflow-x: auto } a { color: var(--near) }
table { border-collapse: collapse; margin: 0.5rem 0; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: 0.15rem 0.9rem 0.15rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top } .n { text-align: right; white-space: nowrap }
.s { font-weight: 600; white-space: nowrap } .reproduced { color: var(--good) }
.within-error, .in-part, .drawn { color: var(--near) } .differs { color: var(--off) }
.stand-in, .data-closed, .not-run, .not-built { color: var(--muted) }
img { max-width: 100%; height: auto; display: block; margin: 0.6rem 0 } .plain { background: #fff }
"""


def text(value: object) -> str:
    """A value as HTML: escaped, and without what a page would not print."""
    return html.escape(printable(str(value)))


def page(entries: Sequence[Entry], title: str) -> str:
    """The whole page."""
    kept = [one for one in entries if one.status != "drawing"]
    body = [f"<h1>{text(title)}</h1>", *_overview(kept)]
    for paper, name in PAPERS.items():
        own = [one for one in kept if one.item.paper == paper]
        if own:
            body.append(f"<h2>{text(name)}</h2>")
            body += [part for one in own for part in _section(one)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body>"
        + "\n".join(body)
        + "</body></html>\n"
    )


def _badge(status: str) -> str:
    return f'<span class="s {status.replace(" ", "-")}">{text(status)}</span>'


def _overview(entries: Sequence[Entry]) -> Iterator[str]:
    said = compared_text(entries).capitalize()
    yield f"<p>{text(said)}. Stand-ins are named, and not counted.</p>"
    yield '<div class="wide"><table><tr><th>status</th><th class="n">items</th><th>means</th></tr>'
    for status, count in summary(entries).items():
        meaning = text(MEANINGS[status])  # type: ignore[index]
        yield f'<tr><td>{_badge(status)}</td><td class="n">{count}</td><td>{meaning}</td></tr>'
    yield "</table></div>"
    if len(entries) > 1:
        yield '<div class="wide"><table><tr><th>item</th><th>shows</th><th>status</th></tr>'
        for one in entries:
            ref = text(one.item.ref)
            name = f'<a href="#{ref}">{ref}</a>'
            cells = f"<td>{name}</td><td>{text(one.item.shows)}</td><td>{_badge(one.status)}</td>"
            yield f"<tr>{cells}</tr>"
        yield "</table></div>"


def _section(one: Entry) -> Iterator[str]:
    item = one.item
    yield f'<h3 id="{text(item.ref)}">{text(item.ref)} {_badge(one.status)}</h3>'
    yield f"<p>{text(item.shows)}</p>"
    if one.remark:
        yield f'<p class="muted">{text(one.remark)}</p>'
    places = dict.fromkeys(need.where for need in item.data)
    if places and one.status == "not run":
        yield f'<p class="muted">data: {text("; ".join(places))}</p>'
    rows = [number for number in one.numbers if number.values]
    if rows:
        yield '<div class="wide"><table><tr><th>number</th><th class="n">paper</th>'
        yield '<th class="n">ours</th><th class="n"></th><th>status</th><th>evidence</th></tr>'
        yield from map(_number, rows)
        yield "</table></div>"
    if len(rows) < len(one.numbers):
        yield f'<p class="muted">{len(one.numbers) - len(rows)} numbers were not run.</p>'
    yield from _pictures(one)


def _number(number: Number) -> str:
    ours = f"{with_error(number)} {number.unit}".strip()
    evidence = ", ".join(number.evidence[:6]) + (", …" if len(number.evidence) > 6 else "")
    reason = f'<div class="muted">{text(number.explanation)}</div>' if number.explanation else ""
    return (
        f'<tr><td>{text(number.label)}</td><td class="n">{text(shown(number.paper))}</td>'
        f'<td class="n">{text(ours)}</td><td class="n">{text(percent(number))}</td>'
        f'<td>{_badge(number.status)}{reason}</td><td class="muted">{text(evidence)}</td></tr>'
    )


def _pictures(one: Entry) -> Iterator[str]:
    drawn = {style: differences(one.numbers, one.item.ref, style) for style in ("light", "dark")}
    if drawn["light"] is not None and drawn["dark"] is not None:
        alt = f"{one.item.ref}: ours over the paper's"
        yield _both(drawn["light"]._repr_png_(), drawn["dark"]._repr_png_(), alt)
    dark = {path.name: path for path in one.pictures if path.parent.name == "dark"}
    for path in one.pictures:
        if path.parent.name == "dark":
            continue
        other = dark.get(path.name) if path.parent.name == "light" else None
        alt = f"{one.item.ref}: {path.stem}"
        yield _both(path.read_bytes(), other.read_bytes() if other else None, alt)


def _both(light: bytes, dark: bytes | None, alt: str) -> str:
    kind = "data:image/png;base64,"
    uri = kind + base64.b64encode(light).decode("ascii")
    if dark is None:
        return f'<img class="plain" src="{uri}" alt="{text(alt)}">'
    other = kind + base64.b64encode(dark).decode("ascii")
    source = f'<source media="(prefers-color-scheme: dark)" srcset="{other}">'
    return f'<picture>{source}<img src="{uri}" alt="{text(alt)}"></picture>'


def write(folder: Path, entries: Sequence[Entry], title: str, table: str) -> tuple[Path, Path]:
    """Write ``index.html`` and ``table.md`` into a folder."""
    from matdata.store import files

    folder.mkdir(parents=True, exist_ok=True)
    written = (folder / "index.html", folder / "table.md")
    for path, content in zip(written, (page(entries, title), table), strict=True):
        with files.writing(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return written
