"""Magpie: statistics of elemental properties over a composition, 145 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.core.crystals import Float, Ragged
from matdata.core.ledger import Reject
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.inputs import Copied
from matdata.tables import magpie

NORMS = (0, 2, 3, 5, 7, 10)
STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev", "mode")
SHELLS = "spdf"
ION_LABELS = ("compound possible", "max ionic char", "avg ionic char")
N_STATISTICS = len(magpie.PROPERTIES) * len(STATISTICS)
WIDTH = len(NORMS) + N_STATISTICS + len(SHELLS) + len(ION_LABELS)
#: Amounts this close to the largest one share the mode: the tolerances of ``numpy.isclose``.
MODE_RTOL, MODE_ATOL = 1e-5, 1e-8
ENTRIES = 1 << 10  # elements averaged at once: their properties stay in the cache
COMPOSITION_FIELDS = (
    Field("elements", "element", (), "uint8", "1", "atomic numbers of the composition, ascending"),
    Field("amounts", "element", (), "float64", "1", "atoms of each element in the formula"),
    Field("compound_possible", "crystal", (), "uint8", "1", "1 if charges can balance"),
)


@dataclass(frozen=True)
class CompositionSettings(Settings):
    """How composition attributes treat what is not known."""

    unknown: str = setting(
        "mean",
        "a property that no one knows: the mean over all elements, or no feature",
        choices=("mean", "reject"),
    )


class Magpie(Featurizer[CompositionSettings]):
    """The composition attributes of Magpie (L. Ward et al., npj Comput. Mater. 2, 16028, 2016).

    In this order, with matminer's labels: p-norms of the atomic fractions (6); minimum, maximum,
    range, mean, mean absolute deviation and mode of 22 elemental properties (132); the share of s,
    p, d and f electrons in the valence electrons (4); whether charges can balance with one common
    oxidation state an element, and the largest and the mean ionic character
    ``1 - exp(-(X_a - X_b)^2 / 4)`` of pairs of elements (3).

    The composition itself is stored, and the answer to the search for balanced charges; `dense`
    computes the rest.

    Notes
    -----
    As in matminer, charges are summed over the amounts as they are written, to 1e-8: Fe2O3 can be
    balanced, Fe0.6667O cannot. One state an element leaves out mixed valences (Fe3O4). An element
    without common oxidation states (He, Ne, Ar, Rn) makes a compound impossible; a pure element
    counts as possible.

    The mode is the smallest property among the elements whose amounts are the largest, to 1e-5.
    Unknown properties become the mean over all elements, as in matminer by default;
    ``unknown="reject"`` puts such materials into the ledger instead. pymatgen, and so matminer,
    drops amounts below 1e-8; here they count.
    """

    name: ClassVar[str] = "magpie"
    version: ClassVar[str] = "1"
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    citation: ClassVar[str] = (
        "Ward et al., npj Comput. Mater. 2, 16028 (2016), doi:10.1038/npjcompumats.2016.28"
    )
    requires = frozenset({"composition"})
    Settings: ClassVar[type[Settings]] = CompositionSettings
    batch_rows: ClassVar[int] = 4096
    shard_rows: ClassVar[int] = 1 << 18
    copied: ClassVar[Copied] = "nothing"

    @property
    def fields(self) -> tuple[Field, ...]:
        """The composition, and whether it can be an ionic compound."""
        return COMPOSITION_FIELDS

    def featurize(self, batch: FeatureInput) -> Block:
        """Check the compositions and look for balanced charges."""
        return compose(self.compositions(batch), self.settings.unknown == "reject")

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The 145 attributes of each composition, (n, 145) float64."""
        return dense_compositions(fields)

    def labels(self) -> Sequence[str]:
        """matminer's labels in matminer's order."""
        return composition_labels()

    def units(self) -> Sequence[str]:
        """Units of the elemental properties; none for the other columns."""
        return composition_units()


def composition_labels() -> list[str]:
    """Labels of the 145 attributes."""
    norms = [f"{p}-norm" for p in NORMS]
    properties = [f"MagpieData {s} {name}" for name in magpie.PROPERTIES for s in STATISTICS]
    valence = [f"frac {shell} valence electrons" for shell in SHELLS]
    return [*norms, *properties, *valence, *ION_LABELS]


def composition_units() -> list[str]:
    """Units of the 145 attributes."""
    properties = [unit for unit in magpie.UNITS.values() for _ in STATISTICS]
    return ["1"] * len(NORMS) + properties + ["1"] * (len(SHELLS) + len(ION_LABELS))


def compose(batch: Compositions, need_all: bool) -> Block:
    """What is stored of compositions: elements, amounts, and whether charges can balance.

    Parameters
    ----------
    batch
        Compositions.
    need_all
        Whether an element with an unknown property is refused.
    """
    from matdata.features.kernels import charge  # compiled code, loaded when used

    reasons = _why_not(batch, need_all)
    usable = np.setdiff1d(np.arange(len(batch)), list(reasons))
    part = batch.take(usable)
    states, counts = magpie.oxidation_state_table()
    possible = charge.neutral_compounds(part.numbers, part.amounts, part.offsets, states, counts)
    for row in usable[possible == charge.UNDECIDED]:
        text = "too many combinations of oxidation states to search"
        reasons[int(row)] = "too_many_charges", text
    done = possible != charge.UNDECIDED
    fields: dict[str, Column] = {
        "elements": Ragged(part.numbers, part.offsets).take(done),
        "amounts": Ragged(part.amounts, part.offsets).take(done),
        "compound_possible": possible[done],
    }
    rejects = [Reject(str(batch.ids[row]), "featurize", *reasons[row]) for row in sorted(reasons)]
    return Block(usable[done], fields, rejects)


