"""How reports look (``page.css``), in which colours, and the script that sorts and filters tables.

Colours are variables, so that pictures within the page follow it from light to dark. A printed page
is light, shows what is folded, and breaks between sections and rows.
"""

from __future__ import annotations

import functools
from importlib.resources import files

from matdata.figures.styles import STYLES, Style

#: By style the panels, and letters on strong and on middling colours.
_PANELS = {"light": "#f7f8fa", "dark": "#1c1f26"}
_ON = {"light": ("#ffffff", "#1a1a1a"), "dark": ("#101216", "#101216")}


@functools.cache
def css() -> str:
    """The style sheet."""
    light, dark = (_variables(name, STYLES[name]) for name in ("light", "dark"))
    colours = (
        f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
    )
    of_data = "".join(
        f"svg .f{k}{{fill:var(--c{k})}}"
        f"svg .l{k}{{stroke:var(--c{k});fill:none;stroke-width:2;stroke-linejoin:round}}\n"
        for k in range(1, 1 + len(STYLES["light"].cycle))
    )
    return f"{colours}{of_data}{_read('page.css')}"


@functools.cache
def script() -> str:
    """The script."""
    return _read("page.js")


def _read(name: str) -> str:
    return files("matdata.reports").joinpath(name).read_text(encoding="utf-8")


def _variables(name: str, style: Style) -> str:
    cycle = "".join(f"--c{k}:{colour};" for k, colour in enumerate(style.cycle, 1))
    strong, middling = _ON[name]
    return (
        f"color-scheme:{name};--bg:{style.background};--ink:{style.ink};--muted:{style.muted};"
        f"--grid:{style.grid};--empty:{style.empty};--panel:{_PANELS[name]};{cycle}"
        f"--on:{strong};--mid:{middling}"
    )
