"""Materials as a command or a configuration file names them: a dataset, files, or formulas."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from matdata.core.cache import places
from matdata.core.composition import parse_formula
from matdata.core.errors import ConfigError, StructureError
from matdata.core.given import require_given
from matdata.core.ledger import Unusable
from matdata.materials.reaction_text import GRAMMAR
from matdata.materials.reactions import reaction_or_path, reads_reactions
from matdata.store.catalogue import datasets, find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.run import Run


def named_materials(
    cache: Path, texts: Sequence[str], reactions: bool = False
) -> tuple[DatasetFolder | list[str], tuple[str, ...]]:
    """What texts name: the dataset, or files and formulas; and the texts, with the exact reference
    of the dataset.

    Parameters
    ----------
    cache
        Where datasets are looked for.
    texts
        As written.
    reactions
        Whether they are reactions (`run_reads_reactions`) in place of formulas.

    Raises
    ------
    ConfigError
        If a text is empty, or could be two of a dataset, a formula and a file.
    StructureError
        If the only text is none of them.
    """
    for text in texts:
        require_given(text, "a name among what is to be predicted")
    is_dataset = len(texts) == 1 and names_dataset(cache, texts[0])
    for text in texts:
        require_one_meaning(text, is_dataset)
    if is_dataset:
        dataset = find_dataset(cache, texts[0])
        return dataset, (dataset.ref,)
    if len(texts) == 1 and not os.path.exists(texts[0]):
        (_require_reaction if reactions else _require_formula)(texts[0])
    return list(texts), tuple(texts)


def _require_formula(text: str) -> None:
    """Refuse what cannot be predicted before anything is imported for it, which takes seconds."""
    try:
        parse_formula(text)
    except StructureError as error:
        raise StructureError(
            f"{text[:200]} is no dataset of the cache, no file, and no formula: {error.what}",
            cause=error.cause,
            next_step="`matdata list` shows the datasets",
        ) from error


def _require_reaction(text: str) -> None:
    """The same of a reaction."""
    try:
        reaction_or_path(text)
    except Unusable as error:
        raise StructureError(
            f"{text[:200]} is no dataset of the cache, no file, and no reaction: {error}",
            next_step=f"write a reaction such as {GRAMMAR}",
        ) from error


def run_reads_reactions(run: Run) -> bool:
    """Whether a run predicts from reactions, not from structures or formulas."""
    return reads_reactions(run.schema.featurizers.values())


def names_dataset(cache: Path, text: str) -> bool:
    """Whether a text is the name of a dataset, or one of its versions."""
    return any(text.partition("@")[0] in datasets(place) for place in places(cache))


def require_one_meaning(text: str, is_dataset: bool, marked_id: str = "") -> None:
    """Refuse a text that could be two of an id, a dataset, a formula and a file.

    Parameters
    ----------
    text
        The text.
    is_dataset
        Whether it is the name of a dataset.
    marked_id
        How it is written as the id of a material; empty if it is none.

    Raises
    ------
    ConfigError
        With what to write for each.
    """
    meanings = {"material": marked_id} if marked_id else {}
    if is_dataset:
        meanings["dataset"] = f"{text}@VERSION"
    with contextlib.suppress(StructureError):
        parse_formula(text)
        meanings["formula"] = f"({text})"
    if os.path.exists(text):
        meanings["file"] = f"./{text}"
    if len(meanings) > 1:
        raise ConfigError(
            f"{text!r} is the name of a {' and a '.join(meanings)}",
            next_step="write " + ", ".join(f"{how} for the {one}" for one, how in meanings.items()),
        )
