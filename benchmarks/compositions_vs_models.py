"""Composition inputs: matdata beside what models' own packages compute, one process, one thread.

Needs the dependency group ``bench``. From formulas, parsing included on both sides, to the arrays
that a model reads:

- ``composition-set`` beside aviary's `CompositionData` (Roost), item by item, tensors included;
- ``edm`` beside crabnet's `get_edm`;
- ``fractions`` beside matminer's `ElementFraction`, ``element:mat2vec`` beside a look-up of each
  element in the table by symbol with pymatgen's parser, ``formula-graph`` beside pymatgen's integer
  formulas, since no package offers them.

Parsing is also timed alone, and the ratio without it printed: a dataset parses each formula once.

    python benchmarks/compositions_vs_models.py
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from timing import best, public

import numpy as np

from matdata.core.composition import Compositions, parse_formula
from matdata.features import featurizer
from matdata.plugin import Dense, Featurizer
from matdata.tables import element_vectors

SLOTS = 12


def read(path: Path, column: str, limit: int) -> list[str]:
    """Formulas of a compressed CSV."""
    with gzip.open(path, "rt", newline="") as file:
        return [row[column] for row in csv.DictReader(file)][:limit]


def parse(formulas: Sequence[str]) -> Compositions:
    """Formulas as columns."""
    return Compositions.from_amounts(formulas, [parse_formula(text) for text in formulas])


def roost(formulas: Sequence[str]) -> list[object]:
    """aviary's items; a new data set each time, since items are cached."""
    import pandas as pd
    from aviary.roost.data import CompositionData

    frame = {"composition": formulas, "material_id": range(len(formulas)), "y": 0.0}
    data = CompositionData(pd.DataFrame(frame), {"y": "regression"})
    return [data[row] for row in range(len(data))]


def crabnet(formulas: Sequence[str]) -> object:
    """crabnet's matrices."""
    import pandas as pd
    from crabnet.utils.utils import get_edm

    frame = pd.DataFrame({"formula": formulas, "target": 0.0})
    return get_edm(frame, n_elements=SLOTS, inference=True, verbose=False)


def element_fraction(formulas: Sequence[str]) -> object:
    """matminer's fractions."""
    from matminer.featurizers.composition.element import ElementFraction
    from pymatgen.core import Composition

    oracle = ElementFraction()
    return np.array([oracle.featurize(Composition(text)) for text in formulas])


def look_up(formulas: Sequence[str]) -> object:
    """Vectors of the elements of each formula, by symbol."""
    from pymatgen.core import Composition

    table = element_vectors.vectors("mat2vec")
    return [np.stack([table[e.Z] for e in Composition(text)]) for text in formulas]


def integer(formulas: Sequence[str]) -> object:
    """pymatgen's integer formulas as lists of atomic numbers."""
    from pymatgen.core import Composition

    numbers = []
    for text in formulas:
        formula, _ = Composition(text).get_integer_formula_and_factor(max_denominator=100)
        amounts = Composition(formula).items()
        numbers.append([e.Z for e, n in amounts for _ in range(int(n))])
    return numbers


SIDES: dict[str, tuple[str, dict[str, object], Callable[[Sequence[str]], object]]] = {
    "composition-set": ("aviary Roost", {}, roost),
    "edm": ("crabnet get_edm", {"length": SLOTS}, crabnet),
    "fractions": ("matminer ElementFraction", {}, element_fraction),
    "element:mat2vec": ("pymatgen and a table", {"per": "element"}, look_up),
    "formula-graph": ("pymatgen", {"max_atoms": 2000}, integer),
}


def _expanded(feature: Featurizer, batch: Compositions) -> Dense:
    return feature.dense(feature.featurize(batch).fields)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = public("roost/expt-non-metals.csv.gz")
    parser.add_argument("--data", type=Path, default=default, help="CSV (gzip) of formulas")
    parser.add_argument("--column", default="composition", help="column of the formulas")
    parser.add_argument("--limit", type=int, default=20000, help="most formulas to read")
    parser.add_argument("--sample", type=int, default=1000, help="formulas for the other side")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"no such file: {options.data}", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    formulas = read(options.data, options.column, options.limit)
    batch, count = parse(formulas), len(formulas)
    chosen = np.linspace(0, count - 1, min(options.sample, count)).astype(int)
    sample = [formulas[k] for k in chosen]
    parsing = best(lambda: parse(formulas)) / count
    print(f"{count} formulas from {options.data.name}; parsing {parsing * 1e6:.2f} µs per formula")
    for spec, (name, settings, other) in SIDES.items():
        feature = featurizer(spec, settings)
        ours = best(partial(_expanded, feature, batch)) / count
        other(sample[:10])
        times = []
        for _ in range(3):
            start = time.perf_counter()
            other(sample)
            times.append(time.perf_counter() - start)
        theirs = min(times) / len(sample)
        print(
            f"{spec:16} {ours * 1e6:7.2f} µs   {name:24} {theirs * 1e6:8.1f} µs   RATIO "
            f"{theirs / (ours + parsing):6.1f} with parsing, {theirs / ours:7.1f} ours without",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
