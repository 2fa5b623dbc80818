"""Formats of the table of a ranking."""

from __future__ import annotations

TABLE, MATBENCH_DISCOVERY = "table", "matbench-discovery"
FORMATS = (TABLE, MATBENCH_DISCOVERY)
#: Endings of the names of submissions.
ENDINGS = (".csv", ".csv.gz")
