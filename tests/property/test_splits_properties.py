"""What holds for every split of every dataset."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matdata.core.errors import SplitError
from matdata.splits import from_table, make_splits, metadata, parse_ratios, to_table
from matdata.splits.grouping import Groups, assign
from matdata.splits.matbench import shuffled_folds, stratified_folds

ids_lists = st.lists(st.text(alphabet="abc-019_é", min_size=1, max_size=6), min_size=5, unique=True)
seeds = st.integers(0, 2**31)
shares = st.lists(st.integers(1, 60), min_size=2, max_size=3)


def percent(parts):
    return [100 * part / sum(parts) for part in parts]


@given(n=st.integers(10, 10**6), parts=shares)
def test_sizes_add_up_and_lie_within_one_of_the_shares(n, parts):
    try:
        sizes = parse_ratios(percent(parts)).sizes(n)
    except SplitError:
        assert n * min(parts) / sum(parts) < 1
        return
    assert sum(sizes.values()) == n
    for size, part in zip(sizes.values(), parts, strict=True):
        assert abs(size - n * part / sum(parts)) < 1 + 1e-3


@settings(max_examples=60, deadline=None)
@given(ids=ids_lists, seed=seeds, data=st.data())
def test_random_split_covers_all_and_ignores_order(ids, seed, data):
    split = make_splits("random", ids, {}, {"ratios": "50/25/25", "seed": seed})[0]
    assert sorted(np.concatenate(list(split.parts.values())).tolist()) == sorted(ids)
    other = data.draw(st.permutations(ids))
    again = make_splits("random", other, {}, {"ratios": "50/25/25", "seed": seed})[0]
    assert again.digest() == split.digest()
    assert from_table(to_table(split), metadata(split)).digest() == split.digest()


@settings(max_examples=60, deadline=None)
@given(ids=ids_lists, more=ids_lists, seed=seeds)
def test_stable_split_never_moves_a_material(ids, more, seed):
    asked = {"ratios": "50/25/25", "seed": seed}
    try:
        before = make_splits("stable", ids, {}, asked)[0]
        after = make_splits("stable", sorted({*ids, *more}), {}, asked)[0]
    except SplitError:  # few materials: a part stayed empty
        return
    assert before.part_of(ids).tolist() == after.part_of(ids).tolist()


@settings(max_examples=80, deadline=None)
@given(labels=st.lists(st.integers(0, 30), min_size=3, max_size=200), seed=seeds, parts=shares)
def test_groups_stay_whole_and_misses_are_bounded_by_the_largest_group(labels, seed, parts):
    ids = np.array([f"m{i:04d}" for i in range(len(labels))])
    groups = Groups.of(ids, [str(label) for label in labels])
    targets = {p: len(ids) * s // sum(parts) for p, s in zip("abc", parts, strict=False)}
    targets["a"] += len(ids) - sum(targets.values())
    try:
        names = assign(groups, targets, seed, "test")
    except SplitError:
        assert len(groups.names) < len(targets)
        return
    assert len(set(zip(labels, names.tolist(), strict=True))) == len(set(labels))
    assert set(names.tolist()) == set(targets)
    largest = int(groups.sizes.max())
    for part, target in targets.items():
        assert int(np.sum(names == part)) <= target + largest


@settings(max_examples=40, deadline=None)
@given(labels=st.lists(st.integers(0, 40), min_size=10, max_size=150), k=st.integers(2, 5))
def test_grouped_folds_are_a_partition(labels, k):
    ids = [f"m{i:04d}" for i in range(len(labels))]
    asked = {"k": k, "by": "g", "val_fraction": 0}
    try:
        folds = make_splits("kfold", ids, {"g": labels}, asked)
    except SplitError:
        assert len(set(labels)) < k
        return
    tests = [fold.parts["test"].tolist() for fold in folds]
    assert sorted(id_ for fold in tests for id_ in fold) == ids
    of = {id_: i for i, fold in enumerate(tests) for id_ in fold}
    assert len({(g, of[id_]) for g, id_ in zip(labels, ids, strict=True)}) == len(set(labels))


@given(n=st.integers(5, 400), seed=seeds)
def test_matbench_folds_are_even(n, seed):
    counts = np.bincount(shuffled_folds(n, seed=seed), minlength=5)
    assert counts.max() - counts.min() <= 1


@given(labels=st.lists(st.sampled_from("xyz"), min_size=5, max_size=200))
def test_stratified_folds_are_even_in_each_class(labels):
    fold_of = stratified_folds(labels)
    for label in set(labels):
        counts = np.bincount(fold_of[np.array(labels) == label], minlength=5)
        assert counts.max() - counts.min() <= 1
