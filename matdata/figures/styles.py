"""Colours of pictures on a light and on a dark background, and inks that can be read on them."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.core.errors import ConfigError, did_you_mean

#: Least contrast of text and its background (WCAG 2.1, 1.4.3, level AA).
LEAST_CONTRAST = 4.5
BLACK, WHITE = "#000000", "#ffffff"


@dataclass(frozen=True)
class Style:
    """Colours of a picture, as ``#rrggbb``.

    Attributes
    ----------
    background, ink, muted
        Behind all; text and lines; captions and remarks.
    grid, empty
        Lines of grids; cells without a value.
    cycle
        Data, in order; distinct for the colour-blind (after Okabe and Ito 2008).
    sequential, diverging
        Names of matplotlib's colour maps for magnitudes, and for values on both sides of zero.
    """

    background: str
    ink: str
    muted: str
    grid: str
    empty: str
    cycle: tuple[str, ...]
    sequential: str = "viridis"
    diverging: str = "RdBu_r"


STYLES = {
    "light": Style(
        background="#ffffff",
        ink="#1a1a1a",
        muted="#595959",
        grid="#e0e0e0",
        empty="#f0f0f0",
        cycle=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#4f9fcf"),
    ),
    "dark": Style(
        background="#15171c",
        ink="#eceff4",
        muted="#a9b1bd",
        grid="#363b45",
        empty="#262a32",
        cycle=("#56b4e9", "#f0a030", "#3fc79a", "#f08fc0", "#ffd866", "#a9b8ff"),
    ),
}


def style_of(name: str) -> Style:
    """A style by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in STYLES:
        raise ConfigError(
            f"no style {str(name)!r} of pictures{did_you_mean(str(name), STYLES)}",
            next_step=f"styles: {', '.join(STYLES)}",
        )
    return STYLES[name]


def luminance(red: float, green: float, blue: float) -> float:
    """Relative luminance of an sRGB colour whose parts are 0 to 1 (WCAG 2.1, definitions)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    """Contrast of two relative luminances, 1 to 21 (WCAG 2.1, definitions)."""
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


def ink_on(red: float, green: float, blue: float) -> str:
    """Black or white, whichever contrasts more with a background; at least `LEAST_CONTRAST`."""
    behind = luminance(red, green, blue)
    return BLACK if contrast(behind, 0.0) >= contrast(behind, 1.0) else WHITE
