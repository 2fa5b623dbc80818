"""The materials that a run predicts worst, and what they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matdata.core.errors import MatdataError
from matdata.reports.markup import Html, Section, Table, code, count, number, subheading
from matdata.reports.run.parity import share_name
from matdata.reports.run.results import Results
from matdata.reports.run.shown import Float, Shown
from matdata.training.word_sequences import most_probable, words_of

LISTED = 12
#: Labels or shares of a material that are named.
NAMED = 6


def worst(results: Results) -> Section:
    """The materials with the largest errors, and what they are."""
    body: list[object] = []
    for shown in results.decisive:
        order = np.lexsort((shown.ids, -shown.errors))[:LISTED].tolist()
        rows = [_material(results, shown, row) for row in order]
        head = ("material", "formula", *_head(shown), "structure")
        body += [subheading(shown.title), Table(head, rows)]
    return Section("worst", "Worst materials", body)


def _head(shown: Shown) -> tuple[str, ...]:
    if shown.is_number:
        return (
            "true",
            "predicted",
            "error",
            *(("deviation",) if shown.deviation is not None else ()),
        )
    if shown.target.task == "regression":
        return (shown.measure, "mean error")
    if shown.target.task == "multi_label":
        return (shown.measure, "missing", "too many")
    return (shown.measure, "true", "predicted")


def _material(results: Results, shown: Shown, row: int) -> tuple[object, ...]:
    identity = str(shown.ids[row])
    formula, structure = _structure(results, identity)
    return code(identity, 60), formula, *_values(shown, row), structure


def _values(shown: Shown, row: int) -> tuple[str, ...]:
    """What is true and predicted of a material, as `_head` names it."""
    true, mean, size = shown.true[row], shown.mean[row], number(float(shown.errors[row]), 3)
    if shown.target.task == "regression":
        assert shown.signed is not None
        error = float(shown.signed[row])
        signed = f"{'+' if error > 0 else ''}{number(error, 3)}"
        if not shown.is_number:
            return size, signed
        deviation = () if shown.deviation is None else (number(float(shown.deviation[row, 0]), 3),)
        return number(float(true[0])), number(float(mean[0])), signed, *deviation
    if shown.target.task == "classification":
        names, index = shown.target.labels, int(true[0])
        return size, names[index] if index >= 0 else "none of training", names[int(mean.argmax())]
    if shown.target.task == "sequence":
        found = most_probable(shown.mean[row : row + 1], len(shown.target.classes) + 1)
        return size, _words(shown, true), _words(shown, found[0])
    if shown.target.task == "multi_label":
        real, guess = true > 0.5, mean > 0.5
        return size, *(
            _labels(shown, np.flatnonzero(one)) for one in (real & ~guess, guess & ~real)
        )
    return size, _shares(shown, shown.shares[row]), _shares(shown, mean)


def _words(shown: Shown, indices: Float) -> str:
    """A sequence as text."""
    (words,) = words_of(indices[None], shown.target.labels)
    return " ".join(words or []) or "–"


def _labels(shown: Shown, places: Sequence[int] | np.ndarray) -> str:
    names = [shown.target.labels[k] for k in places[:NAMED]]
    return ", ".join(names) + (" …" if len(places) > NAMED else "") if names else "–"


def _shares(shown: Shown, shares: Float) -> str:
    """The largest shares: ``O 0.60, Ti 0.40``."""
    order = np.argsort(-shares, kind="stable")[:NAMED].tolist()
    return ", ".join(f"{share_name(shown, k)} {shares[k]:.2f}" for k in order if shares[k] >= 0.005)


def _structure(results: Results, identity: str) -> tuple[str, str | Html]:
    """Formula, and cell of a material in words: lengths, angles, sites, space group."""
    dataset = results.dataset
    if dataset is None:
        return "", "not known"
    cells = dataset.columns.row(dataset.row(identity))
    formula = str(cells.get("formula") or "")
    try:
        crystal = dataset.crystal(identity)
    except MatdataError:
        return formula, "formula only"
    lengths, angles = _cell(crystal.lattice[0])
    group = cells.get("space_group_number")
    system = f", space group {group} ({cells.get('crystal_system')})" if group else ""
    return formula, (
        f"{', '.join(f'{one:.2f}' for one in lengths)} Å; "
        f"{', '.join(f'{one:.0f}°' for one in angles)}; "
        f"{count(len(crystal.numbers), 'site')}{system}"
    )


def _cell(lattice: Float) -> tuple[Float, Float]:
    """Lengths of the lattice vectors (rows), Å, and the angles between them in degrees."""
    lengths = np.linalg.norm(lattice, axis=1)
    cosines = [
        float(lattice[a] @ lattice[b] / (lengths[a] * lengths[b]))
        for a, b in ((1, 2), (0, 2), (0, 1))
    ]
    return lengths, np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
