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
import itertools
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import moyopy
import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
GRID = 24  # all special coordinates and normalizer shifts are multiples of 1/24
PRIME = 1009  # free parameters are multiples of 1/(24 * 1009), so no symmetry by chance
OUTPUT = Path(__file__).parents[1] / "matdata" / "tables" / "wyckoff.json"
POINTS: Int = np.array(list(itertools.product(range(GRID), repeat=3)), dtype=np.int64)
TRICLINIC_GENERATORS = np.array(
    [
        [[-1, 0, 0], [0, -1, 0], [0, 0, -1]],
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
        [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]],
    ]
)


@dataclass(frozen=True)
class Group:
    """A space group in its primitive basis; translations in units of 1/24."""

    number: int
    rotations: Int  # (n, 3, 3)
    translations: Int  # (n, 3)
    to_conventional: npt.NDArray[np.float64]  # x_conventional = to_conventional @ x_primitive
    order: int  # lattice points of the conventional cell
    spaces: list[Int]  # bases (columns) of the possible K
    annihilators: list[Int]  # Q of each K: y in g + K + lattice <=> Q (y - g) integral


def load_group(number: int) -> Group:
    """Read the operations of a group from moyopy and find its fixed directions."""
    operations = moyopy.operations_from_number(number, primitive=True)
    rotations = np.array(operations.rotations, dtype=np.int64)
    scaled = np.array(operations.translations) * GRID
    translations = np.rint(scaled).astype(np.int64)
    assert np.abs(scaled - translations).max() < 1e-6
    entry = moyopy.HallSymbolEntry(first_hall_number(number))
    centring = np.linalg.inv(np.array(entry.centering.linear, dtype=float))
    spaces = fixed_spaces(rotations)
    return Group(
        number,
        rotations,
        translations % GRID,
        primitive_basis(number, rotations, centring),
        entry.centering.order,
        spaces,
        [annihilator(space) for space in spaces],
    )


def first_hall_number(number: int) -> int:
    """The smallest Hall number of a space-group type."""
    return next(h for h in range(1, 531) if moyopy.HallSymbolEntry(h).number == number)


def primitive_basis(number: int, rotations: Int, centring: npt.NDArray[np.float64]):
    """Check the matrix between the two bases on the operations themselves."""
    full = np.array(moyopy.operations_from_number(number).rotations)
    turned = centring @ rotations @ np.linalg.inv(centring)
    known = {tuple(np.rint(rotation).astype(int).ravel()) for rotation in full}
    assert {tuple(np.rint(rotation).astype(int).ravel()) for rotation in turned} == known
    return centring


def primitive_vectors(dimension: int) -> list[Int]:
    """Small integer vectors without common divisor, shortest first."""
    found = [
        np.array(v)
        for v in itertools.product(range(-3, 4), repeat=dimension)
        if np.gcd.reduce(v) == 1
    ]
    return sorted(found, key=lambda v: (int(v @ v), [-int(x) for x in v]))


VECTORS = primitive_vectors(3)


def orthogonal_basis(rows: Int) -> Int:
    """A basis (rows) of all integer vectors orthogonal to the given ones."""
    free = [v for v in VECTORS if not np.any(rows @ v)]
    if np.linalg.matrix_rank(rows) == 2:
        return np.array(free[:1])
    for pair in itertools.combinations(free, 2):
        if np.gcd.reduce(np.cross(*pair)) == 1:
            return np.array(pair)
    raise AssertionError("no basis among small vectors")


def fixed_spaces(rotations: Int) -> list[Int]:
    """Null spaces of ``1 - W``, (3, dimension) each, with the point and the whole space."""
    spaces: list[Int] = [np.zeros((3, 0), dtype=np.int64)]
    for rotation in rotations:
        rest = np.eye(3, dtype=np.int64) - rotation
        if np.linalg.matrix_rank(rest) in (1, 2):
            space = orthogonal_basis(rest).T
            if not any(same_space(space, other) for other in spaces):
                spaces.append(space)
    return [*spaces, np.eye(3, dtype=np.int64)]


def same_space(a: Int, b: Int) -> bool:
    """Whether the columns of both span the same space."""
    both = np.concatenate([a, b], axis=1)
    return a.shape == b.shape and bool(np.linalg.matrix_rank(both) == a.shape[1])


