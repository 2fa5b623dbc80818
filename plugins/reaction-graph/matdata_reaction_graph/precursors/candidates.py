"""Sets of precursors that cover the elements of a product, the best of them by a score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matdata_reaction_graph.precursors.vocabulary import OXYGEN, VOLATILE, Vocabulary

CANDIDATES = 32  # of a product
OPTIONS = 12  # precursors tried for an element
FOREIGN = 3  # of these, precursors with an element that neither product nor air holds
FROM_AIR = -3.0  # score of a volatile element that no precursor brings
BEAM = 4  # partial sets that are kept, for each candidate


def candidates_of(
    words: Vocabulary, elements: Iterable[int], scores: Mapping[int, float]
) -> list[tuple[frozenset[int], float]]:
    """Sets without a superfluous precursor, each with its score, best first.

    A beam search over the elements, one after another: each is covered by a precursor that is there
    already, or by one more. Volatile elements may come from the air.

    Parameters
    ----------
    words
        The precursors.
    elements
        Of the product.
    scores
        Logarithm of the share of the syntheses that use a precursor, of all that hold one of these
        elements.
    """
    wanted = sorted(set(elements) - {OXYGEN})
    states: dict[tuple[frozenset[int], frozenset[int]], float]
    states = {(frozenset(), frozenset()): 0.0}
    for number in wanted:
        tried = _options(words, number, frozenset(wanted) | VOLATILE, scores)
        if not tried:
            continue
        grown: dict[tuple[frozenset[int], frozenset[int]], float] = {}
        for (chosen, covered), score in states.items():
            if number in covered:
                _keep(grown, (chosen, covered), score)
                continue
            for place in tried:
                both = (chosen | {place}, covered | words.elements[place])
                _keep(grown, both, score + scores[place])
            if number in VOLATILE:
                _keep(grown, (chosen, covered), score + FROM_AIR)
        best = sorted(grown.items(), key=lambda one: (-one[1], sorted(one[0][0])))
        states = dict(best[: BEAM * CANDIDATES])
    found: dict[frozenset[int], float] = {}
    for (chosen, _), score in states.items():
        if chosen:
            found.setdefault(chosen, score)
    return [*found.items()][:CANDIDATES]


def _options(
    words: Vocabulary, number: int, at_hand: frozenset[int], scores: Mapping[int, float]
) -> list[int]:
    """Precursors to try for an element."""
    sources = words.sources.get(number, [])
    own = [place for place in sources if words.elements[place] <= at_hand]
    foreign = [place for place in sources if not words.elements[place] <= at_hand][:FOREIGN]
    return sorted([*own, *foreign], key=lambda place: (-scores[place], place))[:OPTIONS]


def _keep(
    states: dict[tuple[frozenset[int], frozenset[int]], float],
    state: tuple[frozenset[int], frozenset[int]],
    score: float,
) -> None:
    if score > states.get(state, float("-inf")):
        states[state] = score
