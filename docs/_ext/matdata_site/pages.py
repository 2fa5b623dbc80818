"""A folder of generated pages, and the pieces of Markdown that they are made of."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
#: What Markdown would take for a mark, outside of `code`.
_SPECIAL = re.compile(r"([\\*_<>\[\]|{}#~])")


class Pages:
    """Writes pages that changed, and takes away those that are made no more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: list[Path] = []

    def write(self, name: str, text: str) -> None:
        """Write ``name.md``; a page that says the same already keeps its time."""
        path = self.folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text.rstrip() + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        self._written.append(path)

    def finish(self) -> list[Path]:
        """Remove other pages; returns those that were written."""
        for path in set(self.folder.rglob("*.md")) - set(self._written):
            path.unlink()
        return self._written


def escaped(text: str) -> str:
    """Plain text as Markdown; what stands between backticks stays code."""
    parts = re.split(r"(``?[^`]+``?)", " ".join(str(text).split()))
    shown = [one if k % 2 else _SPECIAL.sub(r"\\\1", one) for k, one in enumerate(parts)]
    return "".join(shown)


def code(value: object) -> str:
    """A value as code; nothing for an empty text."""
    text = "none" if value is None else str(value)
    if isinstance(value, bool):
        text = text.lower()
    if isinstance(value, (tuple, list)):
        text = ", ".join(map(str, value)) or "none"
    return f"`{text}`" if text.strip() else "(empty)"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; its cells are Markdown already."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = [re.sub(r"(?<!\\)\|", r"\\|", " ".join(cell.splitlines())) for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def prose(thing: object) -> str:
    """What a docstring says before its sections, as reStructuredText within Markdown."""
    text = inspect.getdoc(thing) or ""
    said = re.split(r"\n\n?[A-Z]\w[\w ]*\n-{3,}", text)[0].strip()
    return f"```{{eval-rst}}\n{said}\n```" if said else ""


def first_line(thing: object) -> str:
    """The first sentence of a docstring, as Markdown."""
    said = (inspect.getdoc(thing) or "").split("\n\n")[0]
    return escaped(re.sub(r"``([^`]+)``", r"`\1`", said))


def settings_table(settings: Any, prefix: str) -> str:
    """Names, defaults and meanings of a `Settings` class; a sentence where it has none."""
    rows = [
        (code(f"{prefix}{name}"), code(default), escaped(meaning))
        for name, default, meaning in settings.describe()
        if name != "variant"
    ]
    return table(("setting", "default", "meaning"), rows) if rows else "It takes no settings."


def plugin_link(distribution: str) -> str:
    """A distribution, with a link from a page of a kind to that of the plugin if it has one."""
    plugin = distribution.removeprefix("matdata-")
    has_page = (ROOT / "plugins" / plugin / "README.md").is_file()
    return f"[{distribution}](../plugins/{plugin}.md)" if has_page else code(distribution)


def toctree(names: Iterable[str], hidden: bool = True) -> str:
    """A table of contents of pages."""
    option = ":hidden:\n" if hidden else ""
    return "```{toctree}\n" + option + "\n" + "\n".join(names) + "\n```"
