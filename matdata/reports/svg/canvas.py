"""One picture: elements collected in order, and the axes that most pictures have."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from matdata.core.part_names import PARTS
from matdata.reports.markup import Html, escaped, join
from matdata.reports.svg.scale import Scale, place

LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 12.0, 44.0
#: Width of a letter of 12 pixels, at most, on average.
LETTER = 6.6
#: Width of a picture that small screens do not shrink further: they scroll in it.
WIDE = 560.0


class Canvas:
    """A picture that is drawn element by element.

    Parameters
    ----------
    width, height
        In pixels at its full size; it shrinks with the page.
    label
        What it shows, for those who do not see it.
    """

    def __init__(self, width: float, height: float, label: str) -> None:
        self.width, self.height = width, height
        self._label = label
        self._parts: list[Html] = []

    def add(self, name: str, class_: str = "", inside: object = "", **places: float) -> None:
        """An element; numbers are coordinates, names may hold underscores for dashes."""
        shown = "".join(
            f' {key.replace("_", "-")}="{place(value)}"' for key, value in places.items()
        )
        shown += f' class="{class_}"' if class_ else ""
        content = escaped(inside)
        end = f">{content}</{name}>" if content else "/>"
        self._parts.append(Html(f"<{name}{shown}{end}"))

    def rect(
        self, x: float, y: float, width: float, height: float, class_: str, hint: object = "",
        opacity: float | None = None,
    ) -> None:  # fmt: skip
        """A rectangle, whose `hint` a pointer shows."""
        faint = "" if opacity is None else f' fill-opacity="{opacity:.2f}"'
        inside = f"<title>{escaped(hint)}</title></rect>" if hint else ""
        self._parts.append(
            Html(
                f'<rect x="{place(x)}" y="{place(y)}" width="{place(max(width, 0))}" '
                f'height="{place(max(height, 0))}" class="{class_}"{faint}'
                + (f">{inside}" if inside else "/>")
            )
        )

    def text(
        self, x: float, y: float, content: object, class_: str = "", turn: bool = False
    ) -> None:
        """Letters at a place, `turn` from bottom to top."""
        turned = f' transform="rotate(-90 {place(x)} {place(y)})"' if turn else ""
        shown = f' class="{class_}"' if class_ else ""
        self._parts.append(
            Html(f'<text x="{place(x)}" y="{place(y)}"{shown}{turned}>{escaped(content)}</text>')
        )

    def turned(self, x: float, y: float, content: object, class_: str, degrees: float) -> None:
        """Letters around a place, turned clockwise."""
        self._parts.append(
            Html(
                f'<text class="{class_}" dy=".35em" transform="translate({place(x)} {place(y)}) '
                f'rotate({place(degrees)})">{escaped(content)}</text>'
            )
        )

    def path(
        self, points: Sequence[tuple[float, float]], class_: str, closed: bool = False,
        opacity: float | None = None,
    ) -> None:  # fmt: skip
        """A line through points."""
        if points:
            steps = "L".join(f"{place(x)} {place(y)}" for x, y in points)
            self.shape(f"M{steps}{'Z' if closed else ''}", class_, opacity=opacity)

    def shape(self, way: str, class_: str, hint: object = "", opacity: float | None = None) -> None:
        """A path in the language of SVG."""
        faint = "" if opacity is None else f' fill-opacity="{opacity:.2f}"'
        inside = f"><title>{escaped(hint)}</title></path>" if hint else "/>"
        self._parts.append(Html(f'<path d="{way}" class="{class_}"{faint}{inside}'))

    def html(self) -> Html:
        """The picture."""
        kind = ' class="wide"' if self.width > WIDE else ""
        return Html(
            f'<svg viewBox="0 0 {place(self.width)} {place(self.height)}"{kind} role="img" '
            f'aria-label="{escaped(self._label, 300)}" style="max-width:{place(self.width)}px">'
            f"{join(self._parts)}</svg>"
        )


class Plot(Canvas):
    """A picture with two axes.

    Parameters
    ----------
    width, height, label
        As of `Canvas`.
    x, y
        Numbers at the ends of the axes.
    x_title, y_title
        What they are, with units.
    names
        What the colours stand for, in their order: the legend above the axes.
    whole
        Whether only whole numbers are marked on the horizontal axis.
    """

    def __init__(
        self,
        width: float,
        height: float,
        label: str,
        x: tuple[float, float],
        y: tuple[float, float],
        x_title: str = "",
        y_title: str = "",
        names: Sequence[str] = (),
        whole: bool = False,
    ) -> None:
        super().__init__(width, height, label)
        self.top = TOP + (20.0 if names else 0.0)
        self.x = Scale(*x, LEFT, width - RIGHT, whole)
        self.y = Scale(*y, height - BOTTOM, self.top)
        self.axes(x_title, y_title)
        self._legend(names)

    def axes(self, x_title: str, y_title: str) -> None:
        """Grid, marks and titles."""
        base = self.height - BOTTOM
        for value, text in self.y.marks(4):
            self.add(
                "line", "g", x1=LEFT, x2=self.width - RIGHT, y1=self.y(value), y2=self.y(value)
            )
            self.text(LEFT - 7, self.y(value) + 4, text, "m e")
        last = -1e9
        for value, text in self.x.marks(6):
            at, half = self.x(value), text_width(text) / 2
            self.add("line", "a", x1=at, x2=at, y1=base, y2=base + 4)
            if at - half > last + 4:
                self.text(min(at, self.width - half), base + 17, text, "m c")
                last = at + half
        self.add("line", "a", x1=LEFT, x2=self.width - RIGHT, y1=base, y2=base)
        self.text(
            (LEFT + self.width - RIGHT) / 2,
            self.height - 7,
            shortened(x_title, self.width - LEFT),
            "c",
        )
        if y_title:
            middle = (self.top + base) / 2
            self.text(13, middle, shortened(y_title, base - self.top + 40), "c", turn=True)

    def line(self, xs: Sequence[float], ys: Sequence[float], class_: str) -> None:
        """A line through points in the numbers of the axes."""
        points = [(self.x(a), self.y(b)) for a, b in zip(xs, ys, strict=True)]
        self.path(points, class_)

    def _legend(self, names: Sequence[str]) -> None:
        """Colours and what they stand for, in one line that fits."""
        width = self.width - LEFT - RIGHT
        fits = sum(text_width(name) + 38 for name in names) <= width + 20
        x = LEFT
        for k, name in enumerate(names, 1):
            shown = name if fits else shortened(name, width / len(names) - 34)
            self.add("rect", f"f{colour_of(name, k)}", x=x, y=6, width=14, height=10)
            self.text(x + 19, 15, shown)
            x += text_width(shown) + 38


def colour_of(name: str, place: int) -> int:
    """Number of the colour of what is the `place`-th, from 1; parts of a split have their own."""
    return 1 + PARTS.index(name) if name in PARTS else place


def text_width(text: str, letter: float = LETTER) -> float:
    """About how wide a text is; letters of East Asian scripts count twice."""
    wide = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
    return letter * wide


def shortened(text: str, width: float, letter: float = LETTER) -> str:
    """A text that fits into a width, its end cut off where it is too long."""
    if text_width(text, letter) <= width:
        return text
    room = int(width / letter) - 1
    shown = text[: max(room, 1)]
    while text_width(shown, letter) > max(room, 1) * letter:
        shown = shown[:-1]
    return f"{shown}…"
