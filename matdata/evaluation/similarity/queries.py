"""What is asked about: materials of the run's dataset by their ids, or whatever `predict` takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, StructureError, did_you_mean, first_few
from matdata.core.given import require_given
from matdata.evaluation.materials import (
    named_materials,
    names_dataset,
    require_one_meaning,
    run_reads_reactions,
)
from matdata.store.catalogue import find_dataset
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
            if not text.startswith(MARK):
                require_one_meaning(text, names_dataset(run.cache, text), f"{MARK}{text}")
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
    try:
        return named_materials(run.cache, texts, run_reads_reactions(run))
    except StructureError as error:
        raise StructureError(
            f"{error.what}; nor is it an id of {dataset.ref}{did_you_mean(texts[0], known)}",
            cause=error.cause,
            next_step=error.next_step,
        ) from error


def _is_id(text: str, known: set[str]) -> bool:
    return text.startswith(MARK) or text in known
