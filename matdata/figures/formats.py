"""Formats that pictures are written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import ending_of
from matdata.core.settings import Settings, setting
from matdata.figures.styles import STYLES

FORMATS = ("png", "svg", "pdf")
ENDINGS = tuple(f".{form}" for form in FORMATS)


def require_format(path: Path | str) -> str:
    """The format that a file's name ends in.

    Raises
    ------
    ConfigError
        If it ends in none of `FORMATS`.
    """
    return ending_of(path, ENDINGS, "a picture").removeprefix(".")


def require_formats(names: Iterable[str]) -> tuple[str, ...]:
    """Formats by their names, each once.

    Raises
    ------
    ConfigError
        If one is unknown, or there is none.
    """
    chosen = tuple(dict.fromkeys(name.strip().lower().removeprefix(".") for name in names))
    for name in chosen or ("",):
        if name not in FORMATS:
            raise ConfigError(
                f"no format {name!r} of pictures{did_you_mean(name, FORMATS)}",
                next_step=f"formats: {', '.join(FORMATS)}",
            )
    return chosen


@dataclass(frozen=True)
class PictureSettings(Settings):
    """How pictures are written."""

    format: tuple[str, ...] = setting(("png",), "formats of pictures: png, svg, pdf, or several")
    style: str = setting("light", "colours of pictures", choices=tuple(STYLES))

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "format", require_formats(self.format))
