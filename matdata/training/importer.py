"""What an importer is: it reads weights that another package published; importable without torch.

Registered in the entry-point group ``matdata.importers`` (`matdata.training.IMPORTERS`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class ImportedModel:
    """Published weights, as a trainer of matdata has them.

    Attributes
    ----------
    trainer, hypers
        Name of the trainer whose network they are for, and its hyperparameters.
    state
        Arrays by the names of the network's own ``state_dict``.
    objective
        Objective that the output is decoded by; one number per target is a mean.
    mean, standard_deviation
        Of the normalisation of the target, in its unit: ``mean + standard_deviation * output``.
    elements
        Atomic numbers of the elements that the weights were trained on, ascending.
    files
        What was read, by the names under which the manifest records their digests.
    target, unit
        What is predicted, and its unit; empty where the weights do not say it.
    licence, citation, description
        Of the weights; empty where nothing says it.
    """

    trainer: str
    hypers: Mapping[str, object]
    state: Mapping[str, npt.NDArray[np.generic]]
    objective: str
    mean: float
    standard_deviation: float
    elements: tuple[int, ...]
    files: Mapping[str, Path] = field(default_factory=dict)
    target: str = ""
    unit: str = ""
    licence: str = ""
    citation: str = ""
    description: str = ""


class Importer(ABC):
    """Reads the weights of one package."""

    #: Name before the colon of what is imported, ``name:PLACE``.
    name: ClassVar[str]
    #: What it reads, in a line.
    summary: ClassVar[str]

    @abstractmethod
    def read(self, place: Path) -> ImportedModel:
        """Read weights.

        Parameters
        ----------
        place
            File or folder.

        Raises
        ------
        StoreError
            If a file is missing or damaged.
        TrainError
            If they are of another architecture, naming the tensor and both shapes.
        """
