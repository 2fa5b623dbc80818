"""The funnel as a table of filters and numbers (Goodall 2022, tables 6.1 to 6.3), and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, StoreError
from matdata.core.packages import needed_for
from matdata.core.printable import printable

FULL = "Full data set"
PICTURES = (".png", ".svg", ".pdf")
BAR_INCHES = 0.45  # height of one bar


def table(steps: Sequence[JsonMapping]) -> list[JsonObject]:
    """Rows of the table: the filter, the number of records left, and the reasons for the others."""
    if not steps:
        return []
    rows: list[JsonObject] = [{"filter": FULL, "number": steps[0]["entered"], "removed": {}}]
    for step in steps:
        name = str(step["step"])
        title = name[:1].upper() + name[1:]
        rows.append({"filter": title, "number": step["kept"], "removed": dict(step["removed"])})
    return rows


def table_lines(steps: Sequence[JsonMapping]) -> list[str]:
    """The table as text, numbers aligned on the right."""
    rows = [(printable(row["filter"]), f"{row['number']:,}") for row in table(steps)]
    rows = [("Filter", "Number"), *rows]
    left = max(len(name) for name, _ in rows)
    right = max(len(number) for _, number in rows)
    lines = [f"{name:<{left}}  {number:>{right}}" for name, number in rows]
    return [lines[0], "-" * (left + right + 2), *lines[1:]]


def draw(steps: Sequence[JsonMapping], path: Path, title: str) -> None:
    """Plot the funnel as bars, one per row of the table.

    Parameters
    ----------
    steps
        Steps of the funnel.
    path
        Picture to write; its suffix sets the format.
    title
        Title above the bars.

    Raises
    ------
    ConfigError
        If the suffix is not one of `PICTURES`, or matplotlib is not installed.
    StoreError
        If the picture cannot be written.
    """
    if path.suffix.lower() not in PICTURES:
        raise ConfigError(
            f"cannot draw {path.name}: unknown kind of picture",
            next_step=f"name it with one of: {', '.join(PICTURES)}",
        )
    figure = _figure(table(steps)[::-1], title)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}",
            next_step="choose another path with --output",
        ) from error


def _figure(rows: Sequence[JsonMapping], title: str) -> Any:
    """The matplotlib figure of the bars, from the bottom to the top."""
    with needed_for("a picture", "leave out --output"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    figure = Figure(figsize=(9.0, 1.2 + BAR_INCHES * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)  # pyplot would look for a screen
    axes = figure.add_subplot()
    bars = axes.barh([row["filter"] for row in rows], [row["number"] for row in rows])
    axes.bar_label(bars, labels=[f"{row['number']:,}" for row in rows], padding=3)
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(title=title, xlabel="records")
    return figure