def annihilator(space: Int) -> Int:
    """Rows that generate the integer forms vanishing on the space, padded to (3, 3)."""
    padded = np.zeros((3, 3), dtype=np.int64)
    if space.shape[1] == 0:
        return np.eye(3, dtype=np.int64)
    if space.shape[1] < 3:
        rows = orthogonal_basis(space.T)
        padded[: len(rows)] = rows
    return padded


def image_index(group: Group, linear: Int, index: int) -> int:
    """Which space `linear` maps space `index` to."""
    image = linear @ group.spaces[index]
    return next(i for i, space in enumerate(group.spaces) if same_space(image, space))


def keys_of(group: Group, index: int, points: Int) -> Int:
    """A number for the Wyckoff position of each subspace ``points + spaces[index]``."""
    best = None
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        target = image_index(group, rotation, index)
        moved = points @ rotation.T + translation
        reduced = (moved @ group.annihilators[target].T) % GRID
        key = ((target * GRID + reduced[:, 0]) * GRID + reduced[:, 1]) * GRID + reduced[:, 2]
        best = key if best is None else np.minimum(best, key)
    assert best is not None
    return best


def fixed_dimension(group: Group, points: Int) -> tuple[Int, Int]:
    """Dimension of the space that each point's site symmetry fixes, and its order."""
    modulus = GRID * PRIME
    order = np.zeros(len(points), dtype=np.int64)
    trace = np.zeros(len(points), dtype=np.int64)
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        moved = points @ rotation.T + translation * PRIME - points
        fixed = np.all(moved % modulus == 0, axis=1)
        order += fixed
        trace += fixed * np.trace(rotation)
    return trace // order, order


@dataclass(frozen=True)
class Position:
    """One Wyckoff position: a subspace of its orbit and a point in general position on it."""

    space: int
    shift: Int
    point: Int  # in units of 1 / (24 * 1009)
    multiplicity: int


def positions_of(group: Group) -> dict[int, Position]:
    """All Wyckoff positions of a group by key."""
    found: dict[int, Position] = {}
    generic = np.array([317, 771, 142])
    for index, space in enumerate(group.spaces):
        shifts = POINTS[:1] if space.shape[1] == 3 else POINTS
        points = shifts * PRIME + space @ generic[: space.shape[1]]
        dimension, order = fixed_dimension(group, points)
        keep = dimension == space.shape[1]
        for key, shift, point, size in zip(
            keys_of(group, index, shifts[keep]),
            shifts[keep],
            points[keep],
            order[keep],
            strict=True,
        ):
            multiplicity = len(group.rotations) // int(size) * group.order
            found.setdefault(int(key), Position(index, shift, point, multiplicity))
    return found


def unimodular(limit: int) -> Int:
    """All integer matrices of determinant ±1 with entries up to `limit`."""
    entries = np.array(list(itertools.product(range(-limit, limit + 1), repeat=3)))
    crosses = np.cross(entries[:, None], entries[None])
    determinants = np.einsum("ijk,lk->ijl", crosses, entries)
    i, j, k = np.nonzero(np.abs(determinants) == 1)
    # The triple product a x b . c is the determinant of the matrix with rows a, b, c.
    return np.stack([entries[i], entries[j], entries[k]], axis=1)


def normalizing_linears(group: Group, candidates: Int) -> Int:
    """Matrices that normalize the point group, one for each coset of the point group."""
    if group.number <= 2:
        return TRICLINIC_GENERATORS
    keep = candidates
    codes = 3 ** np.arange(9)
    members = (group.rotations.reshape(-1, 9) + 1) @ codes
    for rotation in group.rotations:
        inverse = np.rint(np.linalg.inv(keep)).astype(np.int64)
        turned = keep @ rotation @ inverse
        small = np.abs(turned).reshape(-1, 9).max(axis=1) <= 1
        keep = keep[small & np.isin((turned.reshape(-1, 9) + 1) @ codes, members)]
    chosen: dict[bytes, Int] = {}
    for linear in keep:
        coset = linear @ group.rotations
        chosen.setdefault(min(product.tobytes() for product in coset), linear)
    return np.array(list(chosen.values()))


