"""Targets that are sequences of words: numbers by position, their loss and their scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from matdata.core.errors import ConfigError
from matdata.features import featurizer
from matdata.training.leakage import leakage_notes, refuse_leakage
from matdata.training.objectives.sequence import WordSequence
from matdata.training.scores.sequence_metrics import frequencies, word_sequences
from matdata.training.target import Target
from matdata.training.target_kinds import sequence_target
from matdata.training.word_sequences import (
    chances_of_words,
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
    [([1.0], "holds no sequences"), ([["a", 1]], "holds no sequences"), ([[], []], "0 different")],
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
