"""What any model of products of reactions must beat: the thesis's null model (ch. 5).

python -m matdata_recipes.reaction_null reactions --split 80-20-seed0

The product holds every element of the precursors, and oxygen; the amount of each is its mean
fraction in the training products that hold it, made to sum to one; this also where the elements of
the product are known. `--no-oxygen` holds oxygen only
where a precursor does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import matdata as md
from matdata.core.elements import N_ELEMENTS
from matdata.core.errors import ConfigError
from matdata.core.formula import parse_formula
from matdata.training.scores.set_metrics import multi_label, shares
from matdata_recipes.script import printing_errors

Float = npt.NDArray[np.float64]
OXYGEN = 8


def in_precursors(cells: Sequence[Any], oxygen: bool) -> Float:
    """1 for each element of the precursors of each reaction, else 0, (n, 118)."""
    present = np.zeros((len(cells), N_ELEMENTS))
    for row, precursors in enumerate(cells):
        for one in precursors:
            present[row, [number - 1 for number in parse_formula(one["formula"])]] = 1.0
    if oxygen:
        present[:, OXYGEN - 1] = 1.0
    return present


def amounts(present: Float, train: Float) -> Float:
    """Fractions (n, 118) of the elements that are present, by their means in training products
    (m, 118) that hold them; equal ones where no training product holds any of them.
    """
    holds = train > 0
    mean = train.sum(0) / np.maximum(holds.sum(0), 1)
    raw = present * mean
    total = raw.sum(1, keepdims=True)
    raw = np.where(total > 0, raw, present)
    fractions: Float = raw / raw.sum(1, keepdims=True)
    return fractions


@dataclass(frozen=True, eq=False)
class Null:
    """The null model on the test part, (n, 118) each.

    Attributes
    ----------
    true, real
        Atomic fractions of the products, and 1 for each of their elements.
    present, amounts
        Elements and amounts that it predicts.
    amounts_of_true
        Amounts that it predicts where the elements are given.
    """

    true: Float
    real: Float
    present: Float
    amounts: Float
    amounts_of_true: Float


def scores(dataset: Any, split: str, oxygen: bool) -> dict[str, dict[str, float]]:
    """Scores of elements, of amounts, and of amounts of the true elements; raises as `null_of`."""
    found = null_of(dataset, split, oxygen)
    return {
        "elements": multi_label(found.real, found.present),
        "amounts": shares(found.true, found.amounts),
        "amounts of the true elements": shares(found.true, found.amounts_of_true),
    }


def null_of(dataset: Any, split: str, oxygen: bool = True) -> Null:
    """What the null model predicts for the test part.

    Raises
    ------
    MatdataError
        If there is no such split, it has no test part, or the dataset has no reactions.
    """
    for name in ("precursors", "product_fractions"):
        dataset.require_column(name)
    saved = dataset.load_split(split)[0]
    part = dict(zip(saved["material_id"], saved["part"], strict=True))
    parts = np.array([part.get(one, "none") for one in dataset.ids.tolist()])
    if not (parts == "test").any() or not (parts == "train").any():
        raise ConfigError(f"split {split!r} has no test or no train part")
    true = np.array(list(dataset.columns["product_fractions"]), dtype=np.float64)
    test = parts == "test"
    cells = [one for one, asked in zip(dataset.columns["precursors"], test, strict=True) if asked]
    present = in_precursors(cells, oxygen)
    real, train = (true[test] > 0).astype(float), true[parts == "train"]
    return Null(true[test], real, present, amounts(present, train), amounts(real, train))


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the scores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("--split", required=True, metavar="NAME")
    parser.add_argument("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    parser.add_argument("--no-oxygen", action="store_true", help="none from the air")
    given = parser.parse_args(arguments)
    dataset = md.open(given.dataset, cache=given.cache)
    found = scores(dataset, given.split, not given.no_oxygen)
    for name, values in found.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in values.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