def shifts_for(group: Group, linear: Int) -> Int:
    """All `a` (in units of 1/24) for which ``(linear, a)`` normalizes the space group."""
    inverse = np.rint(np.linalg.inv(linear)).astype(np.int64)
    lookup = {rotation.tobytes(): t for rotation, t in zip(*operations(group), strict=True)}
    shifts = POINTS
    for rotation, translation in zip(*operations(group), strict=True):
        turned = np.ascontiguousarray(linear @ rotation @ inverse)
        wanted = lookup[turned.tobytes()] - linear @ translation
        rest = np.eye(3, dtype=np.int64) - turned
        shifts = shifts[np.all((shifts @ rest.T - wanted) % GRID == 0, axis=1)]
    return shifts


def operations(group: Group) -> tuple[Int, Int]:
    """Rotations and translations of the group."""
    return group.rotations, group.translations


def permutations_of(group: Group, found: dict[int, Position], linears: Int) -> set[tuple[int, ...]]:
    """Permutations of the positions (in the order of `found`) under the normalizer."""
    order = {key: number for number, key in enumerate(found)}
    permutations: set[tuple[int, ...]] = set()
    for linear in linears:
        shifts = shifts_for(group, linear)
        if len(shifts) == 0:
            continue
        images = []
        for position in found.values():
            target = image_index(group, linear, position.space)
            images.append(keys_of(group, target, linear @ position.shift + shifts))
        for row in np.unique(np.stack(images, axis=1), axis=0):
            permutations.add(tuple(order[int(key)] for key in row))
    return closure(permutations)


def closure(permutations: set[tuple[int, ...]]) -> set[tuple[int, ...]]:
    """The group that permutations generate."""
    generators, known, fresh = list(permutations), set(permutations), set(permutations)
    while fresh:
        products = {tuple(g[i] for i in p) for p in fresh for g in generators}
        fresh = products - known
        known |= fresh
    return known


def random_metric(group: Group) -> npt.NDArray[np.float64]:
    """A lattice (rows, primitive basis) with the symmetry of the group and no more."""
    rng = np.random.default_rng(group.number)
    seed = np.eye(3) * (400 + 60 * rng.random(3)) + 40 * rng.random((3, 3))
    conventional = group.to_conventional
    seed = conventional.T @ (seed + seed.T) @ conventional
    turned = np.einsum("nji,jk,nkl->il", group.rotations, seed, group.rotations)
    basis: npt.NDArray[np.float64] = np.linalg.cholesky(turned / len(group.rotations))
    return basis


def orbit(group: Group, point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
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


def parse_coordinates(text: str) -> npt.NDArray[np.float64]:
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


def key_of_point(group: Group, found: dict[int, Position], point: npt.NDArray[np.float64]) -> int:
    """The position that a point of the conventional basis lies on."""
    primitive = np.linalg.inv(group.to_conventional) @ point
    images = primitive @ group.rotations.transpose(0, 2, 1) + group.translations / GRID
    for key, position in sorted(found.items(), key=lambda item: item[1].multiplicity):
        offset = (images - position.shift / GRID) @ group.annihilators[position.space].T
        if np.any(np.all(np.abs(offset - np.rint(offset)) < 1e-6, axis=1)):
            return key
    raise AssertionError("a point outside all positions")


def conventional_metric_linears(group: Group, linears: Int) -> Int:
    """The linear parts that aviary and pymatgen use: no change of cell below orthorhombic."""
    if group.number > 15:
        return linears
    return np.stack([np.eye(3, dtype=np.int64), -np.eye(3, dtype=np.int64)])


def describe(number: int, candidates: Int) -> dict[str, object]:
    """The entry of one group."""
    group = load_group(number)
    found = positions_of(group)
    named = letters_of(group, found)
    assert set(named) == set(found), (number, len(named), len(found))
    assert all(named[key].multiplicity == found[key].multiplicity for key in found)
    # ASCII order with the 27th letter of Pmmm ("A", for alpha) last.
    order = sorted(found, key=lambda key: (named[key].letter == "A", named[key].letter))
    found = {key: found[key] for key in order}
    letters = "".join(named[key].letter for key in order)
    linears = normalizing_linears(group, candidates)
    entry: dict[str, object] = {
        "letters": letters,
        "multiplicities": [found[key].multiplicity for key in order],
        "site_symmetries": [named[key].site_symmetry for key in order],
        "coordinates": [named[key].coordinates for key in order],
        "affine": as_words(permutations_of(group, found, linears), letters),
    }
    if number <= 15:
        fixed = conventional_metric_linears(group, linears)
        entry["fixed_cell"] = as_words(permutations_of(group, found, fixed), letters)
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