def _why_not(batch: Compositions, need_all: bool) -> dict[int, tuple[str, str]]:
    """Reason and message by row, for compositions without attributes."""
    row = np.repeat(np.arange(len(batch)), batch.n_elements).tolist()
    unlisted = (batch.numbers == 0) | (batch.numbers > elements.N_ELEMENTS)
    unsound = ~(np.isfinite(batch.amounts) & (batch.amounts > 0))
    reasons: dict[int, tuple[str, str]] = {}
    if need_all:
        missing = np.asarray(np.isnan(magpie.known_properties()).any(axis=1))
        for entry in np.flatnonzero(missing[np.where(unlisted, 0, batch.numbers)]):
            number = batch.numbers[entry]
            text = f"a property of the element of atomic number {number} is not known"
            reasons[row[entry]] = "unknown_property", text
    for entry in np.flatnonzero(unsound):
        reasons[row[entry]] = "bad_amount", f"an amount of {batch.amounts[entry]} of an element"
    for entry in np.flatnonzero(unlisted):
        text = f"there is no element of atomic number {batch.numbers[entry]}"
        reasons[row[entry]] = "unknown_element", text
    for empty in np.flatnonzero(batch.n_elements == 0):
        reasons[int(empty)] = "empty_composition", "the composition holds no elements"
    return reasons


def dense_compositions(fields: Mapping[str, Column]) -> Float:
    """Attributes of stored compositions, (n, 145); those of equal length are computed together."""
    numbers, amounts = cast(Ragged, fields["elements"]), cast(Ragged, fields["amounts"])
    possible = cast(npt.NDArray[Any], fields["compound_possible"])
    out = np.empty((len(numbers), WIDTH))
    lengths = numbers.lengths
    for length in np.unique(lengths):
        same = np.flatnonzero(lengths == length)
        step = max(1, ENTRIES // int(length))
        for first in range(0, len(same), step):
            rows = same[first : first + step]
            place = numbers.offsets[rows] + np.arange(length)[:, None]
            out[rows] = _attributes(numbers.values[place], amounts.values[place], possible[rows])
    return out


def _attributes(
    numbers: npt.NDArray[np.uint8], amounts: Float, possible: npt.NDArray[np.generic]
) -> Float:
    """Attributes of compositions of k elements each, (n, 145), from (k, n) numbers and amounts."""
    fractions = amounts / amounts.sum(axis=0)
    out = np.empty((amounts.shape[1], WIDTH))
    out[:, : len(NORMS)] = _norms(fractions)
    first, last = len(NORMS), len(NORMS) + N_STATISTICS
    statistics = _statistics(magpie.properties()[numbers], amounts, fractions)
    out[:, first:last] = statistics.reshape(-1, N_STATISTICS)
    means = statistics[:, :, STATISTICS.index("mean")]
    total = means[:, magpie.PROPERTIES.index("NValence")]
    for place, shell in enumerate(SHELLS, start=last):
        out[:, place] = means[:, magpie.PROPERTIES.index(f"N{shell}Valence")] / total
    out[:, -3] = possible
    out[:, -2:] = _ionic_characters(numbers, fractions)
    return out


def _norms(fractions: Float) -> Float:
    """p-norms of fractions, (n, 6); the 0-norm is the number of elements."""
    second, third = fractions**2, fractions**2 * fractions
    fifth = second * third
    powers = {2: second, 3: third, 5: fifth, 7: fifth * second, 10: fifth * fifth}
    norms = [np.full(fractions.shape[1], float(len(fractions)))]
    norms += [powers[p].sum(axis=0) ** (1.0 / p) for p in NORMS[1:]]
    return np.stack(norms, axis=1)


def _statistics(values: Float, amounts: Float, fractions: Float) -> Float:
    """`STATISTICS` of (k, n, 22) properties, (n, 22, 6)."""
    weights = fractions[:, :, None]
    out = np.empty((*values.shape[1:], len(STATISTICS)))
    low, high = values.min(axis=0), values.max(axis=0)
    out[..., 0], out[..., 1], out[..., 2] = low, high, high - low
    mean = (weights * values).sum(axis=0)
    out[..., 3] = mean
    out[..., 4] = (weights * np.abs(values - mean)).sum(axis=0)
    largest = amounts.max(axis=0)
    frequent = largest - amounts <= MODE_ATOL + MODE_RTOL * largest
    out[..., 5] = np.where(frequent[:, :, None], values, np.inf).min(axis=0)
    return out


def _ionic_characters(numbers: npt.NDArray[np.uint8], fractions: Float) -> Float:
    """Largest and mean ionic character of pairs of elements, (n, 2)."""
    x = magpie.electronegativities()[numbers]
    out = np.zeros((numbers.shape[1], 2))
    for a in range(len(x)):
        for b in range(a):
            character = 1.0 - np.exp(-0.25 * (x[a] - x[b]) ** 2)
            np.maximum(out[:, 0], character, out=out[:, 0])
            out[:, 1] += fractions[a] * fractions[b] * character
    return out
