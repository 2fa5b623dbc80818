"""Rankings that were learnt before, from the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matdata.plugin import CommandContext, StoreError, read_learnt, write_learnt
from matdata_reaction_graph.precursors.ranking import PrecursorRanking
from matdata_reaction_graph.precursors.records import Product

if TYPE_CHECKING:
    from matdata_reaction_graph.precursors.command import PrecursorOptions

NAME = "precursors"


def ranking_of(
    products: Sequence[Product],
    options: PrecursorOptions,
    identity: Mapping[str, Any],
    context: CommandContext,
) -> PrecursorRanking:
    """The ranking of these products: as it was learnt before, else learnt now and kept.

    What is kept and damaged is learnt again; where the cache cannot be written it is not kept. Both
    are said.
    """
    chosen = options.apart, options.members, options.seed
    try:
        learnt = read_learnt(context.cache, NAME, identity)
    except StoreError as error:
        context.console.warn(f"{error.what}; it is learnt again")
        learnt = None
    if learnt is not None:
        context.console.say(f"learnt before, from {len(products):,} products")
        return PrecursorRanking(products, *chosen, learnt)
    context.console.say(f"learning from {len(products):,} products")
    ranking = PrecursorRanking(products, *chosen)
    try:
        write_learnt(context.cache, NAME, identity, ranking.arrays())
    except StoreError as error:
        context.console.warn(f"what was learnt is not kept: {error.what}")
    return ranking
