"""The figure that all pictures are: its background, axes, title, caption, and how it is written."""

from __future__ import annotations

import contextlib
import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from matdata.core.documents import JsonObject
from matdata.core.printable import printable
from matdata.figures.formats import require_format
from matdata.figures.styles import Style, style_of
from matdata.store import files

Float: TypeAlias = "npt.NDArray[np.float64]"
#: Pixels per inch, of files and in notebooks: hinted letters are up to a tenth wider or narrower at
#: another resolution than the layout was made for.
DPI = 150
TITLE, TEXT, SMALL, CAPTION = 10.5, 8.5, 7.5, 6.5  # points
WIDE, NARROW = (8.4, 4.3), (5.6, 4.4)  # inches: two axes, and one
PASSES = 3
PAD = 0.08  # inches around axes and texts
MOST = 400  # letters of a part of the caption
#: Width of a letter of the default font, of its size: for where long texts are cut.
LETTER = 0.62
REGULAR = 0.88  # width of letters that are not bold, of those
#: What makes two drawings of one figure the same bytes. Text of SVG stays text, which is searched
#: and edited, and of PDF TrueType, as journals ask for.
REPRODUCIBLE: Any = {"svg.hashsalt": "matdata", "svg.fonttype": "none", "pdf.fonttype": 42}


@dataclass(frozen=True)
class Look:
    """How a picture looks, and what it says it is.

    Attributes
    ----------
    style
        ``light`` or ``dark``.
    caption
        What it was made from, below it: run, data, split, licence.
    about
        The same by name, for the metadata of files.
    """

    style: str = "light"
    caption: Sequence[str] = ()
    about: Mapping[str, str] = field(default_factory=dict)


class Picture(Figure):
    """A matplotlib figure that shows itself in notebooks, and is written in the same bytes again.

    Parameters
    ----------
    size
        Width and height in inches.
    title
        Above all axes; cut where it is too long.
    look
        Style and caption.

    Raises
    ------
    ConfigError
        If the style is unknown.
    """

    def __init__(self, size: tuple[float, float], title: str, look: Look) -> None:
        self.colours: Style = style_of(look.style)
        layout = ConstrainedLayoutEngine(w_pad=PAD, h_pad=PAD)
        background = self.colours.background
        super().__init__(figsize=size, dpi=DPI, layout=layout, facecolor=background)
        FigureCanvasAgg(self)  # pyplot would look for a screen, and keep the figure
        self.about = {"title": title, **look.about}
        if title:
            shown = plain(title, letters_in(size[0], TITLE))
            self.suptitle(
                shown, x=0.02, ha="left", size=TITLE, weight="bold", color=self.colours.ink
            )
        if look.caption:
            self.supxlabel(
                _caption(look.caption, letters_in(size[0], CAPTION * REGULAR)),
                x=0.02,
                ha="left",
                size=CAPTION,
                color=self.colours.muted,
            )

    def settle(self) -> None:
        """Lay the picture out once: a layout that is laid out again moves, and so would bytes.

        Ticks follow the size of their axes, and that their labels, so it takes some passes.
        """
        if isinstance(self.get_layout_engine(), ConstrainedLayoutEngine):
            for _ in range(PASSES):
                self.draw_without_rendering()
            self.set_layout_engine("none")

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        buffer = io.BytesIO()
        with _letters_of_any_script():
            self.settle()
            self.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()

    def dress(self, axes: Axes) -> Axes:
        """Give axes the colours of the picture."""
        colours = self.colours
        axes.set_facecolor(colours.background)
        axes.set_prop_cycle(color=list(colours.cycle))
        axes.tick_params(which="both", colors=colours.ink, labelsize=SMALL)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set(color=colours.ink, size=TEXT)
        for text in (axes.xaxis.get_offset_text(), axes.yaxis.get_offset_text()):
            text.set(color=colours.ink, size=SMALL)
        axes.spines[:].set_color(colours.muted)
        return axes

    def panel(self, *place: Any, **how: Any) -> Axes:
        """New axes, as `Figure.add_subplot` places them."""
        return self.dress(self.add_subplot(*place, **how))

    def panels(self, columns: int, **how: Any) -> list[Axes]:
        """New axes beside each other."""
        (row,) = self.subplots(1, columns, squeeze=False, **how)
        return [self.dress(axes) for axes in row]

    def headline(self, axes: Axes, text: str) -> None:
        """A line above axes, from their left on."""
        axes.set_title(plain(text, 90), loc="left", color=self.colours.ink, size=TEXT)

    def legend_beside(self, axes: Axes, **how: Any) -> None:
        """A legend where it covers least, on a background of its own."""
        colours = self.colours
        axes.legend(
            facecolor=colours.background,
            edgecolor=colours.grid,
            labelcolor=colours.ink,
            fontsize=SMALL,
            framealpha=0.85,
            **how,
        )

    def colour_bar(self, shown: Any, label: str, **where: Any) -> Colorbar:
        """A colour bar with its label."""
        bar = self.colorbar(shown, **where)
        self.dress(bar.ax)
        bar.outline.set_edgecolor(self.colours.muted)  # type: ignore[operator]
        bar.set_label(plain(label, 60), color=self.colours.ink, size=TEXT)
        return bar

    def write(self, path: Path | str) -> Path:
        """Write the picture in the format that the name ends in, without date or place.

        Raises
        ------
        ConfigError
            If the ending stands for no format.
        StoreError
            If the file cannot be written.
        """
        path = Path(path)
        form = require_format(path)
        with (
            files.writing(path) as temporary,
            matplotlib.rc_context(REPRODUCIBLE),
            _letters_of_any_script(),
        ):
            self.settle()
            self.savefig(temporary, format=form, dpi=DPI, metadata=self._metadata(form))
        return path

    def _metadata(self, form: str) -> JsonObject:
        """Title, source and rights by the keys that a format has for them."""
        about = {name: str(text) for name, text in self.about.items() if text}
        words = "; ".join(f"{name}: {about[name]}" for name in about if name != "title")
        title = about.get("title", "")
        if form == "png":
            return {"Title": title, "Description": words, "Copyright": about.get("licence", "")}
        if form == "svg":
            licence = about.get("licence")
            return {"Date": None, "Title": title, "Description": words, "Rights": licence}
        return {"CreationDate": None, "Title": title, "Subject": words}


