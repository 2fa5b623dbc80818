"""Write matdata/tables/magpie.csv from matminer's Magpie data and pymatgen's oxidation states.

Run it after a new matminer or pymatgen release, look at the difference, then put the new digest
that it prints into matdata/tables/magpie.py and raise the versions of the featurizers `magpie` and
`voronoi`. The licence of the data goes beside the table.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from importlib.metadata import distribution, version
from pathlib import Path

from matminer.featurizers.composition import ElementProperty
from matminer.utils.data import MagpieData
from pymatgen.core.periodic_table import Element

TARGET = Path(__file__).parents[1] / "matdata" / "tables" / "magpie.csv"


def licence() -> str:
    """The text of matminer's licence."""
    files = distribution("matminer").files or []
    path = next(path for path in files if path.name == "LICENSE")
    return path.read_text(encoding="utf-8")


def main() -> None:
    """Write the table and the licence, and print the table's digest."""
    properties = ElementProperty.from_preset("magpie").features
    data = MagpieData(impute_nan=False).all_elemental_props
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "symbol", *properties, "common_oxidation_states"])
    for number in range(1, 119):
        element = Element.from_Z(number)
        values = [data[name][element.symbol] for name in properties]
        written = ["" if math.isnan(x) else f"{x:.0f}" if x == int(x) else repr(x) for x in values]
        states = " ".join(str(state) for state in element.common_oxidation_states)
        writer.writerow([number, element.symbol, *written, states])
    TARGET.write_text(text.getvalue(), encoding="ascii")
    TARGET.with_suffix(".LICENSE").write_text(licence(), encoding="utf-8")
    print(f"matminer {version('matminer')}, pymatgen-core {version('pymatgen-core')}")
    print(hashlib.sha256(TARGET.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
