"""Reads the HTML of reports: which elements there are, and whether any of it was not escaped."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "input"}
#: Elements that reports are made of.
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "div", "header", "nav", "main", "footer",
    "section", "h1", "h2", "h3", "p", "a", "ol", "ul", "li", "dl", "dt", "dd", "table", "caption",
    "thead", "tbody", "tr", "th", "td", "code", "pre", "span", "strong", "figure", "figcaption",
    "details", "summary", "script", "svg", "rect", "text", "path", "line", "circle",
}  # fmt: skip


class Page(HTMLParser):
    """A page that was read; raises where an element is not closed by its own end.

    Parameters
    ----------
    text
        The file.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0
        self.words = ""
        self.labels = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.scripts += tag == "script"
        for key, value in attrs:
            self.attributes.add(key)
            if key == "aria-label":
                self.labels += f"{value} "
            if key == "href":
                self.links.append(value or "")
            if key == "id":
                self.ids.append(value or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1:] == [tag], (tag, self._open)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.words += f"{data} "


def require_sound(text: str) -> Page:
    """The page, which holds known elements alone, loads nothing, and leads nowhere else."""
    page = Page(text)
    assert page.elements <= ELEMENTS, page.elements - ELEMENTS
    assert not {key for key in page.attributes if key.startswith("on") or key == "src"}
    assert page.scripts == 1
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert "url(" not in text
    assert "@import" not in text
    assert len(text.encode()) < 1_000_000
    return page
