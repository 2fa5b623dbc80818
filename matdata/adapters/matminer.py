"""matminer's featurizers by class name: columns in, arrays out, one material at a time."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions, formula_of
from matdata.core.crystals import Crystals
from matdata.core.errors import FeatureError, did_you_mean
from matdata.core.packages import needed_for

if TYPE_CHECKING:
    from matminer.featurizers.base import BaseFeaturizer

Kind = Literal["structure", "composition", "site"]
KINDS: tuple[Kind, ...] = ("structure", "composition", "site")


def find_class(name: str) -> tuple[Kind, type[BaseFeaturizer]]:
    """A matminer featurizer by its class name, with the kind of its input.

    Raises
    ------
    FeatureError
        If there is none of that name; suggests the closest one.
    """
    with needed_for("a feature of matminer"):
        from matminer.featurizers.base import BaseFeaturizer

    classes: dict[str, tuple[Kind, type[BaseFeaturizer]]] = {}
    for kind in KINDS:
        for attribute in vars(import_module(f"matminer.featurizers.{kind}")).values():
            if isinstance(attribute, type) and issubclass(attribute, BaseFeaturizer):
                classes.setdefault(attribute.__name__, (kind, attribute))
    if name not in classes:
        raise FeatureError(
            f"matminer has no featurizer {name or '(none named)'!r}{did_you_mean(name, classes)}",
            next_step="write matminer:<class>, for example matminer:StructuralHeterogeneity",
        )
    return classes[name]


class Matminer:
    """One matminer featurizer, created at its first use.

    Parameters
    ----------
    name
        Class name.
    preset
        Argument of its ``from_preset``; None to call the constructor.
    arguments
        JSON object of keyword arguments.
    """

    def __init__(self, name: str, preset: str | None, arguments: str) -> None:
        self.kind, self._class = find_class(name)
        self._name, self._preset, self._arguments = name, preset, arguments

    @cached_property
    def _featurizer(self) -> BaseFeaturizer:
        try:
            arguments = json.loads(self._arguments)
            if self._preset is not None:
                return self._class.from_preset(self._preset, **arguments)
            return self._class(**arguments)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise FeatureError(
                f"matminer's {self._name} cannot be created: {error}",
                cause="it needs arguments, or a preset, or the preset is unknown",
                next_step="give the settings preset=NAME or arguments='{\"name\": value}'",
            ) from error

    @cached_property
    def labels(self) -> list[str]:
        """matminer's labels, in its order.

        Raises
        ------
        FeatureError
            If the featurizer must be fitted first.
        """
        try:
            return [str(label) for label in self._featurizer.feature_labels()]
        except Exception as error:  # unfitted featurizers raise exceptions of various types
            raise FeatureError(
                f"matminer's {self._name} has no labels before it is fitted: {error}",
                next_step="choose a featurizer that needs no fitting",
            ) from error

    def __call__(self, batch: Crystals | Compositions, row: int) -> npt.NDArray[np.float64]:
        """Values of one material, (columns,), or of its sites, (sites, columns).

        Raises
        ------
        Exception
            Any exception of matminer; `ValueError` for a value that is not a finite number.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._call(batch, row)

    def _call(self, batch: Crystals | Compositions, row: int) -> npt.NDArray[np.float64]:
        if isinstance(batch, Compositions):
            with needed_for("a feature of matminer"):
                from pymatgen.core import Composition

            return _numbers(
                self._featurizer.featurize(Composition(formula_of(batch.amounts_of(row))))
            )
        from matdata.adapters.pymatgen import to_structure

        structure = to_structure(batch, row)
        if self.kind == "structure":
            return _numbers(self._featurizer.featurize(structure))
        sites = range(len(structure))
        return np.array([_numbers(self._featurizer.featurize(structure, site)) for site in sites])


def _numbers(values: Iterable[object]) -> npt.NDArray[np.float64]:
    array = np.array(list(values), dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("a value is not a finite number")
    return array
