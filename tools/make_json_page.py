"""Writes docs/json.md, the page on what commands print with ``--json``."""

from __future__ import annotations

from pathlib import Path

from matdata.cli.json_documents import COMMON, SCHEMAS
from matdata.cli.json_schema import page


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "json.md"
    path.write_text(page(SCHEMAS, COMMON), encoding="utf-8")


if __name__ == "__main__":
    main()
