"""The funnel as a table of filters and numbers (Goodall 2022, tables 6.1 to 6.3)."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.printable import printable

FULL = "Full data set"


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
