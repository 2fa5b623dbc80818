"""What notebooks show of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matdata.core.html import card
from matdata.core.printable import short_value
from matdata.training.target import Target


def predictions_html(
    columns: Mapping[str, Sequence[Any]], targets: Sequence[Target], count: int, lost: int
) -> str:
    """The first predictions as a table.

    Parameters
    ----------
    columns
        Of the table, for the first materials.
    targets
        What is predicted.
    count, lost
        Numbers of materials with a prediction, and without.
    """
    units = [f"{target.name} in {target.unit}" for target in targets if target.unit != "1"]
    without = f"{_counted(lost)} without one: .rejects has the reasons" if lost else ""
    lines = [*units, without]
    empty = {name for name, cells in columns.items() if all(cell is None for cell in cells)}
    shown = {name: cells for name, cells in columns.items() if name not in empty}
    texts = [[short_value(cell, digits=4) for cell in cells] for cells in shown.values()]
    rows = zip(*texts, strict=True)
    title = f"Predictions of {_counted(count)}"
    return card(title, lines, list(shown), list(rows), count)


def _counted(count: int) -> str:
    return "1 material" if count == 1 else f"{count:,} materials"
