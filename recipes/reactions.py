"""Solid-state reactions: 16,231 with up to ten precursors, 11,083 with up to three (Goodall 2022).

python recipes/reactions.py --from solid-state_dataset_2019-12-03.json.xz

Thesis, appendix A.2: "Reactions with non-stoichiometric or organic precursors and targets, and
reactions with pure products or only one precursor were removed", then split 80:20. What makes an
amount non-stoichiometric or a compound organic is not said; `_check_material` and `is_organic`
say how it is read here: every amount is a number above zero, every symbol an element. The first
count comes out within a few reactions of the thesis. The second does not: the thesis finds 2 and
3 precursors in 28 % and 42 % of its reactions (5.4), the release of 2019-12-03 in 42 % and 38 %,
so its reactions with up to three precursors are more; another release or another way of counting
precursors is behind it.

A row is a reaction. Its formula is that of the target (mixtures added up, weighted by their
amounts); ``precursors`` holds formula and molar ratio of each as JSON, ``actions`` the sequence of
processing actions.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from common import Cut, Recipe, run
from gathered import Item, Property

from matdata.plugin import (
    CHUNK_ROWS,
    Chunk,
    Origin,
    Reject,
    Request,
    Source,
    SourceError,
    Unusable,
    digest_file,
    element_symbols,
    formula_of,
    read_list,
    require_object,
    to_columns,
)

WHERE = "https://doi.org/10.6084/m9.figshare.9722159 (Kononova et al., Sci. Data 6, 203, 2019)"
NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
#: The seven types of action in the release, and their names in the thesis.
ACTIONS = {
    "Mixing": "Dry Mixing",
    "SolutionMixing": "Mixing in solution",
    "QuenchingOperation": "Quenching",
    "ShapingOperation": "Shaping",
    "HeatingOperation": "Heating",
    "DryingOperation": "Drying",
    "LiquidGrinding": "Liquid Grinding",
}
MAX_PRECURSORS = 10
OXIDE_OF_CARBONATE = 3.0  # oxygen per carbon from which on carbon is that of a carbonate


class Reactions(Source):
    """The reactions of a release, one record each.

    Parameters
    ----------
    path
        JSON file, compressed or not.
    limit
        At most so many reactions.
    """

    name: ClassVar[str] = "reactions"

    def __init__(self, path: Path, limit: int | None = None) -> None:
        if not path.is_file():
            raise SourceError(f"there is no file {path}", next_step=f"the data: {WHERE}")
        self.path, self.limit = path, limit

    @classmethod
    def make(cls, request: Request) -> Reactions:
        """Recipes make this source themselves."""
        raise SourceError("this source is made by recipes only")

    def origin(self) -> Origin:
        """Compositions of targets; there is no energy."""
        request = {"source": self.name, "content": digest_file(self.path), "limit": self.limit}
        return Origin(
            source=self.name,
            name="reactions",
            version="local",
            kind="composition",
            request=request,
            licence="CC BY 4.0",
            url=WHERE,
            citation="Kononova et al., Sci. Data 6, 203 (2019)",
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Numbered reactions, read as a stream."""
        numbered = enumerate(read_list(self.path, "reactions"), start=1)
        chosen = itertools.islice(numbered, start * CHUNK_ROWS, self.limit)
        while chunk := list(itertools.islice(chosen, CHUNK_ROWS)):
            yield [(number, item.value) for number, item in chunk]

    def parse(self, raw: Any) -> Chunk:
        """Rows of the reactions that the thesis keeps; the others with their reason."""
        ids: list[str] = []
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        for number, reaction in raw:
            identity = f"reaction-{number:05d}"
            try:
                rows.append(row_of(require_object(reaction)))
            except Unusable as error:
                rejects.append(Reject(identity, "source", error.reason, str(error)))
                continue
            ids.append(identity)
        return Chunk(None, {"material_id": ids, **to_columns(rows)}, rejects)


def row_of(reaction: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of one reaction.

    Raises
    ------
    Unusable
        If the thesis leaves it out, with the reason.
    """
    materials = [reaction["target"], *reaction["precursors"]]
    for material in materials:
        _check_material(material)
    target = amounts_of(reaction["target"])
    if len(target) < 2:
        raise Unusable("pure_product", f"{reaction['target']['material_formula']} is an element")
    precursors = reaction["precursors"]
    if not 2 <= len(precursors) <= MAX_PRECURSORS:
        reason = "one_precursor" if len(precursors) < 2 else "many_precursors"
        raise Unusable(reason, f"{len(precursors)} precursors")
    ratios = {side["material"]: side["amount"] for side in reaction["reaction"]["left_side"]}
    listed = [
        [formula_of(amounts_of(p)), ratios.get(p["material_formula"], "")] for p in precursors
    ]
    actions = [ACTIONS.get(step["type"], step["type"]) for step in reaction["operations"]]
    return {
        "formula": formula_of(target),
        "n_precursors": len(precursors),
        "precursors": json.dumps(listed),
        "n_actions": len(actions),
        "actions": " > ".join(actions),
        "reaction": reaction["reaction_string"],
        "doi": reaction["doi"],
    }


def _check_material(material: Mapping[str, Any]) -> None:
    name = material["material_formula"]
    for part in material["composition"]:
        texts = [part["amount"], *part["elements"].values()]
        wrong = [text for text in texts if not NUMBER.fullmatch(text) or float(text) == 0]
        if wrong:
            raise Unusable("not_stoichiometric", f"{name}: amount {wrong[0]!r}")
        unknown = [element for element in part["elements"] if element not in element_symbols()[1:]]
        if unknown:
            raise Unusable("not_stoichiometric", f"{name}: {unknown[0]!r} stands for elements")
        if is_organic({e: float(n) for e, n in part["elements"].items()}):
            raise Unusable("organic", name)
    if not material["composition"]:
        raise Unusable("not_stoichiometric", f"{name}: no composition")


def is_organic(amounts: Mapping[str, float]) -> bool:
    """Whether one phase is taken for organic: carbon with hydrogen, or oxygen, but no carbonate.

    Carbides, carbonates and bicarbonates are inorganic; acetates, citrates, alkoxides and
    oxalates are organic. Three oxygen atoms to a carbon make a carbonate.
    """
    carbon, oxygen = amounts.get("C", 0.0), amounts.get("O", 0.0)
    if not carbon or not (oxygen or "H" in amounts):
        return False
    return oxygen / carbon < OXIDE_OF_CARBONATE and set(amounts) != {"C", "O"}


def amounts_of(material: Mapping[str, Any]) -> dict[int, float]:
    """Amounts by atomic number, the phases of a mixture added up with their amounts."""
    number = {symbol: z for z, symbol in enumerate(element_symbols())}
    total: dict[int, float] = {}
    for part in material["composition"]:
        for element, text in part["elements"].items():
            z = number[element]
            total[z] = total.get(z, 0.0) + float(part["amount"]) * float(text)
    return total


def recipe(given: argparse.Namespace) -> Recipe:
    """The set with up to ten precursors, and the one with up to three."""
    return Recipe(
        name="reactions",
        where=WHERE,
        rows=16231,
        items=lambda paths: [Item(Reactions(path, given.limit)) for path in paths],
        cuts=(
            Cut("random", {"ratios": "80/20"}, "up-to-10-80-20", paper=16231),
            Cut(
                "random",
                {"ratios": "80/20"},
                "up-to-3-80-20",
                (Property("n_precursors", "1"),),
                most=3,
                paper=11083,
            ),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
