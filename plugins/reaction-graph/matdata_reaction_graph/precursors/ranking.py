"""Sets of precursors of products, most probable first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.plugin import ConfigError
from matdata_reaction_graph.precursors.examples import examples_of
from matdata_reaction_graph.precursors.neighbours import Neighbours
from matdata_reaction_graph.precursors.records import Product
from matdata_reaction_graph.precursors.vocabulary import Vocabulary, frequent

if TYPE_CHECKING:
    from matdata_reaction_graph.precursors.network import SetScores

#: Which training products are no neighbours of a training product: those of its composition, or of
#: its chemical system. As new products will lack them.
APART = ("formula", "chemsys")
LEAST = 10  # products to learn from


@dataclass(frozen=True)
class Ranked:
    """One set of precursors.

    Attributes
    ----------
    precursors
        In alphabetical order.
    probability
        By the networks, among all candidates.
    """

    precursors: tuple[str, ...]
    probability: float


class PrecursorRanking:
    """Learns from products how others are made.

    Parameters
    ----------
    products
        Of the training part; of one composition once (`records.products_of`).
    apart
        One of `APART`.
    members
        Networks whose probabilities are averaged; their seeds are ``seed + m``.
    seed
        Of weights and order.
    learnt
        What `arrays` returned of a ranking of the same products and settings: nothing is trained.

    Raises
    ------
    ConfigError
        If there are too few products.
    """

    def __init__(
        self,
        products: Sequence[Product],
        apart: str = "formula",
        members: int = 1,
        seed: int = 0,
        learnt: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> None:
        from matdata_reaction_graph.precursors.network import network_from, trained

        if len(products) < LEAST:
            raise ConfigError(
                f"{len(products)} products to learn precursors from, at least {LEAST} are needed",
                next_step="take a dataset of reactions, such as that of the source `reactions`",
            )
        self.words = Vocabulary(products)
        self._neighbours = Neighbours(products, self.words)
        self._networks: list[SetScores]
        if learnt is not None:
            parts = (_of_member(learnt, member) for member in range(members))
            self._networks = [network_from(len(self.words), part) for part in parts]
            return
        keys = [one.key if apart == "formula" else one.system for one in products]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        groups = np.array([numbers[key] for key in keys], np.int64)
        examples = examples_of(self.words, self._neighbours, products, groups)
        self._networks = [
            trained(len(self.words), examples, seed + member) for member in range(members)
        ]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The weights of all networks, from which an equal ranking is made."""
        return {
            f"{member}.{name}": value.numpy()
            for member, network in enumerate(self._networks)
            for name, value in network.state_dict().items()
        }

    def rank(self, products: Sequence[Product], top: int = 5) -> list[list[Ranked]]:
        """The `top` most probable sets of each product; fewer, or none, where fewer cover it.

        What `products` says of their sets is not read.
        """
        from matdata_reaction_graph.precursors.network import probabilities

        examples = examples_of(self.words, self._neighbours, products)
        of_each = [probabilities(one, examples).numpy() for one in self._networks]
        mean = np.mean(of_each, axis=0) if products else np.empty((0, 0))
        ranked = []
        for row, sets in enumerate(examples.sets):
            order = np.argsort(-mean[row, : len(sets)], kind="stable")[:top]
            ranked.append([self._named(sets[one], float(mean[row, one])) for one in order])
        return ranked

    def baseline(self, products: Sequence[Product]) -> list[list[Ranked]]:
        """The most frequent precursor of each element."""
        sets = [frequent(self.words, sorted(one.amounts)) for one in products]
        return [[self._named(chosen, float("nan"))] for chosen in sets]

    def _named(self, places: frozenset[int], probability: float) -> Ranked:
        return Ranked(tuple(sorted(self.words.names[one] for one in places)), probability)


def _of_member(learnt: Mapping[str, npt.NDArray[Any]], member: int) -> dict[str, npt.NDArray[Any]]:
    start = f"{member}."
    return {k.removeprefix(start): value for k, value in learnt.items() if k.startswith(start)}


def top_shares(
    products: Sequence[Product], ranked: Sequence[Sequence[Ranked]], tops: Sequence[int]
) -> dict[int, float]:
    """Share of products of which a reported set is among the first k, exactly, by k."""
    first = []
    for product, sets in zip(products, ranked, strict=True):
        places = (k for k, one in enumerate(sets) if frozenset(one.precursors) in product.sets)
        first.append(next(places, np.inf))
    return {k: float(np.mean(np.array(first) < k)) for k in tops}
