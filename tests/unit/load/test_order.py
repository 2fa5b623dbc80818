"""Orders: permutations that the key decides, ranks that share, fractions that nest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matdata.core.errors import ConfigError
from matdata.load.batching import Budget, Ranks, budgeted, fixed
from matdata.load.order import drawn, of_rank, permutation, windows

counts = st.integers(1, 300)
few = settings(max_examples=60, deadline=None)


def test_the_permutation_is_this_one_for_ever():
    assert permutation(8, 0, 0, 0).tolist() == [6, 2, 3, 5, 0, 4, 1, 7]
    assert permutation(1, 0).tolist() == [0]
    assert permutation(0, 0).tolist() == []


@pytest.mark.slow
@few
@given(counts, st.integers(1, 300), st.integers(0, 5), st.integers(0, 5))
def test_windows_hold_every_material_once(count, window, seed, epoch):
    parts = windows(count, window, seed, epoch)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert all(len(part) == window for part in parts[:-1])
    again = windows(count, window, seed, epoch)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


def test_seed_and_epoch_change_the_order_and_window_none_beyond_the_set():
    first = np.concatenate(windows(100, 100, 0, 0))
    assert not np.array_equal(first, np.concatenate(windows(100, 100, 0, 1)))
    assert not np.array_equal(first, np.concatenate(windows(100, 100, 1, 0)))
    assert np.array_equal(first, np.concatenate(windows(100, 10_000, 0, 0)))
    assert np.concatenate(windows(9, 4, 0, 0, shuffle=False)).tolist() == list(range(9))


def test_a_window_holds_neighbours_of_several_places():
    part = np.sort(windows(8000, 800, 0, 0)[0])
    assert len(part) == 800
    assert np.sum(np.diff(part) > 1) >= 4  # eight stretches of a hundred


def test_permutations_are_uniform():
    hits = np.zeros((5, 5))
    for key in range(4000):
        hits[np.arange(5), permutation(5, key)] += 1
    # chi-squared with 16 degrees of freedom: 99.9 % lie below 39
    assert ((hits - 800) ** 2 / 800).sum() < 39


def _orders(count, epochs, seed, window):
    """Place of every material in each of several epochs, (epochs, count)."""
    found = [np.concatenate(windows(count, window, seed, epoch)) for epoch in range(epochs)]
    return np.argsort(found, axis=1)


def _excess(hits, expected):
    """Chi-squared less its mean, in its standard deviations."""
    degrees = hits.size - 1
    return (((hits - expected) ** 2 / expected).sum() - degrees) / np.sqrt(2 * degrees)


def _excess_of_table(pairs, n, expected):
    """The same for a sum of permutation matrices: n / (n - 1) times (n - 1)^2 degrees."""
    hits = np.bincount(pairs.ravel(), minlength=n * n)
    return (((hits - expected) ** 2 / expected).sum() - n * (n - 1)) / (n * np.sqrt(2))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", ["one seed", "a seed each"])
def test_orders_of_epochs_are_independent_and_uniform(seeds):
    n, epochs = 64, 6000
    if seeds == "one seed":
        places = _orders(n, epochs, 3, n)
    else:
        places = np.concatenate([_orders(n, 1, seed, n) for seed in range(epochs)])
    # each material is at each place equally often
    assert abs(_excess_of_table(np.arange(n) * n + places, n, epochs / n)) < 5
    # where a material was says nothing of where it is in the next epoch
    after = places[:-1] * n + places[1:]
    assert abs(_excess_of_table(after, n, (epochs - 1) / n)) < 5
    # neighbours in the store are at any distance in an epoch, and neighbours in an epoch anywhere
    apart = np.bincount(((places[:, 1:] - places[:, :-1]) % n).ravel(), minlength=n)[1:]
    assert abs(_excess(apart, epochs)) < 5
    order = np.argsort(places, axis=1)
    after = np.bincount(((order[:, 1:] - order[:, :-1]) % n).ravel(), minlength=n)[1:]
    assert abs(_excess(after, epochs)) < 5
    for lag in (1, 2, 3, 5, 8):
        pairs = np.corrcoef(places[:, lag:].ravel(), places[:, :-lag].ravel())[0, 1]
        # two different places of n correlate by -1 / (n - 1); deviations are 1 / sqrt(pairs)
        assert abs(pairs + 1 / (n - 1)) < 5 / np.sqrt(epochs * (n - lag))
        epoch = np.corrcoef(places[lag:].ravel(), places[:-lag].ravel())[0, 1]
        assert abs(epoch) < 5 / np.sqrt(n * (epochs - lag))


def test_batches_are_not_more_alike_than_drawn_ones():
    # the spread of batch means of a label that follows the store, as sorted data sets have it
    n, size = 4096, 128
    label = np.linspace(-1.0, 1.0, n)
    means = []
    for epoch in range(60):
        plan = fixed(windows(n, n, 0, epoch), size, False, Ranks())
        means += [label[batch].mean() for batch in plan]
    expected = label.var() / size * (n - size) / (n - 1)  # drawn without replacement
    assert abs(np.var(means) / expected - 1) < 5 * np.sqrt(2 / len(means))


@few
@given(counts, st.integers(1, 40), st.integers(1, 300), st.integers(0, 3), st.integers(0, 9))
def test_batches_of_one_process_hold_every_material_once(count, size, window, seed, epoch):
    plan = fixed(windows(count, window, seed, epoch), size, False, Ranks())
    rows = np.concatenate(list(plan))
    assert np.bincount(rows, minlength=count).tolist() == [1] * count


@few
@given(counts, st.integers(1, 7), st.sampled_from(["pad", "drop"]), st.integers(1, 300))
def test_ranks_are_disjoint_and_even(count, world, uneven, window):
    sequence = np.concatenate(windows(count, window, 0, 0))
    shares = [of_rank(sequence, rank, world, uneven) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    joined = np.concatenate(shares).tolist()
    if uneven == "drop":
        assert len(set(joined)) == len(joined) == count - count % world
    else:
        assert set(joined) == set(range(count))
        assert len(joined) - count == -count % world
        whole = np.stack(shares, 1).ravel()[:count]
        assert np.array_equal(whole, sequence)  # together, the order of one process


@few
@given(counts, st.integers(1, 40), st.booleans(), st.integers(1, 4))
def test_fixed_batches_cover_the_epoch(count, size, drop_last, world):
    parts = windows(count, 64, 0, 0)
    plans = [fixed(parts, size, drop_last, Ranks(r, world)) for r in range(world)]
    assert len({len(plan) for plan in plans}) == 1
    for plan in plans:
        lengths = [len(batch) for batch in plan]
        assert all(length == size for length in (lengths if drop_last else lengths[:-1]))
    if not drop_last:
        assert set(np.concatenate([plan.rows for plan in plans])) == set(range(count))


@few
@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(50, 300), st.booleans())
def test_budgets_are_kept_and_used(sizes, limit, shuffle):
    budget = Budget({"edge": limit}, {"edge": np.array(sizes)})
    budget.check(np.array([str(k) for k in range(len(sizes))]))
    parts = windows(len(sizes), 70, 0, 0, shuffle)
    plan = budgeted(parts, budget, Ranks(), 0, 0, shuffle)
    totals = [int(np.array(sizes)[batch].sum()) for batch in plan]
    assert sorted(plan.rows.tolist()) == list(range(len(sizes)))
    assert max(totals) <= limit
    # each batch is closed by a material that did not fit, but for the last of a window
    assert sum(total <= limit - 50 for total in totals) <= len(parts)


def test_budget_puts_like_sizes_together_and_counts_crystals():
    sizes = np.array([10, 90] * 50)
    budget = Budget({"edge": 100, "crystal": 4}, {"edge": sizes, "crystal": np.ones(100, int)})
    plan = budgeted(windows(100, 100, 0, 0), budget, Ranks(), 0, 0, True)
    assert sorted(map(len, plan)) == [1] * 50 + [2] + [4] * 12
    order = [int(sizes[batch[0]]) for batch in plan]
    assert order != sorted(order)  # batches come in a drawn order
    ranked = [budgeted(windows(100, 100, 0, 0), budget, Ranks(r, 2), 0, 0, True) for r in (0, 1)]
    assert len(ranked[0]) == len(ranked[1]) == 32


def test_a_material_that_fits_no_batch_is_named():
    budget = Budget({"edge": 60}, {"edge": np.array([10, 90, 61])})
    with pytest.raises(ConfigError, match=r"b has 90 edges, .* 60 \(2 materials") as caught:
        budget.check(np.array(["a", "b", "c"]))
    assert "max_edges=90" in str(caught.value)


def test_draws_follow_their_chances():
    parts = windows(100, 30, 0, 0)
    chances = np.where(np.arange(100) < 50, 3.0, 1.0)
    chances[7] = 0.0
    rows = np.concatenate([np.concatenate(drawn(parts, chances, 0, e)) for e in range(200)])
    assert len(rows) == 20_000
    share = np.mean(rows < 50)
    assert abs(share - 147 / 197) < 0.015
    assert not np.any(rows == 7)
    assert len(drawn(parts, chances, 0, 0)) == len(parts)
