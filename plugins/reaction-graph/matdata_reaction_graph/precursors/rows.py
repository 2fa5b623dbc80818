"""Reactions of a dataset by part; those of a test part are read after its opening is recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import matdata as md
from matdata.plugin import (
    CommandContext,
    ConfigError,
    StructureError,
    open_test_part,
    parse_formula,
    reduced_formula,
)
from matdata_reaction_graph.precursors.records import Product, products_of

if TYPE_CHECKING:
    from matdata_reaction_graph.precursors.command import PrecursorOptions

COLUMNS = ("formula", "precursors")
#: Options that neither change what is learnt nor what it is scored on.
ASIDE = ("dataset", "formulas", "split", "part", "top")
#: Of what is learnt from equal options; raise it with each change of it.
VERSION = "1"


class Rows:
    """The rows of the train part, or of all, and of the part that is scored.

    Raises
    ------
    ConfigError
        If the split has no such part.
    MatdataError
        If there is no such dataset, split or column.
    """

    def __init__(self, options: PrecursorOptions, context: CommandContext) -> None:
        self._dataset = md.open(options.dataset, cache=context.cache)
        self._console, self._cache = context.console, context.cache
        for name in COLUMNS:
            self._dataset.require_column(name)
        self._places: dict[str, list[int]] = {"train": [], options.part: []}
        ids = self._dataset.ids.tolist()
        if not options.split:
            self._places["train"] = list(range(len(ids)))
            return
        saved = self._dataset.load_split(options.split)[0]
        parts = dict(zip(saved["material_id"], saved["part"], strict=True))
        for place, identity in enumerate(ids):
            if parts.get(identity) in self._places:
                self._places[parts[identity]].append(place)
        self._scored = options.part
        if not options.formulas and not self._places[options.part]:
            there = [name for name in ("val", "test") if name in parts.values()]
            raise ConfigError(
                f"split {options.split!r} has no {options.part} part",
                next_step=" or ".join(f"--part {name}" for name in there)
                or "matdata split DATASET 80/10/10 makes one with val and test",
            )

    def require_new(self, known: Collection[str]) -> None:
        """Check that a composition to score is not among those learnt; reads formulas alone.

        Raises
        ------
        ConfigError
            If there is none.
        """
        formulas = self._dataset.columns["formula"]
        if any(_key(formulas[place]) not in (None, *known) for place in self._places[self._scored]):
            return
        raise ConfigError(
            "the composition of each product to score is in the train part",
            next_step="matdata split DATASET 80/20 --method group --by formula",
        )

    def opened(self, options: PrecursorOptions) -> tuple[str, bool] | None:
        """Record that the test part is opened; None for the validation part."""
        if options.part != "test":
            return None
        learnt = {k: v for k, v in asdict(options).items() if k not in ASIDE}
        request = {**learnt, "version": VERSION}
        return open_test_part(self._dataset, options.split, self._cache, "precursors", request)

    def identity(self, options: PrecursorOptions) -> dict[str, Any]:
        """What is learnt: from what, how, and by which version of this code."""
        split = self._dataset.load_split(options.split)[1] if options.split else None
        return {
            "dataset": self._dataset.digest,
            "split": None if split is None else split["digest"],
            "options": {k: v for k, v in asdict(options).items() if k not in ASIDE},
            "version": VERSION,
        }

    def products(self, part: str) -> list[Product]:
        """Products of a part with their sets; those that cannot be read are said."""
        formulas, precursors = (self._dataset.columns[name] for name in COLUMNS)
        rows = [
            (formulas[place], [one["formula"] for one in precursors[place] or ()])
            for place in self._places[part]
        ]
        products, rejects = products_of(rows)
        if rejects:
            formula, why = next(iter(rejects.items()))
            self._console.warn(
                f"{len(rejects):,} products are left out; the first: {formula}: {why}"
            )
        return products


def _key(formula: str) -> str | None:
    try:
        return reduced_formula(parse_formula(formula))
    except StructureError:
        return None
