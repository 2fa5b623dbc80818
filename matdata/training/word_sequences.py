"""Sequences of words as numbers by position; importable without torch.

A target of sequences has k words and p positions, one more than the longest sequence of the
training part has words. The end of a sequence is the class k, which stands in the position after
its last word; positions beyond it are not known (NaN).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
#: Code, and word, of what training did not have, which is never predicted.
UNKNOWN, UNKNOWN_WORD = -1.0, "…"


def coded(cell: Sequence[object], codes: Mapping[str, int], positions: int) -> list[float]:
    """The class at each position of a sequence, NaN behind its end.

    Of a sequence that is too long the last position is `UNKNOWN`, so that no prediction of it is
    right.
    """
    numbers = [
        float(codes[word]) if isinstance(word, str) and word in codes else UNKNOWN for word in cell
    ]
    if len(numbers) >= positions:
        return [*numbers[: positions - 1], UNKNOWN]
    return [*numbers, float(len(codes)), *[float("nan")] * (positions - len(numbers) - 1)]


def coded_guesses(
    cells: Sequence[Sequence[str] | None], names: Sequence[str], positions: int
) -> Float:
    """The classes (n, p) of predicted words, as `predicted_words` has them: the end behind the last
    word, and none where there is a word in each position; NaN where nothing is predicted.
    """
    codes = {name: index for index, name in enumerate(names)}
    found = np.full((len(cells), positions), float(len(names)))
    for row, words in zip(found, cells, strict=True):
        if words is None:
            row[:] = np.nan
        else:
            row[: len(words)] = [codes.get(word, UNKNOWN) for word in words]
    return found


def words_of(indices: Float, names: Sequence[str]) -> list[list[str] | None]:
    """The words (n, p) indices stand for, up to the end of each; None of a row that is not known.

    Where no end is there, what stands in all positions.
    """
    found: list[list[str] | None] = []
    for row in indices.tolist():
        if row[0] != row[0]:
            found.append(None)
            continue
        words = []
        for index in row:
            if index != index or index == len(names):
                break
            words.append(names[int(index)] if index >= 0 else UNKNOWN_WORD)
        found.append(words)
    return found


def most_probable(chances: Float, classes: int) -> Float:
    """The most probable class at each position, (n, p), of probabilities (n, p * classes); NaN
    where one is no number. Behind the first end all are ends, as in tables of words.
    """
    by_position = chances.reshape(len(chances), -1, classes)
    lost = np.isnan(by_position).any(2)
    best = by_position.argmax(2)
    ended = np.logical_or.accumulate(best == classes - 1, axis=1)
    found: Float = np.where(lost, np.nan, np.where(ended, classes - 1, best))
    return found


def one_hot(indices: Float, classes: int) -> Float:
    """1 at the class of each position and 0 elsewhere, (n, p * classes); NaN where none is known,
    0 for what is unknown.
    """
    hot = (indices[..., None] == np.arange(classes)).astype(np.float64)
    hot[np.isnan(indices)] = np.nan
    flat: Float = hot.reshape(len(indices), -1)
    return flat


def predicted_words(chances: Float, names: Sequence[str]) -> list[list[str] | None]:
    """The most probable words of each row of probabilities (n, p * classes), up to the end; None
    where a probability is no number.
    """
    return words_of(most_probable(chances, len(names) + 1), names)


def chances_of_words(chances: Float, names: Sequence[str]) -> list[list[float] | None]:
    """The probability of each of the words of `predicted_words`."""
    highest = chances.reshape(len(chances), -1, len(names) + 1).max(2).tolist()
    pairs = zip(predicted_words(chances, names), highest, strict=True)
    return [None if words is None else best[: len(words)] for words, best in pairs]
