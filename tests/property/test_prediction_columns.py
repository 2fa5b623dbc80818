"""Names of the columns of predictions cannot collide, whatever targets and classes are called."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matdata.core.errors import ConfigError
from matdata.evaluation.file_names import file_stems
from matdata.training.prediction_columns import (
    MATERIAL_ID,
    PredictionColumn,
    Statistic,
    columns_of,
    require_distinct,
)
from matdata.training.target import BOOLEAN, Target

#: Words that names of columns are made of, beside any text.
WORDS = st.lists(
    st.sampled_from([*map(str, Statistic), "prediction", "material", "id", "x", "0", "1", ""]),
    min_size=1,
    max_size=5,
).map("_".join)
NAMES = (WORDS | st.text(max_size=8)).filter(bool)
CLASSES = st.sets(NAMES, min_size=2, max_size=4).map(sorted).map(tuple)


def _classes(name, classes):
    kinds = classes if isinstance(classes, tuple) else ()
    return Target(name, len(kinds) or classes, "1", "classification", kinds)


NUMBERS = st.builds(Target, NAMES, st.just(1), NAMES)
KINDS = st.builds(_classes, NAMES, CLASSES | st.just(BOOLEAN) | st.integers(2, 12))


LABELS = st.builds(
    lambda name, labels: Target(name, len(labels), "1", "multi_label", labels), NAMES, CLASSES
)


def _lists(targets):
    return st.lists(targets, min_size=1, max_size=4, unique_by=lambda target: target.name)


def _names(targets):
    intervals = {target.name for target in targets}
    columns = columns_of(targets, truth=True, members=12, intervals=intervals)
    return [MATERIAL_ID, *(column.name for column in columns)]


@pytest.mark.slow
@given(_lists(NUMBERS))
@example([Target("gap"), Target("gap_mean"), Target("energy"), Target("energy_total")])
@example([Target("x"), Target("x_member"), Target("x_member_0")])
def test_targets_that_are_numbers_are_never_refused(targets):
    require_distinct(targets)
    names = _names(targets)
    assert len(names) == len({*names})


@pytest.mark.slow
@given(KINDS)
def test_one_target_of_classes_is_never_refused(target):
    require_distinct([target])
    names = _names([target])
    assert len(names) == len({*names})


@pytest.mark.slow
@given(_lists(KINDS | LABELS | NUMBERS))
def test_targets_of_all_kinds_have_other_columns_or_are_refused(targets):
    with contextlib.suppress(ConfigError):
        require_distinct(targets)
        names = _names(targets)
        assert len(names) == len({*names})


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("a_mean", "x_probability_a"),
        ("class", "x_probability"),
        ("a_total", "x_probability_a"),
        ("a_member_0", "x_probability_a"),
        ("a_probability_c", "x_probability_a"),
    ],
)
def test_targets_of_which_one_continues_a_class_of_the_other_are_refused(label, other):
    targets = [_classes("x", (label, "z")), _classes(other, ("c", "d"))]
    for given_targets in (targets, targets[::-1]):
        with pytest.raises(ConfigError, match="cannot be predicted together"):
            require_distinct(given_targets)


@pytest.mark.slow
@given(st.lists(NUMBERS | KINDS, min_size=1, max_size=3))
def test_metadata_say_all_that_a_name_says(targets):
    intervals = {target.name for target in targets}
    for column in columns_of(targets, truth=True, members=3, intervals=intervals):
        assert PredictionColumn.from_metadata(column.to_metadata()) == column
        derived = replace(column, derivation="power10")
        assert PredictionColumn.from_metadata(derived.to_metadata()) == derived


@pytest.mark.slow
@given(st.sets(NAMES, max_size=6))
@example({"α", "β", "K (GPa)", "K [GPa]", "gap", "Gap"})
@example({"..", ".", "-", "a/b", "a-b", "x" * 300, "x" * 301})
def test_stems_of_files_are_safe_and_distinct_where_capitals_are_not_distinguished(names):
    stems = file_stems(names)
    assert stems.keys() == names
    assert len({stem.casefold() for stem in stems.values()}) == len(names)
    assert all(set(stem) <= {*"._+-"} | {c for c in stem if c.isalnum() and c.isascii()}
               for stem in stems.values())  # fmt: skip
    assert all(0 < len(stem) < 80 and stem[0] != "." for stem in stems.values())
    for name, stem in stems.items():  # the same beside others, but for capitals
        assert file_stems([name])[name] in (stem, name)
