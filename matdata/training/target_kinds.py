"""Targets that are neither numbers nor classes: sets of labels, shares of elements."""

from __future__ import annotations

from typing import Any

from matdata.core.errors import ConfigError, StructureError
from matdata.training.element_shares import ELEMENTS, element_shares
from matdata.training.target import Target

#: Most labels of a target.
MOST_LABELS = 1000


def label_target(name: str, values: list[Any]) -> Target:
    """A target of several labels per material.

    The column holds lists of texts, which are the labels, or lists of 0 and 1, true and false.

    Raises
    ------
    ConfigError
        If it holds anything else.
    """
    if not all(isinstance(value, (list, tuple)) for value in values):
        raise _no_labels(name, values[0])
    if all(isinstance(item, str) for value in values for item in value):
        labels = tuple(sorted({item for value in values for item in value}))
        if not 0 < len(labels) <= MOST_LABELS:
            raise ConfigError(
                f"{name} holds {len(labels):,} different labels, expected 1 to {MOST_LABELS:,}"
            )
        return Target(name, len(labels), "1", "multi_label", labels)
    sizes = {len(value) for value in values}
    if len(sizes) > 1 or not all(item in (0, 1) for value in values for item in value):
        raise _no_labels(name, values[0])
    return Target(name, sizes.pop(), "1", "multi_label")


def _no_labels(name: str, value: Any) -> ConfigError:
    return ConfigError(
        f"{name} holds no labels, for example {str(value)[:60]!r}: expected lists of texts, or "
        "lists of 0 and 1 of one length",
        next_step="choose another objective, or another column",
    )


def share_target(name: str, values: list[Any]) -> Target:
    """A target whose numbers are shares: formulas, or lists of numbers that are not negative.

    Raises
    ------
    ConfigError
        If it holds anything else.
    """
    if all(isinstance(value, str) for value in values):
        for value in values:
            _require_formula(name, value)
        return Target(name, ELEMENTS, "1", "distribution")
    lists = all(isinstance(value, (list, tuple)) for value in values)
    sizes = {len(value) for value in values} if lists else set()
    if len(sizes) != 1 or not all(_are_shares(value) for value in values):
        raise ConfigError(
            f"{name} holds no shares, for example {str(values[0])[:60]!r}: expected formulas, or "
            "lists of numbers of one length that are not negative and not all 0",
            next_step="choose another objective, or another column",
        )
    return Target(name, sizes.pop(), "1", "distribution")


def _are_shares(value: Any) -> bool:
    numbers = all(isinstance(item, (int, float)) for item in value)
    return numbers and min(value, default=-1) >= 0 and sum(value) > 0


def _require_formula(name: str, text: str) -> None:
    try:
        element_shares(text)
    except StructureError as error:
        raise ConfigError(
            f"{name} holds {text[:60]!r}, which is no formula: {error.what}",
            next_step="choose a column of formulas, or of lists of shares",
        ) from error
