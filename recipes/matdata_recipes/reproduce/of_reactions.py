"""Chapter 5 of Goodall's thesis: scores of models of reactions as checks beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matdata import __version__
from matdata.store.records import read_record, write_record
from matdata_recipes import places
from matdata_recipes.reaction_rows import SIZES, THESIS, Row, Size
from matdata_recipes.reaction_tables import FIGURES, Scored, Study
from matdata_recipes.reproduce.analyses import Asked, Check
from matdata_recipes.reproduce.ours import file_of

#: Scores that are 1 for a perfect model.
BEST_IS_ONE = ("subset accuracy", "weighted F1", "R²")
#: What differs from the thesis whatever the size.
DATA = "another release and rule of selection: see `python -m matdata_recipes.reactions`"
NULL = (
    "end to end, as the text describes it; the thesis's amounts seem to be those with the true "
    "elements, which stand beside them"
)


def of_reactions(asked: Asked) -> list[Check]:
    """Checks of an item, whose rows are trained first; its figure."""
    small = asked.limit is not None
    size = SIZES["small"] if small else THESIS
    study = Study(size, asked.seeds, asked.cache, asked.files, asked.threads, asked.limit)
    name = asked.item.name
    if asked.pictures is not None:
        study.draw(name, asked.pictures)
    return checks_of(name, study)


def checks_of(item: str, study: Study) -> list[Check]:
    """Scores of all rows; of a figure, which prints none, they are trained and drawn alone."""
    scored = study.scores(item)
    if item in FIGURES:
        return []
    return [_check(one, study.size) for one in scored]


def _check(one: Scored, size: Size) -> Check:
    """A score as an error: what is compared by its share would hide errors of a score near 1."""
    label, values, published = one.metric, one.values, one.published
    if label.startswith(BEST_IS_ONE):
        label, values = f"1 - {label}", tuple(1.0 - value for value in values)
        published = None if published is None else round(1.0 - published, 3)
    label = f"{one.row.name}, {label}"
    return Check(
        label, values[0] if values else None, published, None, _reason(one.row, size), values
    )


def record(item: str, study: Study) -> Path:
    """Write the record of an item, as `matdata reproduce` does; returns its path.

    Numbers that the file holds of rows that are not trained in this cache are kept, with the
    reasons that say of which networks they are.
    """
    from matdata_recipes.reproduce.registry import find

    found = find(f"goodall:{item}")
    path = places.written("analyses", study.cache) / file_of(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    checks: list[Mapping[str, Any]] = [asdict(one) for one in checks_of(item, study)]
    if path.is_file():
        checks = _with_former(checks, read_record(path)["checks"])
    content = {
        "item": found.ref,
        "matdata": __version__,
        "checks": checks,
        "runs": [],
        "files": sorted(path.name for path in study.files),
    }
    write_record(path, content)
    return path


def _with_former(
    checks: Sequence[Mapping[str, Any]], former: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Checks, with those on record in place of numbers that were not made."""
    before = {check["what"]: check for check in former if check["ours"] is not None}
    kept = [before.get(one["what"], one) if one["ours"] is None else one for one in checks]
    named = {check["what"] for check in checks}
    return kept + [check for label, check in before.items() if label not in named]


def _reason(row: Row, size: Size) -> str:
    if not row.model:
        return f"{DATA}; {NULL}"
    together = "elements and amounts are learnt in one run"
    if size.name == THESIS.name:
        return f"{together}; {DATA}" if row.together else DATA
    changes = ", ".join(f"{key}={value}" for key, value in size.hypers(row).items())
    epochs = f"{size.epochs} epochs of elements and {size.amount_epochs} of amounts"
    if row.together:
        epochs = f"{together}, {size.epochs_of(row)[1]} epochs"
    encoder = "absent" if "actions" in row.changes else row.encoder
    return (
        f"a smaller network ({changes}), ensemble of {size.ensemble}, {epochs} at a rate from "
        f"{size.lr:g}, encoder of operations {encoder}; {DATA}"
    )
