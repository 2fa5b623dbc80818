"""Targets that are neither numbers nor classes: sets of labels, shares of elements, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from matdata.core.errors import ConfigError, StructureError
from matdata.training.element_shares import ELEMENTS, element_labels, element_shares
from matdata.training.target import Target

#: Most labels, or words, of a target; most words of a sequence; most numbers that are predicted
#: of a sequence, positions times words and their end.
MOST_LABELS, LONGEST, MOST_NUMBERS = 1000, 1000, 100_000


def label_target(name: str, values: list[object]) -> Target:
    """A target of several labels per material.

    The column holds lists of texts, which are the labels, or lists of 0 and 1, true and false, or
    formulas, of which the labels are all elements from H to Og.

    Raises
    ------
    ConfigError
        If it holds anything else.
    """
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        for text in texts:
            _require_formula(name, text, "a column of formulas, or of lists of labels")
        labels = element_labels()
        return Target(name, len(labels), "1", "multi_label", labels)
    rows = [value for value in values if isinstance(value, (list, tuple))]
    if len(rows) < len(values):
        raise _no_labels(name, values[0])
    if all(isinstance(item, str) for row in rows for item in row):
        labels = tuple(sorted({item for row in rows for item in row}))
        if not 0 < len(labels) <= MOST_LABELS:
            raise ConfigError(
                f"{name} holds {len(labels):,} different labels, expected 1 to {MOST_LABELS:,}"
            )
        return Target(name, len(labels), "1", "multi_label", labels)
    sizes = set(map(len, rows))
    if len(sizes) > 1 or not all(item in (0, 1) for row in rows for item in row):
        raise _no_labels(name, values[0])
    return Target(name, sizes.pop(), "1", "multi_label")


def _no_labels(name: str, value: object) -> ConfigError:
    return ConfigError(
        f"{name} holds no labels, for example {str(value)[:60]!r}: expected lists of texts, or "
        "lists of 0 and 1 of one length, or formulas",
        next_step="choose another objective, or another column",
    )


def share_target(name: str, values: list[object]) -> Target:
    """A target whose numbers are shares: formulas, or lists of numbers that are not negative.

    Raises
    ------
    ConfigError
        If it holds anything else.
    """
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        for text in texts:
            _require_formula(name, text, "a column of formulas, or of lists of shares")
        return Target(name, ELEMENTS, "1", "distribution")
    rows = [value for value in values if isinstance(value, (list, tuple))]
    sizes = set(map(len, rows))
    if len(rows) < len(values) or len(sizes) != 1 or not all(map(_are_shares, rows)):
        raise ConfigError(
            f"{name} holds no shares, for example {str(values[0])[:60]!r}: expected formulas, or "
            "lists of numbers of one length that are not negative and not all 0",
            next_step="choose another objective, or another column",
        )
    return Target(name, sizes.pop(), "1", "distribution")


def sequence_target(name: str, values: list[object]) -> Target:
    """A target of words in order, such as the operations of a synthesis: lists of texts.

    Its positions are one more than the words of the longest, for the end.

    Raises
    ------
    ConfigError
        If it holds anything else, no word at all, or too many different or too long ones.
    """
    rows = [value for value in values if _is_sequence(value)]
    if len(rows) < len(values):
        wrong = next(value for value in values if not _is_sequence(value))
        raise ConfigError(
            f"{name} holds no sequences, for example {str(wrong)[:60]!r}: expected lists of texts",
            next_step="choose another objective, or another column",
        )
    words = tuple(sorted({str(item) for row in rows for item in row}))
    longest = max(map(len, rows))
    if not 0 < len(words) <= MOST_LABELS or longest > LONGEST:
        raise ConfigError(
            f"{name} holds {len(words):,} different words, the longest sequence {longest:,}; "
            f"expected 1 to {MOST_LABELS:,}, and at most {LONGEST:,} in a sequence"
        )
    size = (longest + 1) * (len(words) + 1)
    if size > MOST_NUMBERS:
        raise ConfigError(
            f"{name} holds {len(words):,} different words and sequences of up to {longest:,}: "
            f"{size:,} probabilities for each material, expected at most {MOST_NUMBERS:,}",
            next_step="shorten the sequences, or give rare words one name",
        )
    return Target(name, size, "1", "sequence", words)


def _is_sequence(value: object) -> TypeGuard[Sequence[str]]:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def _are_shares(value: Sequence[object]) -> bool:
    numbers = [item for item in value if isinstance(item, (int, float))]
    return len(numbers) == len(value) and min(numbers, default=-1) >= 0 and sum(numbers) > 0


def _require_formula(name: str, text: str, wanted: str) -> None:
    try:
        element_shares(text)
    except StructureError as error:
        raise ConfigError(
            f"{name} holds {text[:60]!r}, which is no formula: {error.what}",
            next_step=f"choose {wanted}",
        ) from error
