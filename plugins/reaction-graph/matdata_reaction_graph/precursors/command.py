"""``matdata precursors``: sets of precursors of products, ranked; or scored on a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matdata.plugin import (
    Command,
    CommandContext,
    ConfigError,
    Settings,
    StructureError,
    parse_formula,
    setting,
)

if TYPE_CHECKING:
    from matdata_reaction_graph.precursors.ranking import Ranked
    from matdata_reaction_graph.precursors.records import Product

TOPS = (1, 2, 3, 5, 10)  # of scores


@dataclass(frozen=True)
class PrecursorOptions(Settings):
    """What is ranked, and what it is learnt from."""

    dataset: str = setting("", "a dataset of reactions, such as one of the source `reactions`")
    formulas: tuple[str, ...] = setting((), "products; without any, those of --part are scored")
    split: str = setting("", "learn from the train part of this split, not from all reactions")
    part: str = setting("val", "part of the split that is scored", choices=("val", "test"))
    top: int = setting(5, "how many sets to list for a product", minimum=1)
    apart: str = setting(
        "formula",
        "new products are thought to lack training products of their composition, or of their "
        "chemical system",
        choices=("formula", "chemsys"),
    )
    members: int = setting(1, "networks whose probabilities are averaged", minimum=1)
    seed: int = setting(0, "seed of the first network", minimum=0)


@dataclass(frozen=True)
class PrecursorSets:
    """Ranked sets of products, by formula."""

    sets: Mapping[str, Sequence[Ranked]]
    learnt_from: int

    def to_json(self) -> dict[str, Any]:
        """Each product with its sets, best first."""
        ranked = [
            {
                "formula": formula,
                "sets": [
                    {"precursors": list(one.precursors), "probability": one.probability}
                    for one in sets
                ],
            }
            for formula, sets in self.sets.items()
        ]
        return {"products": ranked, "learnt_from": self.learnt_from}

    def lines(self) -> Iterator[str]:
        """A line for each set, below its product."""
        for formula, sets in self.sets.items():
            yield formula
            for one in sets:
                yield f"  {one.probability:.3f}  {' + '.join(one.precursors)}"
            if not sets:
                yield "  no set of known precursors covers it"


@dataclass(frozen=True)
class PrecursorScores:
    """How often a reported set is among the first."""

    ranking: Mapping[int, float]
    baseline: float
    products: int
    learnt_from: int
    left_out: int
    #: When the test part was opened by this request first, and whether now; None for val.
    opened: tuple[str, bool] | None = None

    def to_json(self) -> dict[str, Any]:
        """Shares by k, and counts."""
        return {
            "top": {str(k): share for k, share in self.ranking.items()},
            "most_frequent_top1": self.baseline,
            "products": self.products,
            "learnt_from": self.learnt_from,
            "left_out": self.left_out,
            "opened": None
            if self.opened is None
            else {"when": self.opened[0], "first": self.opened[1]},
        }

    def lines(self) -> Iterator[str]:
        """Counts, then a line for each model."""
        yield (
            f"{self.products:,} products, learnt from {self.learnt_from:,}; {self.left_out:,} left "
            "out, whose composition is among these"
        )
        shown = ", ".join(f"top {k} {share:.1%}" for k, share in self.ranking.items())
        yield f"  exact sets: {shown}"
        yield f"  most frequent precursor of each element: top 1 {self.baseline:.1%}"
        if self.opened is not None:
            when, first = self.opened
            yield "the test part is now open" if first else f"the test part was opened on {when}"


class Precursors(Command[PrecursorOptions]):
    """Ranks the sets of precursors that a product could be made of."""

    name = "precursors"
    summary = "sets of precursors for products, ranked as published syntheses suggest"
    description = (
        "Learns from a dataset of reactions which precursors products are made of, and ranks whole "
        "sets of them for other products. Without formulas it scores a part of a split: how often "
        "a reported set is among the first, beside the most frequent precursor of each element; "
        "scoring the test part opens it, once for all that is learnt with, and on record."
    )
    examples = (
        "matdata precursors reactions BaTiO3 LiFePO4",
        "matdata precursors reactions --split by-chemsys-80-20 --part test --apart chemsys",
    )
    positional = ("dataset", "formulas")
    Options = PrecursorOptions

    def run(
        self, options: PrecursorOptions, context: CommandContext
    ) -> PrecursorSets | PrecursorScores:
        """Rank, or score.

        Raises
        ------
        ConfigError
            If no dataset, or neither formulas nor a split is named, or the split has no such part.
        StructureError
            If a text is no formula.
        MatdataError
            If there is no such dataset or split, or it has no reactions.
        """
        _require(options)
        asked = [_product(formula) for formula in options.formulas]
        from matdata_reaction_graph.precursors.rows import Rows

        rows = Rows(options, context)
        train = rows.products("train")
        if not asked:
            rows.require_new({one.key for one in train})
        from matdata_reaction_graph.precursors.kept import ranking_of
        from matdata_reaction_graph.precursors.ranking import top_shares

        ranking = ranking_of(train, options, rows.identity(options), context)
        if asked:
            ranked = ranking.rank(asked, options.top)
            return PrecursorSets(dict(zip(options.formulas, ranked, strict=True)), len(train))
        opened = rows.opened(options)
        scored = rows.products(options.part)
        known = {one.key for one in train}
        new = [one for one in scored if one.key not in known]
        if not new:
            raise ConfigError(f"no product of the {options.part} part can be scored")
        shares = top_shares(new, ranking.rank(new, max(TOPS)), TOPS)
        base = top_shares(new, ranking.baseline(new), (1,))[1]
        return PrecursorScores(shares, base, len(new), len(train), len(scored) - len(new), opened)


def _require(options: PrecursorOptions) -> None:
    if not options.dataset:
        raise ConfigError("no dataset was named", next_step="`matdata list` shows those there are")
    if not options.formulas and not options.split:
        raise ConfigError(
            "neither products nor a split to score are named",
            next_step="name formulas, or --split NAME",
        )


def _product(formula: str) -> Product:
    from matdata_reaction_graph.precursors.records import Product

    try:
        return Product(formula, parse_formula(formula), {})
    except StructureError as error:
        raise StructureError(
            f"{formula[:200]} is no formula of a product: {error.what}",
            cause=error.cause,
            next_step="write products such as BaTiO3",
        ) from error
