"""Orbital field matrix: which valence subshells meet around each site, and how strongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.crystals import Crystals, Float, Int, Ragged
from matdata.core.ledger import Reject
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
from matdata.features.intermediates import Intermediate
from matdata.features.kernels.tessellation import Tessellation
from matdata.features.tessellating import TESSELLATION
from matdata.tables.valence import Rule, valence_labels, valence_vectors

#: Å in bohr as matminer has it. CODATA's "Angstrom star", an X-ray unit of 1.00001495 Å, stands
#: where the ångström should; it is kept so that values agree with those in the literature.
ANG_TO_BOHR = 1.00001495 / 0.529177210544
CHUNK = 1024  # crystals that `dense` averages at once: bounds its memory


@dataclass(frozen=True)
class OrbitalFieldSettings(Settings):
    """What the orbital field matrix is made of, and what its dense form is."""

    period_tag: bool = setting(False, "append the element's period (7 positions) to o(c)")
    level: str = setting(
        "site",
        "dense form: one row per site, or the mean over the sites of each structure",
        choices=("site", "structure"),
        view=True,
    )
    valence: str = setting(
        "outermost",
        "rule that picks valence subshells: by the outermost shell, as published (Fe = s2 d6); all "
        "beyond the noble gas, which is the same but for Pd = d10 (noble_gas); or as matminer with "
        "pymatgen since 2024.7 (Fe = s2 p6 d6)",
        choices=("outermost", "noble_gas", "matminer"),
    )


class OrbitalField(Featurizer[OrbitalFieldSettings]):
    """Orbital field matrices (T. Lam Pham et al., Sci. Technol. Adv. Mater. 18, 756, 2017).

    With o(c) the 0/1 vector of the valence subshells of an element, the matrix of a site c is
    ``X = sum_k w_k / r_k o(k)^T o(c)``, ``w_k = theta_k / theta_max`` (OCrystalNet, eq. 1 and 2),
    where k runs over the facets of the site's Voronoi cell, theta_k is a facet's solid angle and
    r_k the distance in bohr. Rows are neighbours, columns the centre, as in matminer. The dense
    row of a site is X, row by row, followed by o(c) (eq. 3): 1,056 numbers, 1,560 with periods.

    X has rank one, so only ``ligand = sum_k w_k / r_k o(k)`` and the element are stored.

    Notes
    -----
    Valence subshells are those of the highest occupied shell, d one shell further in and f two
    (``valence="outermost"``: Fe = s2 d6, Cu = s1 d10, Nd = s2 f4), as the paper describes them.
    ``valence="matminer"`` gives what matminer computes with pymatgen since 2024.7, to compare with
    it. matminer takes the outer shell from the last subshell of `full_electronic_structure`; since
    pymatgen sorts that list by energy (materialsproject/pymatgen#3944) a transition metal ends
    with its d subshell, one shell further in. So a full p subshell of the core counts as valence
    (Fe = s2 p6 d6, Cu = s1 s2 p6 d10), and for most f elements a full d subshell too (Nd = s2 p6
    d10 f4). Both rules agree for the other elements; Pd, which has no 5s electron, is s2 p6 d10 in
    both. ``valence="noble_gas"`` takes all subshells beyond the noble gas before the element, as
    the published code of OCrystalNet lists them: Pd is d10, and all others are as in `outermost`.

    matminer's bohr is 1.5e-5 too short (it converts from the "Angstrom star"); values follow it.
    It tessellates a 3x3x3 supercell within 13 Å of each site, and averages over sites that spglib
    calls equivalent at 0.01 Å; here every site is computed, in the periodic crystal.
    """

    name: ClassVar[str] = "ofm"
    version: ClassVar[str] = "2"  # the default of `valence` became `outermost`
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    citation: ClassVar[str] = (
        "Lam Pham et al., Sci. Technol. Adv. Mater. 18, 756 (2017), "
        "doi:10.1080/14686996.2017.1378060"
    )
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = OrbitalFieldSettings

    def _vectors(self) -> Float:
        rule = cast(Rule, self.settings.valence)
        return valence_vectors(rule, self.settings.period_tag)

    @property
    def batch_form(self) -> str:
        """The field of each site, or the mean over those of a structure, as ``level`` says."""
        kind = "Orbital" if self.settings.level == "site" else "MeanOrbital"
        return f"matdata.load.inputs.sites:{kind}FieldBatch"

    @property
    def cell_of_sites(self) -> str | None:
        """The given one; None with ``level="structure"``, whose readers get the mean alone."""
        return super().cell_of_sites if self.settings.level == "site" else None

    @property
    def fields(self) -> tuple[Field, ...]:
        """The element and the neighbours' weighted valence of each site."""
        size = self._vectors().shape[1]
        return (
            Field("numbers", "site", (), "uint8", "1", "atomic number of the site"),
            Field("ligand", "site", (size,), "float32", "bohr^-1", "sum of w_k / r_k o(k)"),
        )

    @property
    def intermediates(self) -> tuple[Intermediate[object], ...]:
        """The tessellation."""
        return (TESSELLATION,)

    def featurize(self, batch: FeatureInput) -> Block:
        """Tessellate a batch and sum over the facets of each site."""
        batch = self.crystals(batch)
        usable, rejects = self._check_elements(batch)
        # the batch itself where all are usable: others in the same pass have tessellated that
        crystals = batch if len(usable) == len(batch) else batch.take(usable)
        cells = TESSELLATION.of(crystals)
        done = np.flatnonzero(cells.status == 0)
        rejects += cells.rejects(crystals)
        ligand = Ragged(self._ligands(crystals, cells).astype(np.float32), crystals.offsets)
        numbers = Ragged(crystals.numbers, crystals.offsets)
        fields = {"numbers": numbers.take(done), "ligand": ligand.take(done)}
        return Block(usable[done], fields, rejects)

    def _check_elements(self, batch: Crystals) -> tuple[Int, list[Reject]]:
        """Rows whose elements all have a valence vector, and ledger rows of the others."""
        has_valence = np.zeros(256, dtype=bool)
        has_valence[: elements.N_ELEMENTS + 1] = self._vectors().any(axis=1)
        unknown = ~has_valence[batch.numbers]
        bad = np.unique(batch.site_crystal[unknown])
        rejects = []
        for row in bad:
            part = batch.sites(row)
            numbers = sorted(set(batch.numbers[part][unknown[part]].tolist()))
            text = f"no electron configuration is known for atomic number {numbers}"
            rejects.append(Reject(str(batch.ids[row]), "featurize", "unknown_element", text))
        return np.setdiff1d(np.arange(len(batch)), bad), rejects

    def _ligands(self, crystals: Crystals, cells: Tessellation) -> Float:
        """Sums over facets of ``w_k / r_k o(k)`` in 1/bohr, (N, size)."""
        counts = np.diff(cells.facet_offsets)
        first = cells.facet_offsets[:-1][counts > 0]  # sites of failed crystals have no facets
        largest = np.maximum.reduceat(cells.solid_angle, first) if len(first) else np.empty(0)
        weight = cells.solid_angle / np.repeat(largest, counts[counts > 0])
        weight /= cells.distance * ANG_TO_BOHR
        site = cells.facet_site
        start = crystals.offsets[crystals.site_crystal]
        kinds, kind = np.unique(crystals.numbers, return_inverse=True)
        # Neighbours of one element share o(k): sum their weights first.
        slot = site * len(kinds) + kind[start[site] + cells.neighbour]
        sums = np.bincount(slot, weight, minlength=len(counts) * len(kinds))
        by_kind: Float = sums.reshape(len(counts), len(kinds)) @ self._vectors()[kinds]
        return by_kind

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """Matrices row by row followed by o(c), per site or (level ``structure``) averaged.

        Raises
        ------
        TypeError
            If a stored field is not ragged.
        """
        ligand, numbers = fields["ligand"], fields["numbers"]
        if not (isinstance(ligand, Ragged) and isinstance(numbers, Ragged)):
            raise TypeError("ligand and numbers are stored as ragged rows, one per crystal")
        if self.settings.level == "site":
            return Ragged(self._expand(ligand.values, numbers.values, np.float32), ligand.offsets)
        return self._means(ligand, numbers)

    def _expand(
        self, ligand: npt.NDArray[Any], numbers: npt.NDArray[Any], dtype: type
    ) -> npt.NDArray[Any]:
        """X and o(c) of each site, (N, size² + size)."""
        own = self._vectors().astype(dtype)[numbers]
        n, size = own.shape
        out = np.empty((n, size * size + size), dtype=dtype)
        matrices = out[:, : size * size].reshape(n, size, size)
        np.multiply(ligand[:, :, None], own[:, None, :], out=matrices)
        out[:, size * size :] = own
        return out

    def _means(self, ligand: Ragged, numbers: Ragged) -> npt.NDArray[np.float32]:
        """Mean over the sites of each crystal, (n, size² + size)."""
        crystal = np.repeat(np.arange(len(ligand)), ligand.lengths)
        # Sites of one element share o(c): one outer product for each element of a crystal.
        keys, slot, counts = np.unique(
            crystal * 256 + numbers.values, return_inverse=True, return_counts=True
        )
        sites = ligand.lengths[keys // 256, None]
        sums = np.zeros((len(keys), ligand.values.shape[1]))
        np.add.at(sums, slot, ligand.values)
        size = sums.shape[1]
        out = np.empty((len(ligand), size * size + size), dtype=np.float32)
        ends = np.searchsorted(keys // 256, np.arange(len(ligand) + 1))
        for first in range(0, len(ligand), CHUNK):
            last = min(first + CHUNK, len(ligand))
            part = slice(ends[first], ends[last])
            rows = self._expand(sums[part] / sites[part], keys[part] % 256, np.float64)
            rows[:, size * size :] *= counts[part, None] / sites[part]
            out[first:last] = np.add.reduceat(rows, ends[first:last] - ends[first])
        return out

    def labels(self) -> Sequence[str]:
        """matminer's names of the matrix elements (``OFM: s^1 - s^1``), then those of o(c)."""
        names = valence_labels(self.settings.period_tag)
        return [f"OFM: {row} - {column}" for row in names for column in names] + [
            f"OFM centre: {name}" for name in names
        ]

    def units(self) -> Sequence[str]:
        """1/bohr for matrix elements, none for o(c)."""
        size = self._vectors().shape[1]
        return ["bohr^-1"] * size**2 + ["1"] * size
