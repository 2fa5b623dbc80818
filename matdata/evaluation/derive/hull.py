"""Distances to the convex hull of known phases, from predicted formation energies."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from matdata.core.cache import cache_dir
from matdata.core.composition import Compositions, parse_formula
from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.evaluation.derive.base import Derivation, Distributions, Float, Rows, numbers_among
from matdata.stability.columns import without_rounding
from matdata.stability.energies import FORMATION, PER_ATOM
from matdata.stability.finding import find_reference
from matdata.stability.reference import StoredReference
from matdata.training.outputs import Distribution
from matdata.training.target import Target

FORMULA = "formula"  # column that compositions are read from
RESULT = "energy_above_hull"


@dataclass(frozen=True)
class HullOptions(Settings):
    """Options of `Hull`."""

    reference: str = setting("", "known phases: a stored reference, or a dataset", verbatim=True)
    target: str = setting(
        "", "target that is a formation energy in eV/atom; the one of a known name if not given"
    )


class Hull(Derivation[HullOptions]):
    """Predicted formation energy of each member less that of the hull, ``hull:REF``.

    The hull is exact, so standard deviations are those of the formation energy, and so are the
    differences between members. A material outside the chemical systems of the reference has no
    distance.
    """

    name: ClassVar[str] = "hull"
    version: ClassVar[str] = "1"
    summary: ClassVar[str] = "energy above the convex hull of known phases: hull:REFERENCE"
    positional: ClassVar[str] = "reference"
    Options: ClassVar[type[Settings]] = HullOptions

    def __init__(self, options: HullOptions | None = None) -> None:
        super().__init__(options)
        self._cache: Path | None = None
        #: The target that is a formation energy, once `produces` found it.
        self.source: Target

    def within(self, cache: Path) -> Self:
        """The derivation with the reference that its name means in a cache."""
        bound = type(self)(self.options)
        bound._cache = cache
        return bound

    @property
    def needs(self) -> tuple[str, ...]:
        """The formula."""
        return (FORMULA,)

    @functools.cached_property
    def stored(self) -> StoredReference:
        """The reference.

        Raises
        ------
        ConfigError
            If none is named.
        StoreError
            If there is none of that name.
        """
        if not self.options.reference:
            raise ConfigError(
                "`hull` needs a reference of known phases",
                next_step="name a dataset with energies, or a stored reference: hull:REF",
            )
        return find_reference(cache_dir(self._cache), self.options.reference)

    @property
    def reference(self) -> str | None:
        """Digest of the entries of the reference."""
        return self.stored.digest

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """``energy_above_hull`` in eV/atom.

        Raises
        ------
        ConfigError
            If no target is a formation energy in eV/atom.
        """
        self.source = self._formation_energy(targets)
        _ = self.stored  # refused before anything is predicted
        new = replace(self.source, name=RESULT, unit=PER_ATOM, expression="")
        return [replace(new, objective="", options={})]

    def _formation_energy(self, targets: Sequence[Target]) -> Target:
        asked = self.options.target
        chosen = numbers_among(targets, asked, self.name)
        fitting = [
            one for one in chosen
            if (asked or one.name in FORMATION) and one.unit in (PER_ATOM, "1") and one.size == 1
        ]  # fmt: skip
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(f"{one.name} ({one.unit})" for one in chosen)
        if asked and chosen:
            raise ConfigError(
                f"target {names} is no formation energy in {PER_ATOM}",
                cause="only formation energies less those of the hull are distances to it",
                next_step="name a target that is one, or train a run on formation energies",
            )
        raise ConfigError(
            f"no target is known to be a formation energy in {PER_ATOM}: {names}"
            if not fitting
            else f"several targets are formation energies: {names}",
            cause="only formation energies less those of the hull are distances to it",
            next_step=f"hull:{self.options.reference},target=NAME (discover: --target NAME) says "
            f"which one is, if it is in {PER_ATOM}",
        )

    def _hull(self, rows: Rows) -> Float:
        """Formation energies of the hull at the materials, (n, 1), eV/atom."""
        amounts = [parse_formula(str(formula)) for formula in rows[FORMULA]]
        names = [str(row) for row in range(len(amounts))]
        energies = self.stored.formation_hull(Compositions.from_amounts(names, amounts))
        return np.asarray(energies, np.float64)[:, None]

    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """Distances; the noise is that of the formation energy."""
        one, hull = predictions[self.source.name], self._hull(rows)
        noise = one.aleatoric
        if noise is not None:
            noise = np.where(np.isfinite(hull), noise, np.nan)
        return {RESULT: Distribution(one.mean - hull, noise)}

    def truth(self, truth: Mapping[str, Float], rows: Rows) -> Mapping[str, Float]:
        """Distances of the true formation energies; zero for phases on the hull."""
        return {RESULT: without_rounding(truth[self.source.name] - self._hull(rows))}