@contextlib.contextmanager
def _letters_of_any_script() -> Iterator[None]:
    """Draw names whose letters the font lacks as boxes, without a warning for each letter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def letters_in(inches: float, points: float) -> int:
    """How many letters of a size fit into a width."""
    return max(10, int(inches * 0.96 * 72 / (points * LETTER)))


def plain(text: object, length: int = 40) -> str:
    """One line of text of at most `length` letters, none of which is an instruction to draw."""
    shown = printable(text)
    shown = shown if len(shown) <= length else f"{shown[: length - 1]}…"
    return shown.replace("$", r"\$")


def counted(count: int, things: str) -> str:
    """``1 material``, ``2,000 materials``."""
    one = {
        "materials": "material", "entries": "entry", "classes": "class", "candidates": "candidate",
    }  # fmt: skip
    return f"{count:,} {one.get(things, things) if count == 1 else things}"


def draw_band(
    axes: Axes,
    x: Float,
    middle: Float,
    deviation: Float,
    label: str | None = "± one standard deviation",
    **how: Any,
) -> None:
    """Fill what is within a deviation of a curve, (n,) each; `how` has its colour and alpha."""
    axes.fill_between(x, middle - deviation, middle + deviation, linewidth=0, label=label, **how)


def integer_axis(axes: Axes, *names: str, most: int | Literal["auto"] = "auto") -> None:
    """Ticks at whole numbers only, of ``x``, ``y`` or both; at most so many intervals."""
    for name in names:
        axis = {"x": axes.xaxis, "y": axes.yaxis}[name]
        axis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _caption(parts: Sequence[str], width: int) -> str:
    """The parts on as few lines as they need, at most three."""
    lines = textwrap.wrap(" · ".join(plain(part, MOST) for part in parts if part), width)
    kept = lines[:3] if len(lines) <= 3 else [*lines[:2], f"{lines[2][: width - 1]}…"]
    return "\n".join(kept)
