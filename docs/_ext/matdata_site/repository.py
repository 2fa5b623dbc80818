"""Pages from files outside of `docs/`, and links from pages into the repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

from matdata_site.pages import ROOT, Pages, toctree

DOCS = ROOT / "docs"
#: Files of the repository that are pages of the site.
HOMES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "reference/project/architecture.md",
    "CONTRIBUTING.md": "reference/project/contributing.md",
    "CHANGELOG.md": "reference/project/changelog.md",
    "recipes": "recipes.md",
    "plugins": "reference/plugins/index.md",
    "docs/notebooks": "gallery/index.md",
    "docs/design": "design/README.md",
}
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)\s]+)(?=\))")


def plugins() -> list[str]:
    """Folders of the plugins, by name."""
    return sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())


def home_of(path: Path) -> Path | None:
    """The page that a file or folder of the repository is; None if it is none."""
    relative = path.relative_to(ROOT).as_posix()
    plugin = re.fullmatch(r"plugins/([\w-]+)(/README\.md)?", relative)
    if plugin:
        return DOCS / "reference" / "plugins" / f"{plugin[1]}.md"
    return DOCS / HOMES[relative] if relative in HOMES else None


def relinked(text: str, source: Path, base: Path, page: Path | None = None) -> str:
    """Text whose links to files of the repository lead to their pages.

    A link to a file that is no page stays one: Sphinx offers it for download, and warns where there
    is none. One to a folder that is no page is refused.

    Parameters
    ----------
    text
        Markdown.
    source
        Where it stands.
    base
        The folder of documents that is built.
    page
        Where it will stand; at `source` if not given.

    Raises
    ------
    ValueError
        If a link leads to no file of the repository, or to a folder.
    """
    page = page or source

    def new(match: re.Match[str]) -> str:
        target, hash_, anchor = match[1].partition("#")
        path = (source.parent / target).resolve()
        if not path.is_relative_to(ROOT) or not path.exists():
            raise ValueError(
                f"{source.relative_to(ROOT)} links to {match[1]}, which does not exist"
            )
        home = home_of(path) or path
        if home.is_dir():
            raise ValueError(f"{source.relative_to(ROOT)} links to the folder {match[1]}")
        return os.path.relpath(home, page.parent) + hash_ + anchor

    return _LINK.sub(new, text)


def write(pages: Pages) -> None:
    """Write the pages of ARCHITECTURE.md, CONTRIBUTING.md, CHANGELOG.md and of the plugins."""
    for name, home in HOMES.items():
        if home.startswith("reference/project/"):
            _copy(pages, ROOT / name, home.removeprefix("reference/").removesuffix(".md"))
    names = plugins()
    for name in names:
        _copy(pages, ROOT / "plugins" / name / "README.md", f"plugins/{name}")
    listed = "\n".join(f"- [{name}]({name}.md)" for name in names)
    said = "Distributions of this repository that bring trainers, features and importers."
    pages.write("plugins/index", f"# Plugins\n\n{said}\n\n{listed}\n\n{toctree(names)}")


def _copy(pages: Pages, source: Path, name: str) -> None:
    page = pages.folder / f"{name}.md"
    pages.write(name, relinked(source.read_text(encoding="utf-8"), source, DOCS, page))
