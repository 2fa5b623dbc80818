"""Any matminer featurizer as ``matminer:<Featurizer>``: slow, complete, and the parity oracle."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from matdata.composition import Compositions, formula_of
from matdata.crystals import Crystals, Ragged
from matdata.errors import FeatureError, did_you_mean
from matdata.features.base import Block, Column, Dense, Featurizer, Field
from matdata.ledger import Reject
from matdata.settings import Settings, setting

MODULES = ("structure", "composition", "site")
Kind = Literal["structure", "composition", "site"]


@dataclass(frozen=True)
class MatminerSettings(Settings):
    """Which matminer featurizer, and how it is made."""

    variant: str = setting("", "class name of the matminer featurizer")
    preset: str | None = setting(None, "preset given to its from_preset")
    arguments: str = setting("{}", "JSON object of arguments for its constructor")


class MatminerFeaturizer(Featurizer):
    """A structure, composition or site featurizer of matminer, one crystal at a time."""

    name: ClassVar[str] = "matminer"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Ward et al., Comput. Mater. Sci. 152, 60 (2018)"
    Settings: ClassVar[type[Settings]] = MatminerSettings
    workers: ClassVar[Literal["thread", "process"]] = "process"
    batch_rows: ClassVar[int] = 16
    shard_rows: ClassVar[int] = 128

    def __init__(self, settings: MatminerSettings | None = None) -> None:
        super().__init__(settings)
        self._kind, self._class = find_class(self.settings.variant)

    @property
    def requires(self) -> Literal["structure", "composition"]:  # type: ignore[override]
        """Composition featurizers take formulas, all others structures."""
        return "composition" if self._kind == "composition" else "structure"

    @cached_property
    def _made(self) -> Any:
        chosen = self.settings
        try:
            arguments = json.loads(chosen.arguments)
            if chosen.preset is not None:
                return self._class.from_preset(chosen.preset, **arguments)
            return self._class(**arguments)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise FeatureError(
                f"matminer's {chosen.variant} cannot be made: {error}",
                cause="it needs arguments, or a preset, or the preset is unknown",
                next_step="give settings preset=NAME or arguments='{\"name\": value}'",
            ) from error

    @cached_property
    def _labels(self) -> list[str]:
        try:
            return [str(label) for label in self._made.feature_labels()]
        except Exception as error:  # unfitted featurizers raise their own kinds
            raise FeatureError(
                f"matminer's {self.settings.variant} gives no labels before it is fitted: {error}",
                next_step="choose a featurizer that needs no fitting",
            ) from error

    @property
    def fields(self) -> tuple[Field, ...]:
        """One array: matminer's columns, per crystal or per site."""
        level = "site" if self._kind == "site" else "crystal"
        meaning = f"columns of matminer's {self.settings.variant}"
        return (Field("values", level, (len(self._labels),), "float64", "1", meaning),)

    def labels(self) -> Sequence[str]:
        """matminer's labels, in its order."""
        return self._labels

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The stored values as they are."""
        return fields["values"]

    def featurize(self, batch: Any) -> Block:
        """Call matminer for each crystal; what it raises becomes a ledger row."""
        values, rows, rejects = [], [], []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for row in range(len(batch)):
                try:
                    values.append(self._one(batch, row))
                    rows.append(row)
                except Exception as error:  # whatever a featurizer stumbles over
                    text = f"{type(error).__name__}: {error}"
                    identity = str(batch.ids[row])
                    rejects.append(Reject(identity, "featurize", "matminer_failed", text))
        return Block(np.array(rows, dtype=np.int64), {"values": self._join(values)}, rejects)

    def _one(self, batch: Crystals | Compositions, row: int) -> Any:
        if isinstance(batch, Compositions):
            from pymatgen.core import Composition

            return _numbers(self._made.featurize(Composition(formula_of(batch.amounts_of(row)))))
        from matdata.adapters.pymatgen import to_structure

        structure = to_structure(batch, row)
        if self._kind == "structure":
            return _numbers(self._made.featurize(structure))
        sites = range(len(structure))
        return np.array([_numbers(self._made.featurize(structure, site)) for site in sites])

    def _join(self, values: list[Any]) -> Column:
        width = len(self._labels)
        if self._kind == "site":
            empty = np.empty((0, width))
            return Ragged.from_rows(values) if values else Ragged(empty, np.zeros(1, np.int64))
        return np.array(values, dtype=np.float64).reshape(-1, width)


def _numbers(values: Sequence[Any]) -> Any:
    array = np.array(list(values), dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("a value is not a finite number")
    return array


def find_class(name: str) -> tuple[Kind, Any]:
    """A matminer featurizer by its class name.

    Raises
    ------
    FeatureError
        If there is none of that name, with the closest one.
    """
    from importlib import import_module

    from matminer.featurizers.base import BaseFeaturizer

    known: dict[str, tuple[Kind, Any]] = {}
    kinds: tuple[Kind, ...] = ("structure", "composition", "site")
    for kind in kinds:
        module = import_module(f"matminer.featurizers.{kind}")
        for attribute in vars(module).values():
            if isinstance(attribute, type) and issubclass(attribute, BaseFeaturizer):
                known.setdefault(attribute.__name__, (kind, attribute))
    if name not in known:
        raise FeatureError(
            f"matminer has no featurizer {name or '(none named)'!r}{did_you_mean(name, known)}",
            next_step="write matminer:<class>, for example matminer:StructuralHeterogeneity",
        )
    return known[name]
