"""Predictions beside the truth: parity of numbers and spectra, tables of classes and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from matdata.core.documents import JsonMapping
from matdata.core.elements import symbols
from matdata.core.units import with_unit
from matdata.reports.intervals import counted, intervals
from matdata.reports.markup import (
    Html,
    Section,
    Table,
    count,
    escaped,
    figure,
    note,
    number,
    paragraph,
    side_by_side,
    subheading,
)
from matdata.reports.run.results import Results
from matdata.reports.run.shown import Float, Shown
from matdata.reports.run.spectra import spectra
from matdata.reports.svg.bars import histogram
from matdata.reports.svg.points import POINTS, parity
from matdata.training.target import Task
from matdata.training.word_sequences import most_probable

CLASSES = 24  # of a confusion matrix that is shown
LABELS = 40  # labels or shares that are listed
#: Shares that both are below are no point of a picture: nearly all elements are in no compound.
SHARE = 0.005


def parities(results: Results) -> Section:
    """Predicted over true values, and the distribution of the errors; matrix of classes; labels."""
    body: list[object] = []
    scores = {(part, name): scored for part, name, scored in results.scored()}
    for shown in results.shown:
        body.append(subheading(shown.title))
        if not len(shown.ids):
            body.append(paragraph("No material has a true value and a prediction."))
            continue
        if shown.step > 1:
            body.append(note(f"One in {shown.step} materials of the part was predicted."))
        scored = scores.get((shown.part, shown.target.name), {})
        body += list(_KINDS[shown.target.task](shown, scored))
    there = {(shown.part, shown.target.name) for shown in results.shown}
    for key, scored in scores.items():  # the matrix is on record, whatever can be predicted today
        if key not in there and "confusion" in scored:
            body += [subheading(f"{key[1]}: {key[0]}"), *_confusion(scored)]
    if results.hindrance:
        why = escaped(results.hindrance, 600)
        body.append(note("The validation part could not be predicted: ", why, "."))
    return Section("parity", "Predictions and truth", body)


def _numbers(shown: Shown, scored: JsonMapping) -> Iterator[object]:
    known = np.isfinite(shown.true)
    yield _pair(shown, shown.true[known], shown.mean[known], "material" if shown.is_number else "")
    if not shown.is_number:
        yield from spectra(shown, scored)


def _pair(shown: Shown, true: Float, mean: Float, of: str = "") -> Html:
    """Predicted over true numbers (n,), and the distribution of their differences."""
    error, noun = mean - true, of or "number"
    step = -(-len(error) // POINTS)
    caption = count(len(error), noun)
    caption += "" if of else f" of {count(len(shown.ids), 'material')}"
    caption += f", one in {step} of them drawn" if step > 1 else ""
    edges, outside = intervals(error)
    title = with_unit(f"predicted − true {shown.target.name}", shown.target.unit)
    bars = histogram(
        edges, {"all": counted(error, edges)}, "Distribution of the errors", title, of=f"{noun}s"
    )
    middle = f"mean error {number(float(error.mean()))}, mean absolute error "
    middle += number(float(np.abs(error).mean()))
    middle += f"; {count(outside, 'error')} outside of the picture" if outside else ""
    label = f"Predicted over true {shown.target.name}"
    return side_by_side(
        figure(parity(true, mean, label, shown.name), caption), figure(bars, middle)
    )


def _classes(shown: Shown, scored: JsonMapping) -> Iterator[object]:
    yield from _confusion(scored)
    yield _sizes(shown)


def _confusion(scored: JsonMapping) -> Iterator[object]:
    counts = scored.get("confusion")
    if counts is None:
        return
    if len(counts) > CLASSES:
        yield note(f"The matrix of its {len(counts)} classes has no room here.")
        return
    names = [str(one) for one in scored.get("classes") or range(len(counts))]
    rows = [(name, *(f"{n:,}" for n in row)) for name, row in zip(names, counts, strict=True)]
    yield Table(("true, predicted", *names), rows, "Materials by true and predicted class")


def _labels(shown: Shown, scored: JsonMapping) -> Iterator[object]:
    """A row per label: how often it is there, predicted, and both."""
    real, guess = shown.true > 0.5, shown.mean > 0.5
    true, found, both = real.sum(0), guess.sum(0), (real & guess).sum(0)
    at = np.flatnonzero(true + found)
    at = at[np.lexsort((at, -(true + found)[at]))]
    rows = [
        (
            shown.target.labels[k],
            f"{true[k]:,}",
            f"{found[k]:,}",
            f"{both[k]:,}",
            number(both[k] / found[k] if found[k] else None),
            number(both[k] / true[k] if true[k] else None),
            number(2 * both[k] / (true[k] + found[k])),
        )
        for k in at[:LABELS].tolist()
    ]
    head = (
        "label",
        "materials with it",
        "predicted",
        "of these right",
        "precision",
        "recall",
        "F1",
    )
    beyond = len(at) - LABELS
    caption = f"Labels of {count(len(shown.ids), 'material')}; one is predicted above 1/2"
    yield Table(head, rows, caption, count(beyond, "label") if beyond > 0 else "")
    nowhere = len(true) - len(at)
    if nowhere:
        yield note(f"{count(nowhere, 'label')} neither true nor predicted for any of them.")
    yield _sizes(shown)


def _shares(shown: Shown, scored: JsonMapping) -> Iterator[object]:
    """Parity of shares, and a row per element: mean shares, and how far they are off."""
    true, mean = shown.shares, shown.mean
    there = (true >= SHARE) | (mean >= SHARE)
    yield _pair(shown, true[there], mean[there], "share")
    yield note(f"Of shares that are below {SHARE:g} in truth and prediction no point is drawn.")
    off = np.abs(mean - true).mean(0)
    at = np.flatnonzero(there.any(0))
    at = at[np.lexsort((at, -off[at]))]
    rows = [
        (
            share_name(shown, k),
            f"{(true[:, k] > 0).sum():,}",
            number(float(true[:, k].mean())),
            number(float(mean[:, k].mean())),
            number(float(off[k])),
        )
        for k in at[:LABELS].tolist()
    ]
    beyond = len(at) - LABELS
    head = ("share of", "materials with it", "mean true", "mean predicted", "mean abs. error")
    yield Table(head, rows, more=count(beyond, "share") if beyond > 0 else "")
    yield _sizes(shown)


def _sequences(shown: Shown, scored: JsonMapping) -> Iterator[object]:
    """A row per word: how often it is there, and how often at its position it is found."""
    names = (*shown.target.labels, "(end)")
    found = most_probable(shown.mean, len(names))
    known = np.isfinite(shown.true)
    rows = []
    for index, name in enumerate(names):
        here = known & (shown.true == index)
        guess = known & (found == index)
        right = int((here & guess).sum())
        rows.append(
            (
                name,
                f"{int(here.sum()):,}",
                f"{int(guess.sum()):,}",
                f"{right:,}",
                number(right / guess.sum() if guess.any() else None),
                number(right / here.sum() if here.any() else None),
            )
        )
    rows.sort(key=lambda row: -int(row[1].replace(",", "")))
    head = ("word", "positions with it", "predicted", "of these right", "precision", "recall")
    beyond = len(rows) - LABELS
    caption = f"Words of the sequences of {count(len(shown.ids), 'material')}, by position"
    yield Table(head, rows[:LABELS], caption, count(beyond, "word") if beyond > 0 else "")
    yield _sizes(shown)


def share_name(shown: Shown, place: int) -> str:
    """What a share is of: the element, or its place where the shares are of anything else."""
    return symbols()[place + 1] if shown.target.is_of_elements else str(place)


def _sizes(shown: Shown) -> Html:
    """The distribution of how far materials are off."""
    edges, outside = intervals(shown.errors)
    bars = histogram(
        edges, {"all": counted(shown.errors, edges)}, f"Materials by {shown.measure}", shown.measure
    )
    text = f"{count(len(shown.ids), 'material')} by {shown.measure}, "
    text += f"on average {number(float(shown.errors.mean()))}"
    text += f"; {count(outside, 'material')} outside of the picture" if outside else ""
    return figure(bars, text)


_KINDS: dict[Task, Callable[[Shown, JsonMapping], Iterator[object]]] = {
    "regression": _numbers,
    "classification": _classes,
    "multi_label": _labels,
    "distribution": _shares,
    "sequence": _sequences,
}
