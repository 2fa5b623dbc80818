"""Write `matdata/tables/wyckoff.json`: Wyckoff positions and their relabellings, 230 groups.

Run ``python tools/make_wyckoff_tables.py`` and copy the digest it prints into
``matdata/tables/wyckoff.py``.

Space-group operations, letters, site-symmetry symbols and representative coordinates come from
moyopy (setting ``Setting.spglib()``: the first Hall number of each group). The partition of space
into Wyckoff positions and their permutations are computed here, in exact integer arithmetic:

* A Wyckoff position is a set of points with conjugate site-symmetry groups (International Tables
  A, 2016, 1.4.4). In the primitive basis each is a class of affine subspaces ``g + K``, `K` the
  null space of ``1 - W`` for a rotation `W` (or their common point, or all of space).
* The affine normalizer is the set of affine maps ``(A, a)`` with ``(A, a) G (A, a)^-1 = G``
  (International Tables A, 2016, 3.5). `A` runs over the unimodular matrices that normalize the
  point group and `a` solves ``(1 - W') a = w' - A w`` modulo the lattice. Triclinic and monoclinic
  groups have infinitely many `A`; matrices with entries up to two (generators of GL(3, Z) for the
  triclinic ones) give all their permutations once these are closed under composition.
"""

from __future__ import annotations

import hashlib
import json
import re
from fractions import Fraction
from pathlib import Path

import moyopy
import numpy as np
import numpy.typing as npt
from wyckoff_geometry import (
    GRID,
    PRIME,
    Group,
    Int,
    Position,
    load_group,
    normalizing_linears,
    permutations_of,
    positions_of,
    unimodular,
)

Float = npt.NDArray[np.float64]
OUTPUT = Path(__file__).parents[1] / "matdata" / "tables" / "wyckoff.json"


def random_metric(group: Group) -> Float:
    """A lattice (rows, primitive basis) with the symmetry of the group and no more."""
    rng = np.random.default_rng(group.number)
    seed = np.eye(3) * (400 + 60 * rng.random(3)) + 40 * rng.random((3, 3))
    conventional = group.to_conventional
    seed = conventional.T @ (seed + seed.T) @ conventional
    turned = np.einsum("nji,jk,nkl->il", group.rotations, seed, group.rotations)
    basis: Float = np.linalg.cholesky(turned / len(group.rotations))
    return basis


def orbit(group: Group, point: Float) -> Float:
    """All points of the primitive cell equivalent to one point (fractions of the cell)."""
    images = (group.rotations @ point + group.translations / GRID) % 1.0
    rounded = np.rint(images * GRID * PRIME).astype(np.int64) % (GRID * PRIME)
    return images[np.unique(rounded, axis=0, return_index=True)[1]]


def letters_of(group: Group, found: dict[int, Position]) -> dict[int, moyopy.WyckoffPosition]:
    """Ask moyopy for the letter of each position, all of them occupied in one crystal."""
    orbits = [orbit(group, p.point / (GRID * PRIME)) for p in found.values()]
    rng = np.random.default_rng(group.number)
    # General positions of their own elements, so that no site can raise the symmetry.
    orbits += [orbit(group, rng.integers(GRID * PRIME, size=3) / (GRID * PRIME)) for _ in range(4)]
    numbers = [z + 1 for z, sites in enumerate(orbits) for _ in sites]
    cell = moyopy.Cell(random_metric(group).tolist(), np.concatenate(orbits).tolist(), numbers)
    dataset = moyopy.MoyoDataset(cell, symprec=1e-5)
    assert dataset.number == group.number, (group.number, dataset.number)
    assert dataset.std_cell.num_atoms == len(numbers) * group.order
    named: dict[int, moyopy.WyckoffPosition] = {}
    for position in dataset.normalizer_wyckoff_positions().wyckoffs:
        point = parse_coordinates(position.coordinates)
        named.setdefault(key_of_point(group, found, point), position)
    return named


def parse_coordinates(text: str) -> Float:
    """A point in general position on ``x,-x,z+1/2``."""
    values = {"x": 0.2173, "y": 0.3619, "z": 0.1437}
    point = []
    for term in text.split(","):
        total = 0.0
        for sign, factor, name, number in re.findall(
            r"([+-]?)(\d*)([xyz])|([+-]?\d+(?:/\d+)?)", term.replace(" ", "")
        ):
            size = float(Fraction(number)) if number else float(factor or 1) * values[name]
            total += -size if sign == "-" else size
        point.append(total)
    return np.array(point)


def key_of_point(group: Group, found: dict[int, Position], point: Float) -> int:
    """The position that a point of the conventional basis lies on."""
    primitive = np.linalg.inv(group.to_conventional) @ point
    images = primitive @ group.rotations.transpose(0, 2, 1) + group.translations / GRID
    for key, position in sorted(found.items(), key=lambda item: item[1].multiplicity):
        offset = (images - position.shift / GRID) @ group.annihilators[position.space].T
        if np.any(np.all(np.abs(offset - np.rint(offset)) < 1e-6, axis=1)):
            return key
    raise AssertionError("a point outside all positions")


def fixed_cell_linears(group: Group, linears: Int) -> Int:
    """The linear parts without a change of cell below orthorhombic, as aviary uses them."""
    if group.number > 15:
        return linears
    return np.stack([np.eye(3, dtype=np.int64), -np.eye(3, dtype=np.int64)])


def describe(number: int, candidates: Int) -> dict[str, object]:
    """The entry of one group."""
    group = load_group(number)
    positions = positions_of(group)
    named = letters_of(group, positions)
    assert set(named) == set(positions), (number, len(named), len(positions))
    assert all(named[key].multiplicity == positions[key].multiplicity for key in positions)
    # ASCII order with the 27th letter of Pmmm ("A", for alpha) last.
    order = sorted(positions, key=lambda key: (named[key].letter == "A", named[key].letter))
    positions = {key: positions[key] for key in order}
    letters = "".join(named[key].letter for key in order)
    linears = normalizing_linears(group, candidates)
    entry: dict[str, object] = {
        "letters": letters,
        "multiplicities": [positions[key].multiplicity for key in order],
        "site_symmetries": [named[key].site_symmetry for key in order],
        "coordinates": [named[key].coordinates for key in order],
        "affine": as_words(permutations_of(group, positions, linears), letters),
    }
    if number <= 15:
        fixed = fixed_cell_linears(group, linears)
        entry["fixed_cell"] = as_words(permutations_of(group, positions, fixed), letters)
    return entry


def as_words(permutations: set[tuple[int, ...]], letters: str) -> list[str]:
    """Each permutation as the letters that the group's letters become."""
    return sorted("".join(letters[i] for i in permutation) for permutation in permutations)


def main() -> None:
    """Compute all groups, check the number of positions and write the table."""
    candidates = unimodular(2)
    table = {str(number): describe(number, candidates) for number in range(1, 231)}
    assert sum(len(str(entry["letters"])) for entry in table.values()) == 1731
    lines = (f'"{number}": {json.dumps(entry)}' for number, entry in table.items())
    OUTPUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")
    print(f"moyopy {moyopy.__version__}")
    print(hashlib.sha256(OUTPUT.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
