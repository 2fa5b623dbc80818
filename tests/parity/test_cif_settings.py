"""All 530 settings of the International Tables: the cell that spglib's operations give."""

from __future__ import annotations

from types import SimpleNamespace

import gemmi
import numpy as np
import pytest
from support.cifs import listed, outcome, same_sites

from matdata.adapters.sites import Sites
from matdata.core.ledger import Unusable

ELEMENTS = {8: "O", 26: "Fe", 56: "Ba"}
NEAREST = 0.7  # Å between any two sites that are drawn
WITHIN = 0.01  # Å; coordinates are written with six digits


def invariant_lattice(rotations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lattice vectors (rows) of a drawn metric that all rotations leave as it is."""
    drawn = np.diag([81.0, 100.0, 144.0]) + rng.uniform(-12, 12, (3, 3))
    metric = np.mean([r.T @ (drawn + drawn.T) / 2 @ r for r in rotations], axis=0)
    return np.linalg.cholesky(metric)


def orbit(x: np.ndarray, rotations: np.ndarray, translations: np.ndarray) -> np.ndarray:
    images = rotations @ x + translations
    apart = images[:, None] - images[None]
    equal = (np.abs(apart - np.rint(apart)) < 1e-6).all(axis=-1)
    return images[np.unique(equal.argmax(axis=1))]


def on_an_element(x, rotation, translation) -> np.ndarray | None:
    """The nearest point that an operation leaves as it is; None for screws and glides."""
    points = [x]
    while True:
        points.append(rotation @ points[-1] + translation)
        if np.allclose(np.linalg.matrix_power(rotation, len(points) - 1), np.eye(3)):
            break
    return np.mean(points[:-1], axis=0) if np.allclose(points[-1], x) else None


def nearest(coords: np.ndarray, lattice: np.ndarray) -> float:
    apart = coords[:, None] - coords[None]
    distances = np.linalg.norm((apart - np.rint(apart)) @ lattice, axis=-1)
    return float(distances[~np.eye(len(coords), dtype=bool)].min(initial=np.inf))


def drawn_crystal(hall_number: int) -> SimpleNamespace:
    """A crystal with a general site and, where there is room, two special ones."""
    from spglib import get_symmetry_from_database

    rng = np.random.default_rng(hall_number)
    found = get_symmetry_from_database(hall_number)
    rotations, translations = found["rotations"], found["translations"]
    lattice = invariant_lattice(rotations, rng)
    rows, placed = [], []
    for number in ELEMENTS:
        for _ in range(300):
            x = rng.random(3)
            if number != 8:
                k, shift = rng.integers(len(rotations)), rng.integers(-1, 2, 3)
                x = on_an_element(x, rotations[k], translations[k] + shift)
            if x is None:
                continue
            images = orbit(x, rotations, translations)
            if nearest(np.concatenate([*placed, images]), lattice) > NEAREST:
                placed.append(images)
                rows.append((number, x))
                break
    assert rows[0][0] == 8
    numbers = np.repeat([number for number, _ in rows], [len(images) for images in placed])
    return SimpleNamespace(
        rows=rows, lattice=lattice, numbers=numbers.tolist(), coords=np.concatenate(placed)
    )


def read(made: SimpleNamespace, head: str) -> Sites | Unusable:
    metric = made.lattice @ made.lattice.T
    a, b, c = np.sqrt(np.diag(metric))
    cosines = metric[1, 2] / b / c, metric[0, 2] / a / c, metric[0, 1] / a / b
    cell = [f"{value:.8f}" for value in (a, b, c, *np.degrees(np.arccos(cosines)))]
    atoms = [
        f"{ELEMENTS[number]}{k} {ELEMENTS[number]} " + " ".join(f"{value:.6f}" for value in x)
        for k, (number, x) in enumerate(made.rows)
    ]
    return outcome(atoms, head, cell)


def right(made: SimpleNamespace, found: Sites) -> bool:
    return same_sites(found, made.numbers, made.coords, WITHIN)


@pytest.mark.parametrize("first", range(1, 531, 53))
@pytest.mark.slow
def test_every_setting_gives_its_full_cell_or_is_refused(first: int):
    from moyopy import HallSymbolEntry
    from spglib import get_spacegroup_type

    for hall_number in range(first, first + 53):
        made, kind = drawn_crystal(hall_number), get_spacegroup_type(hall_number)
        hall = HallSymbolEntry(hall_number=hall_number).hall_symbol.replace("=", '"')
        group = gemmi.symops_from_hall(hall)
        setting = gemmi.find_spacegroup_by_ops(group)
        tag = "_symmetry_space_group_name_H-M"
        short = setting.hm.replace(" 1", "") if 3 <= setting.number <= 15 else setting.hm
        counts = {s: made.numbers.count(z) for z, s in ELEMENTS.items() if z in made.numbers}
        content = " ".join(f"{symbol}{count}" for symbol, count in counts.items())
        formula = f"_chemical_formula_sum '{content}'\n_cell_formula_units_Z 1\n"
        sure = {
            "operations": listed([op.triplet() for op in group]),
            "Hall": f"_space_group_name_Hall '{hall}'",
            "extended symbol": f"{tag} '{setting.xhm()}'",
        }
        for what, head in sure.items():
            found = read(made, head)
            assert isinstance(found, Sites), (hall_number, what, found)
            assert right(made, found), (hall_number, what)
        full = f"{tag} '{kind.international_full}'"
        code = f"\n_space_group_IT_coordinate_system_code {kind.choice}" if kind.choice else ""
        number = f"_space_group_IT_number {kind.number}"
        unsure = (f"{tag} '{short}'", f"{tag} '{short}'\n{formula}", full, full + code, number)
        for head in (*unsure, f"{number}\n{formula}"):
            found = read(made, head)
            if isinstance(found, Unusable):
                assert found.reason == "unknown_symmetry", (hall_number, head, found)
            else:
                assert right(made, found), (hall_number, head)


def test_symbols_that_leave_nothing_open_are_not_refused():
    made = drawn_crystal(523)  # F m -3 m, one setting
    for symbol in ("F m -3 m", "Fm-3m", "F m 3 m", "Fm3m", "F 4/m -3 2/m", "F_m_-3_m", "fm-3m"):
        assert right(made, read(made, f"_symmetry_space_group_name_H-M '{symbol}'")), symbol
    assert right(made, read(made, "_space_group_IT_number 225"))


def test_the_cell_decides_the_axes_of_rhombohedral_groups():
    for hall_number in (458, 459):  # R -3 m on both kinds of axes
        made = drawn_crystal(hall_number)
        assert right(made, read(made, "_symmetry_space_group_name_H-M 'R -3 m'"))
