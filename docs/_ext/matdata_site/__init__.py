"""What the site has beside written pages: pages made from the registries, from files outside of
`docs/`, and links into the repository.

`generate` writes the pages of `docs/reference` (which git ignores) before Sphinx reads any.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata_site import (
    api_pages,
    command_pages,
    executing,
    gallery,
    kind_pages,
    paper_pages,
    repository,
)
from matdata_site.pages import Pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def generate(docs: Path) -> list[Path]:
    """Write all generated pages below a folder of documents; returns them."""
    pages = Pages(docs / "reference")
    kind_pages.write(pages)
    command_pages.write(pages)
    api_pages.write(pages)
    paper_pages.write(pages)
    repository.write(pages)
    return pages.finish()


def _on_start(app: Sphinx) -> None:
    generate(Path(app.srcdir))


def _on_source(app: Sphinx, name: str, source: list[str]) -> None:
    path = Path(app.env.doc2path(name))
    text = source[0]
    if "reference" not in path.relative_to(app.srcdir).parts[:1]:
        text = repository.relinked(text, path, Path(app.srcdir))
    source[0] = executing.announced(text, name)


def _short_navigation(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Open the branch of the page alone: all branches on all pages are most of the site's bytes."""
    whole = context["toctree"]
    context["toctree"] = lambda **options: whole(**{**options, "collapse": True})


def _on_end(app: Sphinx, error: Exception | None) -> None:
    """Show in the gallery what its pages drew; take away the executed notebooks that are left."""
    if error is None and app.builder.format == "html":
        gallery.fill(Path(app.outdir))
    shutil.rmtree(app.outdir.parent / "jupyter_execute", ignore_errors=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("builder-inited", _on_start)
    app.connect("source-read", _on_source)
    app.connect("html-page-context", _short_navigation, priority=400)  # before the theme's
    app.connect("build-finished", _on_end, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
