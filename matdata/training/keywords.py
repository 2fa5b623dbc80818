"""The options of `matdata.train` as type checkers and editors see them.

Their names and meanings are those of `matdata.training.arguments`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from matdata.training.target import Task

#: Texts, or one.
Texts: TypeAlias = str | Sequence[str]


class LoopKeywords(TypedDict, total=False):
    """What trainings, and the trials of a search, have in common."""

    split: str | None
    name: str | None
    task: Task | None
    objective: Texts
    axis: Texts
    target_option: Texts
    epochs: int
    batch_size: int
    lr: float
    loss: str
    clip: float
    patience: int
    ensemble: int
    seed: int
    device: str
    threads: int
    compile: str
    precision: str
    track: str
    set: Mapping[str, Any]
    train: Mapping[str, Any]
    hyper: Mapping[str, Any]
    from_run: str | None
    freeze: Texts
    reinit: Texts
    keep_normalizer: bool
    cache: str | Path | None


class TrainKeywords(LoopKeywords, total=False):
    """How a plugin is trained, beside what and on what.

    ``matdata train --help`` says what each means; ``matdata plugins NAME`` lists what `train` and
    `hyper` hold.
    """

    no_validation: bool
