"""pymatgen's `StructureMatcher`: the final, slow test of whether two crystals are equal."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.core.packages import needed_for


def same_structure(crystals: Crystals, pairs: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether the two crystals of each pair of rows match, with the matcher's default tolerances.

    These are 20 % in lengths, 5 degrees in angles and 0.3 (V/n)^(1/3) in positions, primitive
    cells being scaled to equal volume (Ong et al., Comput. Mater. Sci. 68, 314, 2013).
    """
    with needed_for("comparing structures (--judge)"):
        from pymatgen.analysis.structure_matcher import StructureMatcher

    matcher = StructureMatcher()
    rows = {row for pair in pairs for row in pair}
    structures = {row: to_structure(crystals, row) for row in rows}
    return [bool(matcher.fit(structures[a], structures[b])) for a, b in pairs]
