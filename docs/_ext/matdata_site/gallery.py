"""The gallery's index: beside each page the first picture that it drew, in light and dark."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

INDEX = "gallery/index.html"
WIDTH = 560  # pixels: twice that of a card
#: Where the index leaves room for the picture of a page.
_ROOM = re.compile(r'(<div class="thumbnail" data-page="([\w/-]+)">).*?(</div>)', re.DOTALL)
_PICTURE = re.compile(
    r'<img class="only-(light|dark)" alt="([^"]*)" src="data:image/png;base64,([^"]+)"'
)


def fill(site: Path) -> None:
    """Put small pictures into the index of a built site; pages that drew none stay without."""
    index = site / INDEX
    text = index.read_text(encoding="utf-8")
    filled = _ROOM.sub(lambda found: f"{found[1]}{_small(site, found[2])}{found[3]}", text)
    if filled != text:
        index.write_text(filled, encoding="utf-8")


def _small(site: Path, page: str) -> str:
    """The first picture of a page, small, once for each scheme."""
    first: dict[str, str] = {}
    for scheme, title, content in _PICTURE.findall((site / f"{page}.html").read_text("utf-8")):
        small = base64.b64encode(_shrunk(base64.b64decode(content))).decode("ascii")
        shown = f'<img class="only-{scheme}" alt="{title}" src="data:image/png;base64,{small}">'
        first.setdefault(scheme, shown)
        if len(first) == 2:
            break
    return "".join(first.values())


def _shrunk(content: bytes) -> bytes:
    """A PNG of at most `WIDTH` pixels, with as few colours as drawings have."""
    from PIL import Image

    picture = Image.open(io.BytesIO(content)).convert("RGB")
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.quantize(128).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
