"""Wyckoff positions and the affine normalizer of a space group, in exact integer arithmetic.

Everything is in the primitive basis. Coordinates and shifts are integers in units of 1/24, points
in general position on a subspace in units of 1/(24 * 1009).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import moyopy
import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
GRID = 24  # all special coordinates and normalizer shifts are multiples of 1/24
PRIME = 1009  # free parameters are multiples of 1/(24 * 1009), so no symmetry by chance
POINTS: Int = np.array(list(itertools.product(range(GRID), repeat=3)), dtype=np.int64)
TRICLINIC_GENERATORS: Int = np.array(
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
    to_conventional: Float  # x_conventional = to_conventional @ x_primitive
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
    basis = np.linalg.inv(np.array(entry.centering.linear, dtype=float))
    check_basis(number, rotations, basis)
    spaces = fixed_spaces(rotations)
    return Group(
        number,
        rotations,
        translations % GRID,
        basis,
        entry.centering.order,
        spaces,
        [annihilator(space) for space in spaces],
    )


def first_hall_number(number: int) -> int:
    """The smallest Hall number of a space-group type."""
    return next(h for h in range(1, 531) if moyopy.HallSymbolEntry(h).number == number)


def check_basis(number: int, rotations: Int, basis: Float) -> None:
    """Check the matrix from primitive to conventional coordinates on the rotations themselves."""
    turned = basis @ rotations @ np.linalg.inv(basis)
    in_basis = {tuple(np.rint(rotation).astype(int).ravel()) for rotation in turned}
    full = np.array(moyopy.operations_from_number(number).rotations)
    assert in_basis == {tuple(rotation.ravel()) for rotation in full}


def primitive_vectors(dimension: int) -> list[Int]:
    """Small integer vectors without common divisor, shortest first."""
    vectors = [
        np.array(v)
        for v in itertools.product(range(-3, 4), repeat=dimension)
        if np.gcd.reduce(v) == 1
    ]
    return sorted(vectors, key=lambda v: (int(v @ v), [-int(x) for x in v]))


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
    best: Int | None = None
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
    positions: dict[int, Position] = {}
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
            positions.setdefault(int(key), Position(index, shift, point, multiplicity))
    return positions


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
    lookup = {
        rotation.tobytes(): t
        for rotation, t in zip(group.rotations, group.translations, strict=True)
    }
    shifts = POINTS
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        turned = np.ascontiguousarray(linear @ rotation @ inverse)
        wanted = lookup[turned.tobytes()] - linear @ translation
        rest = np.eye(3, dtype=np.int64) - turned
        shifts = shifts[np.all((shifts @ rest.T - wanted) % GRID == 0, axis=1)]
    return shifts


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
