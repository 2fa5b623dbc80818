"""Composition attributes: matdata against matminer, same formulas, one process, one thread.

matminer's featurizers are called one formula after another, without its process pool, which forks
for every few formulas and only adds to the time.

    python benchmarks/magpie_vs_matminer.py --data expt-non-metals.csv.gz
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import time
import warnings
from pathlib import Path

from timing import best, public

import numpy as np

from matdata.core.composition import Compositions, parse_formula
from matdata.features import featurizer


def read(path: Path, column: str, limit: int) -> list[str]:
    """Formulas of a CSV column."""
    with gzip.open(path, "rt", newline="") as file:
        return [row[column] for row in csv.DictReader(file)][:limit]


def matminer(formulas: list[str]) -> tuple[np.ndarray, float, float]:
    """Attributes, and seconds per formula to parse and to featurize."""
    from matminer.featurizers import composition
    from matminer.featurizers.base import MultipleFeaturizer
    from pymatgen.core import Composition

    oracle = MultipleFeaturizer(
        [
            composition.Stoichiometry(),
            composition.ElementProperty.from_preset("magpie"),
            composition.ValenceOrbital(props=["frac"]),
            composition.IonProperty(fast=True),
        ]
    )
    oracle.featurize(Composition(formulas[0]))
    start = time.perf_counter()
    parsed = [Composition(formula) for formula in formulas]
    middle = time.perf_counter()
    rows = [oracle.featurize(entry) for entry in parsed]
    end = time.perf_counter()
    count = len(formulas)
    return np.array(rows, dtype=float), (middle - start) / count, (end - middle) / count


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = public("roost/expt-non-metals.csv.gz")
    parser.add_argument("--data", type=Path, default=default, help="CSV (gzip) of formulas")
    parser.add_argument("--column", default="composition", help="column of the formulas")
    parser.add_argument("--limit", type=int, default=20000, help="most formulas to read")
    parser.add_argument("--sample", type=int, default=1500, help="formulas for matminer")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"no such file: {options.data}", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    formulas = read(options.data, options.column, options.limit)
    count, feature = len(formulas), featurizer("magpie")

    def parse() -> Compositions:
        return Compositions.from_amounts(formulas, [parse_formula(text) for text in formulas])

    batch = parse()

    def attributes() -> np.ndarray:
        return np.asarray(feature.dense(feature.featurize(batch).fields))

    rows = attributes()
    parsing, ours = best(parse) / count, best(attributes) / count
    chosen = np.linspace(0, count - 1, min(options.sample, count)).astype(int)
    expected, their_parsing, theirs = matminer([formulas[k] for k in chosen])
    np.testing.assert_allclose(rows[chosen], expected, rtol=1e-6, atol=1e-9)
    print(f"{count} formulas from {options.data.name}; {len(chosen)} of them equal in matminer")
    print(f"matdata   parse {parsing * 1e6:8.2f}   featurize {ours * 1e6:8.2f} µs per formula")
    print(
        f"matminer  parse {their_parsing * 1e6:8.2f}   featurize {theirs * 1e6:8.2f} µs per formula"
    )
    print(f"RATIO without parsing {theirs / ours:8.0f}")
    print(f"RATIO with parsing    {(theirs + their_parsing) / (ours + parsing):8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
