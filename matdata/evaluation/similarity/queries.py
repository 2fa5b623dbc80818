"""What is asked about: materials of the run's dataset by their ids, or whatever `predict` takes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.cache import places
from matdata.core.composition import parse_formula
from matdata.core.errors import ConfigError, StructureError, did_you_mean, first_few
from matdata.core.given import require_given
from matdata.evaluation.materials import named_materials
from matdata.store.catalogue import datasets, find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.run import Run

#: What an id is written after that could be something else.
MARK = "id:"


@dataclass(frozen=True, eq=False)
class MaterialIds:
    """Materials of the run's own dataset.

    Attributes
    ----------
    dataset
        That dataset.
    ids : (q,) str
        In the order in which they were asked for.
    """

    dataset: DatasetFolder
    ids: npt.NDArray[np.str_]


def named_query(run: Run, texts: Sequence[str]) -> tuple[object, tuple[str, ...]]:
    """What texts name, and the texts, with the exact reference of a dataset.

    Returns
    -------
    materials
        `MaterialIds`, an open dataset, or files and formulas.
    names

    Raises
    ------
    ConfigError
        If a text is empty or could be two things, only some are ids, or an id is repeated.
    StoreError
        If the run's dataset holds no material of a marked id.
    StructureError
        If the only text is nothing of all this.
    TrainError
        If the run was imported without a dataset.
    """
    for text in texts:
        require_given(text, "a name among what is asked about")
    dataset = find_dataset(run.cache, run.dataset_ref)
    ids = [text.removeprefix(MARK) for text in texts]
    known = set(dataset.ids.tolist())
    lacking = [name for name, text in zip(ids, texts, strict=True) if not _is_id(text, known)]
    if not lacking:
        for text in texts:
            _require_one_meaning(run, text)
        repeated = [name for name, count in Counter(ids).items() if count > 1]
        if repeated:
            raise ConfigError(
                f"{first_few(map(repr, repeated))} is asked about more than once",
                next_step="name each material once",
            )
        dataset.rows(np.array(ids, dtype=np.str_))  # of marked ids: refused here
        return MaterialIds(dataset, np.array(ids, dtype=np.str_)), tuple(texts)
    if len(lacking) < len(texts):
        raise ConfigError(
            f"some of what is asked about are ids of materials of {dataset.ref}, and "
            f"{first_few(map(repr, lacking))} no such id{did_you_mean(lacking[0], known)}",
            next_step="ask for ids, and for files and formulas, in two commands",
        )
    return named_materials(run.cache, texts)


def _is_id(text: str, known: set[str]) -> bool:
    return text.startswith(MARK) or text in known


def _require_one_meaning(run: Run, text: str) -> None:
    """Refuse an id that could be a dataset, a formula or a file as well, unless it is marked."""
    if text.startswith(MARK):
        return
    others = {"id": f"{MARK}{text}"}
    if any(text.partition("@")[0] in datasets(place) for place in places(run.cache)):
        others["dataset"] = f"{text}@VERSION"
    with suppress(StructureError):
        parse_formula(text)
        others["formula"] = f"({text})"
    if os.path.exists(text):
        others["file"] = f"./{text}"
    if len(others) > 1:
        raise ConfigError(
            f"{text!r} is {' and '.join(f'a {one}' if one != 'id' else 'an id' for one in others)}",
            next_step="write " + ", ".join(f"{how} for the {one}" for one, how in others.items()),
        )
