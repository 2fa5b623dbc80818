"""Named reactions of R. E. A. Goodall's thesis (section 5.5): predictions, and what they rest on.

python -m matdata_recipes.reaction_examples --run graph-10-reduced-seed0-amounts

Of each reaction the predicted product with its uncertainty, its distance from the product that the
thesis names, and the training reactions that are most similar. The run is one of amounts, of
`python -m matdata_recipes.reaction_tables` or `matdata train-reactions`. Precursors and operations
are those of the release; reactions of it with the same precursors and product that the run was
trained on are counted, and are no neighbours: the thesis shows other ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import matdata as md
from matdata.plugin import ConfigError, formula_of, parse_formula, reduced_formula
from matdata_recipes.script import printing_errors

AMOUNTS = "product_fractions"
DIGITS = 3


@dataclass(frozen=True)
class Example:
    """A reaction.

    Attributes
    ----------
    name, query
        What it is called, and its precursors and operations.
    product
        Its product, as the thesis says.
    distances
        L1 and L2 of the thesis's prediction; None where it prints none.
    remark
        What the thesis says of it.
    """

    name: str
    query: str
    product: str
    distances: tuple[float, float] | None
    remark: str


EXAMPLES = (
    Example(
        *("NaNiO2 (5.5)", "0.5 Na2O2 + NiO @ mix heat", "NaNiO2", (0.015, 0.0096)),
        "neighbours are AMO2 from peroxides: NaFeO2 of Na2O2 and Fe3O4, LiCoO2 of Li2O2 and Co3O4",
    ),
    Example(
        *("columbite (5.6)", "Nb2O3 + NiO @ heat mix heat", "NiNb2O6", (0.036, 0.022)),
        "precursors are oxidised by air; neighbours are Y-Ta oxides of Ta2O3",
    ),
    Example(
        *("Na3CoO2 (5.7)", "1.5 Na2CO3 + 0.3333 Co3O4 @ dry heat", "Na3CoO2", None),
        "wrong and certain: Na 0.1985, Co 0.2692, O 0.5323 is predicted, and the paper reports "
        "NaxCoO2; neighbours are Na0.75CoO2 and NaCoO2 of the same precursors",
    ),
    Example(
        "manganite (5.8)",
        "0.3 La2O3 + 0.15 CaCO3 + 0.2 BaCO3 + MnO2 @ mix heat",
        *("La0.6Ca0.15Ba0.2MnO3", (0.017, 0.0082)),
        "the release has a product that was read wrongly; this is the one of the paper, and the "
        "precursors are the usual ones: the text does not have them",
    ),
)


def fractions(formula: str) -> dict[int, float]:
    """Atomic fractions by atomic number."""
    amounts = parse_formula(formula)
    total = sum(amounts.values())
    return {number: amount / total for number, amount in amounts.items()}


def distances(product: str, predicted: Sequence[float]) -> tuple[float, float]:
    """L1 and L2 of predicted fractions by atomic number from 1."""
    true = np.zeros(len(predicted))
    for number, share in fractions(product).items():
        true[number - 1] = share
    difference = np.array(predicted) - true
    return float(np.abs(difference).sum()), float(np.sqrt((difference**2).sum()))


def _precursors(text: str) -> frozenset[str]:
    """Reduced formulas of the precursors of a query."""
    terms = text.partition("@")[0].split("+")
    return frozenset(reduced_formula(parse_formula(term.split()[-1])) for term in terms)


def _is_same(example: Example, neighbour: Mapping[str, Any]) -> bool:
    """Whether a training reaction has the precursors and the product of an example."""
    own = {reduced_formula(parse_formula(one["formula"])) for one in neighbour["precursors"]}
    product = reduced_formula(parse_formula(example.product))
    return own == _precursors(example.query) and product == neighbour["formula"]


def _shown(neighbour: Mapping[str, Any]) -> str:
    terms = [f"{one['amount'] or 1:.3g} {one['formula']}" for one in neighbour["precursors"]]
    left = " + ".join(terms)
    return f"{neighbour['similarity']:.2%}  {left} -> {neighbour['formula']}  {neighbour['doi']}"


def lines(example: Example, found: Mapping[str, Any], top: int) -> list[str]:
    """What is printed of an example."""
    shares = found[f"prediction_{AMOUNTS}_mean"]
    rounded = {n: round(share, DIGITS) for n, share in enumerate(shares, 1)}
    shown = formula_of({n: share for n, share in rounded.items() if share > 0})
    spread = found.get(f"prediction_{AMOUNTS}_epistemic")
    certain = "" if spread is None else f" ± {float(np.linalg.norm(spread)):.2g}"
    l1, l2 = distances(example.product, shares)
    paper = ""
    if example.distances is not None:
        paper = f" (thesis {example.distances[0]:g}, {example.distances[1]:g})"
    same = [one for one in found["neighbours"] if _is_same(example, one)]
    others = [one for one in found["neighbours"] if not _is_same(example, one)][:top]
    return [
        f"{example.name}: {example.query} -> {example.product}",
        f"  predicted {shown}{certain}; L1 {l1:.3f}, L2 {l2:.4f}{paper}",
        f"  trained on {len(same)} reactions with these precursors and this product",
        *(f"  {_shown(one)}" for one in others),
        f"  thesis: {example.remark}",
    ]


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print all examples."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, metavar="NAME", help="a run of amounts")
    parser.add_argument("--top", type=int, default=3, metavar="N", help="similar reactions of each")
    parser.add_argument("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    given = parser.parse_args(arguments)
    if given.top < 1:
        raise ConfigError("--top is at least 1")
    queries = [one.query for one in EXAMPLES]
    options: dict[str, Any] = {"top": given.top + 20, "columns": ["precursors", "doi"]}
    neighbours = md.nearest(given.run, queries, cache=given.cache, combine="mean", **options)
    found = {one["query"]: one for one in neighbours.records()}
    for example in EXAMPLES:
        if example.query in found:
            print("\n".join(lines(example, found[example.query], given.top)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
