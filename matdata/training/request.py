"""What a user asks of a training, unchecked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matdata.training.target import Task
from matdata.training.target_request import TargetRequest


@dataclass(frozen=True)
class Request:
    """What a user asks for, unchecked.

    Attributes
    ----------
    plugin, dataset, split
        Names; the only split if none is given.
    targets
        Columns of the table, or expressions over them (``log10(k_vrh)``, ``band_gap > 0``).
    target_requests
        Requests for some of them, by name: objective, axis, normalizer.
    hypers, settings
        Values for the plugin's hyperparameters and for `TrainSettings`.
    task
        ``regression``, ``classification``, or None: classes if the column holds text, or true and
        false.
    from_run
        Name of a run whose weights are taken over.
    freeze, reinit
        Patterns of weights that stay as they are, or are not taken over.
    keep_normalizer
        Whether targets are normalised as in `from_run`, not by the training part.
    """

    plugin: str
    dataset: str
    targets: tuple[str, ...]
    split: str | None = None
    hypers: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    task: Task | None = None
    from_run: str | None = None
    freeze: tuple[str, ...] = ()
    reinit: tuple[str, ...] = ()
    keep_normalizer: bool = False
    target_requests: Mapping[str, TargetRequest] = field(default_factory=dict)
