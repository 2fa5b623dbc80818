"""Targets that are sequences of words: numbers by position, their loss and their scores."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from matdata.core.errors import ConfigError
from matdata.features import featurizer
from matdata.reports.run.shown import recorded
from matdata.training.contract import Schema
from matdata.training.leakage import leakage_notes, refuse_leakage
from matdata.training.objectives.sequence import WordSequence
from matdata.training.outputs import Head
from matdata.training.scores.sequence_metrics import frequencies, word_sequences
from matdata.training.target import Target
from matdata.training.target_kinds import sequence_target
from matdata.training.targets import infer_targets, require_classes, require_names
from matdata.training.warm_start import _meaning, _wider
from matdata.training.word_sequences import (
    chances_of_words,
    coded_guesses,
    most_probable,
    one_hot,
    predicted_words,
    words_of,
)

WORDS = [["mix", "heat"], ["heat"], [], ["mix", "heat", "heat"]]
NAN = float("nan")


@pytest.fixture
def target():
    return sequence_target("steps", list(WORDS))


def test_a_target_has_a_position_more_than_its_longest_sequence_has_words(target):
    assert (target.task, target.classes) == ("sequence", ("heat", "mix"))
    assert (target.columns, target.size, target.shape) == (4, 12, ())
    assert Target(**target.to_dict()) == target


def test_codes_and_words_are_each_other_s_inverse(target):
    rows = np.array([target.code(words) for words in WORDS])
    np.testing.assert_array_equal(rows[0], [1, 0, 2, NAN])
    np.testing.assert_array_equal(rows[2], [2, NAN, NAN, NAN])
    assert words_of(rows, target.labels) == WORDS
    assert target.code(rows[0].tolist()) == pytest.approx(rows[0].tolist(), nan_ok=True)
    assert words_of(np.full((1, 4), NAN), target.labels) == [None]


def test_what_training_did_not_have_is_never_right(target):
    longer, other = target.code(["heat"] * 9), target.code(["grind"])
    np.testing.assert_array_equal(longer, [0, 0, 0, -1])
    np.testing.assert_array_equal(other, [-1, 2, NAN, NAN])
    guess = one_hot(np.array([[0.0, 0, 0, 0], [0, 2, 2, 2]]), 3)
    scored = word_sequences(np.array([longer, other]), guess)
    assert scored["token_accuracy"] == pytest.approx(4 / 6)
    assert scored["sequence_accuracy"] == 0.0


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([1.0], "holds no sequences"),
        ([["b"], ["a", None]], r"for example \"\['a', None\]\""),
        ([[], []], "0 different"),
        ([["a"] * 1001], "longest sequence 1,001"),
        ([[f"w{k}" for k in range(500)]], "251,001 probabilities"),
    ],
)
def test_what_is_no_sequence_is_refused(values, why):
    with pytest.raises(ConfigError, match=why):
        sequence_target("steps", values)
    with pytest.raises(ConfigError, match="multiple"):
        Target("steps", 7, task="sequence", classes=("a", "b"))


def test_loss_and_error_are_those_of_a_plain_reading(target):
    torch.manual_seed(0)
    output = torch.randn(4, target.size, dtype=torch.float64, requires_grad=True)
    rows = torch.tensor([target.code(words) for words in WORDS], dtype=torch.float64)
    present = rows.isfinite()
    truth = rows.nan_to_num(0.0)
    own = WordSequence.bind(target)
    loss = own.loss(output, truth, present, {})
    error = own.error(output, truth, present, {})
    for row, words in enumerate(WORDS):
        logs = output[row].reshape(4, 3).log_softmax(-1)
        codes = [target.classes.index(word) for word in words] + [2]
        plain = -torch.stack([logs[place, code] for place, code in enumerate(codes)]).mean()
        assert loss[row].item() == pytest.approx(plain.item())
        wrong = [int(logs[place].argmax()) != code for place, code in enumerate(codes)]
        assert error[row].item() == pytest.approx(np.mean(wrong))
    (gradient,) = torch.autograd.grad(loss.sum(), output)
    behind = gradient.reshape(4, 4, 3)[~present]
    assert behind.abs().max() == 0  # nothing behind the end is learnt
    stacked = own.loss(torch.stack([output, output]), truth, present, {})
    torch.testing.assert_close(stacked[1], loss)


def test_balanced_words_count_by_their_rarity_with_the_mean_one(target):
    own = WordSequence.bind(target, {"weights": "balanced"})
    rows = torch.tensor([target.code(words) for words in WORDS])
    known = rows.isfinite()
    weights = own._weights(rows.nan_to_num(0.0), known)
    # four times heat, twice mix, four ends
    assert weights[known].mean().item() == pytest.approx(1.0)
    assert (weights[0, 0] / weights[0, 1]).item() == pytest.approx(2.0)
    assert weights[~known].abs().max() == 0


def test_probabilities_are_read_up_to_the_most_probable_end(target):
    chances = one_hot(np.array([[1.0, 2, 0, 0], [2, 1, 1, 1]]), 3) * 0.75
    assert predicted_words(chances, target.labels) == [["mix"], []]
    assert chances_of_words(chances, target.labels) == [[0.75], []]
    chances[1, 0] = np.nan
    assert predicted_words(chances, target.labels)[1] is None


def test_scores_of_the_most_frequent_word_by_position(target):
    rows = np.array([target.code(words) for words in WORDS])
    guess = frequencies(rows, 3)
    np.testing.assert_allclose(guess.reshape(4, 3)[0], [1 / 4, 2 / 4, 1 / 4])
    scored = word_sequences(rows, np.tile(guess, (4, 1)))
    assert scored["n"] == 4
    assert scored["sequence_accuracy"] == 0.25  # mix heat
    assert word_sequences(rows[:0], np.empty((0, 12)))["n"] == 0


def test_an_input_holds_its_target_only_where_the_trainer_encodes_it(target):
    inputs = {"reaction": featurizer("reaction")}
    steps = Target("operations", 12, task="sequence", classes=("heat", "mix"))
    columns = {"operations": WORDS, "precursors": [None] * 4}
    with pytest.raises(ConfigError, match="reads its own target"):
        refuse_leakage(columns, [steps], inputs)
    refuse_leakage(columns, [steps], inputs, ("sequence",))
    assert leakage_notes(columns, [steps], inputs, range(4), ("sequence",)) == []
    labels = Target("operations", 2, task="multi_label", classes=("heat", "mix"))
    with pytest.raises(ConfigError, match="reads its own target"):
        refuse_leakage(columns, [labels], inputs, ("sequence",))


def _dataset(values):
    return SimpleNamespace(
        columns={"y": values}, units={}, ref="toy@1", rows=lambda ids: np.array(ids, dtype=int)
    )


def test_words_that_training_lacks_are_wrong_and_stop_no_score():
    words = sequence_target("y", [["mix", "heat"]])
    dataset, ids = _dataset([["mix"], ["grind", "mix"], None, []]), np.array(["0", "1", "2", "3"])
    require_classes(dataset, (words,), ids)
    require_names(dataset, (words,), ids)
    with pytest.raises(ConfigError, match="beyond the 2 of train: grind "):
        require_names(_dataset([["mix"], "grind"]), (words,), ids[:2])


@pytest.mark.parametrize("values", [[["a"], ["b"]], [["a"], ["b", "c"]], [[["a"]]], [[None, "a"]]])
def test_lists_of_texts_are_no_numbers(values):
    learns = SimpleNamespace(tasks=("regression",), learns=lambda task: True, mixes_tasks=True)
    with pytest.raises(ConfigError, match="lists of texts") as refused:
        infer_targets(_dataset(values), ("y",), None, np.arange(len(values)), learns)
    assert "y=sequence" in refused.value.next_step


def test_guesses_on_record_are_those_that_were_made(target):
    chances = one_hot(np.array([[1.0, 0, 0, 1], [2, 0, 0, 0], [1, 2, 0, 0]]), 3)
    guessed = predicted_words(chances, target.labels)
    codes = coded_guesses([*guessed, None], target.labels, 4)
    np.testing.assert_array_equal(codes[:3], [[1, 0, 0, 1], [2, 2, 2, 2], [1, 2, 2, 2]])
    assert np.isnan(codes[3]).all()
    table = {
        "material_id": ["a", "b", "c", "d"],
        "truth_steps": [["mix", "heat", "heat"], [], ["mix"], ["mix"]],
        "prediction_steps_class": [*guessed, None],
    }
    shown = recorded("test", target, table)
    # a word in each position: the last one is what was predicted, not the first of all words
    np.testing.assert_array_equal(most_probable(shown.mean[:1], 3), [[1, 0, 0, 1]])


def test_a_perfect_guess_has_no_loss(target):
    true = np.array([target.code(words) for words in WORDS])
    scored = word_sequences(true, one_hot(np.nan_to_num(true), 3))
    assert str(scored["log_loss"]) == "0.0"


def test_a_wider_target_of_sequences_is_one(target):
    wider = _wider(target)
    assert (wider.columns, len(wider.classes)) == (target.columns + 1, len(target.classes) + 1)


def test_outputs_mean_the_same_only_where_all_names_are(target):
    def meaning(*more):
        classes = (*"abcdefghijk", *more)
        kinds = Target("y", len(classes), "1", "classification", classes)
        return _meaning(Schema((kinds,), (Head("y", (len(classes),)),), ()))

    assert meaning("l") == meaning("l") != meaning("m")


def test_behind_a_predicted_end_there_are_no_words():
    chances = np.array([[0.9, 0.1, 0.0, 0.0, 0.2, 0.8, 0.7, 0.3, 0.0]])  # a, end, a
    found = most_probable(chances, 3)
    assert found.tolist() == [[0.0, 2.0, 2.0]]
    words = predicted_words(chances, ("a", "b"))
    assert words == [["a"]]
    assert coded_guesses(words, ("a", "b"), 3).tolist() == found.tolist()
