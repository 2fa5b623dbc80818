"""Write matdata/tables/elements.csv from pymatgen's periodic table.

Run it after a new pymatgen release, look at the difference, then put the new digest that it
prints into matdata/core/elements.py.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from importlib.metadata import version
from pathlib import Path

from pymatgen.core.periodic_table import Element

TARGET = Path(__file__).parents[1] / "matdata" / "tables" / "elements.csv"


def main() -> None:
    """Write the table and print its digest."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["number", "symbol", "mass", "electronegativity", "row", "group", "block", "configuration"]
    )
    for number in range(1, 119):
        element = Element.from_Z(number)
        x = element.X
        try:
            shells = ".".join(f"{n}{l}{k}" for n, l, k in element.full_electronic_structure)
        except (ValueError, AttributeError, KeyError):
            shells = ""
        writer.writerow(
            [
                number,
                element.symbol,
                float(element.atomic_mass),
                "" if x is None or math.isnan(x) else float(x),
                element.row,
                element.group,
                element.block,
                shells,
            ]
        )
    TARGET.write_text(text.getvalue(), encoding="ascii")
    print(f"pymatgen-core {version('pymatgen-core')}")
    print(hashlib.sha256(TARGET.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
