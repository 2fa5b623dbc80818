"""The pair of elements whose correlation differs most between two models."""

import numpy as np
import pytest

from matdata.core.crystals import Ragged, offsets_of
from matdata.core.errors import ConfigError
from matdata.evaluation.cecv import environment
from matdata.evaluation.pair_changes import changed_pairs, counted_pairs

RANDOM = np.random.default_rng(3)
SIZES = (2, 3, 4, 6)


def ragged(parts):
    return Ragged(np.concatenate(parts), offsets_of([len(part) for part in parts]))


def compounds():
    """Maps of four compounds by two models, and the elements of their rows."""
    numbers = [np.sort(RANDOM.choice(np.arange(1, 90), size, replace=False)) for size in SIZES]
    own, other = ([RANDOM.normal(size=(size, 16)) for size in SIZES] for _ in range(2))
    return own, other, numbers


def test_the_pair_is_that_of_the_largest_difference():
    own, other, numbers = compounds()
    found = changed_pairs(ragged(own), ragged(numbers), ragged(other), ragged(numbers))
    assert found[0] is None, "all correlations of two elements are -1"
    for one, its, elements, pair in zip(own[1:], other[1:], numbers[1:], found[1:], strict=True):
        gap = np.abs(environment(one) - environment(its))
        largest = max(gap[i, j] for i in range(len(gap)) for j in range(i))
        places = [int(np.flatnonzero(elements == z)[0]) for z in pair]
        assert pair[0] < pair[1]
        assert gap[places[0], places[1]] == largest


def test_the_order_of_rows_does_not_matter():
    own, other, numbers = compounds()
    mixed, shuffled = [], []
    for rows, elements in zip(other, numbers, strict=True):
        order = RANDOM.permutation(len(rows))
        mixed.append(rows[order])
        shuffled.append(elements[order])
    one = changed_pairs(ragged(own), ragged(numbers), ragged(other), ragged(numbers))
    two = changed_pairs(ragged(own), ragged(numbers), ragged(mixed), ragged(shuffled))
    assert one == two


def test_pairs_are_counted_and_ranked():
    pairs = [(8, 14), None, (1, 8), (8, 14), (9, 14), None]
    assert list(counted_pairs(pairs).items()) == [((8, 14), 2), ((1, 8), 1), ((9, 14), 1)]


def test_other_elements_and_other_numbers_of_compounds_are_refused():
    own, other, numbers = compounds()
    wrong = [part.copy() for part in numbers]
    wrong[2][0] = 99
    with pytest.raises(ConfigError, match="compounds of other elements"):
        changed_pairs(ragged(own), ragged(numbers), ragged(other), ragged(wrong))
    with pytest.raises(ConfigError, match="different numbers of compounds"):
        changed_pairs(ragged(own), ragged(numbers), ragged(other[1:]), ragged(numbers[1:]))
