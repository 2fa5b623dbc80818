"""Crystals of CIF texts, checked against everything that the texts state.

gemmi parses the notation, and its tables give the settings of space groups; the construction of
crystals is done here: `document` (blocks), `cell`, `species`, `atoms` (rows of the atom list),
`operations`, `space_groups` and `readings` (symmetry), `expand` (all sites), `statements` (formula,
units, multiplicities and density that must agree). A block that cannot be read unambiguously is
rejected with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matdata.adapters.cif.atoms import Atoms, atoms_of
from matdata.adapters.cif.cell import cell_of, misfit
from matdata.adapters.cif.document import Block, read_blocks
from matdata.adapters.cif.expand import Built, expand, same_crystal
from matdata.adapters.cif.operations import Operations
from matdata.adapters.cif.readings import Readings, readings_of
from matdata.adapters.cif.statements import Statements, contradiction, proved, statements_of
from matdata.adapters.sites import Sites
from matdata.core.crystals import Float
from matdata.core.ledger import Unusable

MISFIT = 0.01  # of the metric: operations and cell agree to about 0.5 % of lengths and 0.5°
EXACT = 1e-4
CRYSTAL = ("_cell_length_", "_cell_angle_", "_atom_site_fract_", "_atom_site_label",
           "_atom_site_type_symbol", "_atom_site_cartn_")  # fmt: skip


class Outcome(NamedTuple):
    """The result of one block: a crystal, or why there is none."""

    name: str
    sites: Sites | Exception


def read_cif(text: str) -> list[Outcome]:
    """Read each block of a CIF text that holds, or is meant to hold, a crystal.

    Returns
    -------
    list of Outcome
        In the order of the blocks. Blocks without a cell and without atoms (authors, experiments)
        are skipped; blocks that cannot be parsed are reported.

    Raises
    ------
    Unusable
        If no block is left.
    """
    blocks = read_blocks(text)
    outcomes = [
        Outcome("", block) if isinstance(block, Unusable) else Outcome(block.name, _read(block))
        for block in blocks
        if isinstance(block, Unusable) or block.any_of(*CRYSTAL)
    ]
    if not outcomes:
        names = ", ".join(block.name for block in blocks[:5] if isinstance(block, Block))
        raise Unusable("no_atoms", f"no block holds a crystal (blocks: {names})")
    return outcomes


def _read(block: Block) -> Sites | Exception:
    try:
        return _crystal(block).sites
    except Unusable as error:
        return Unusable(error.reason, f"block {block.name[:40]}: {error}")
    except Exception as error:  # fails this block only; the caller decides what it means
        return error


def _crystal(block: Block) -> Built:
    lattice = cell_of(block)
    atoms = atoms_of(block)
    readings = _fitting(readings_of(block), lattice)
    statements = statements_of(block)
    crystals = _distinct(_built(atoms, lattice, readings, statements))
    if len(crystals) == 1 and (readings.doubt is None or len(readings.operations) > 1):
        return _agreed(statements, atoms, crystals[0])
    if readings.doubt is not None:
        return _proved(readings.doubt, statements, crystals)
    return _only(statements, atoms, crystals)


def _fitting(readings: Readings, lattice: Float) -> Readings:
    """The readings whose operations leave the cell invariant, within the tolerance of the best."""
    if len(readings.operations) == 1 and len(readings.operations[0]) == 1:
        return readings
    changes = [misfit(lattice, each.rotations) for each in readings.operations]
    smallest = min(changes)
    if smallest > MISFIT:
        raise Unusable(
            "contradiction", f"the cell does not have the symmetry of {readings.operations[0].name}"
        )
    bound = min(max(EXACT, 2 * smallest), MISFIT)
    pairs = zip(readings.operations, changes, strict=True)
    return Readings(tuple(each for each, change in pairs if change <= bound), readings.doubt)


def _built(atoms: Atoms, lattice: Float, readings: Readings, statements: Statements) -> list[Built]:
    """Crystals of the readings; one that fails is dropped only if formula and Z can confirm."""
    built, problems = [], []
    for operations in readings.operations:
        try:
            built.append(expand(atoms, lattice, operations))
        except Unusable as problem:
            problems.append(problem)
    stated = statements.formula is not None and statements.units is not None
    if not problems or (built and stated and readings.doubt is None):
        return built
    if readings.doubt is not None:
        raise Unusable(readings.doubt.reason, str(readings.doubt))
    if len(readings.operations) > 1:
        raise _open(readings.operations)
    raise problems[0]


def _distinct(crystals: list[Built]) -> list[Built]:
    distinct: list[Built] = []
    for crystal in crystals:
        if not any(same_crystal(crystal, other) for other in distinct):
            distinct.append(crystal)
    return distinct


def _agreed(statements: Statements, atoms: Atoms, crystal: Built) -> Built:
    problem = contradiction(statements, atoms, crystal)
    if problem is not None:
        raise problem
    return crystal


def _proved(doubt: Unusable, statements: Statements, crystals: list[Built]) -> Built:
    """The only crystal that formula and units prove despite a doubt."""
    confirmed = [each for each in crystals if proved(statements, each)]
    if len(confirmed) != 1:
        raise Unusable(doubt.reason, f"{doubt}; formula and Z do not settle it")
    return confirmed[0]


def _only(statements: Statements, atoms: Atoms, crystals: list[Built]) -> Built:
    """The only crystal, of several settings, that contradicts no statement of the file."""
    consistent = [each for each in crystals if contradiction(statements, atoms, each) is None]
    if len(consistent) == 1:
        return consistent[0]
    if consistent:
        raise _open([each.operations for each in consistent])
    names = ", ".join(each.operations.name for each in crystals)
    raise Unusable("contradiction", f"none of {names} gives the content that the file states")


def _open(settings: Sequence[Operations]) -> Unusable:
    names = ", ".join(each.name for each in settings)
    return Unusable("unknown_symmetry", f"the space group can mean any of {names}")
