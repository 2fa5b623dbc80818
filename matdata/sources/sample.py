"""The embedded dataset: AFLOW prototypes decorated as neutral salts, labelled by electrostatics.

Needs no download and no account. Several polymorphs of each composition are among the records,
so that all steps for a dataset of crystals can be tried on it: curation, splits by
composition or prototype, rankings of polymorphs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from matdata.adapters.electrostatics import ewald_energy_per_atom
from matdata.adapters.prototypes import STRAINS, prototypes
from matdata.core import elements
from matdata.core.crystals import Crystals, gather_index
from matdata.core.errors import SourceError
from matdata.sources._draws import NO_SOURCE, Draws
from matdata.sources._stream import MAX_SIZE, N_ORIGINALS, draw_chunks
from matdata.sources.base import CHUNK_ROWS, Chunk, Origin, Request, Source

VERSION = 1  # to be raised when equal requests give other records
DEFAULT_SIZE = 500
MAX_SEED = 2**60
ENERGY = "ewald_energy_per_atom"
NOTE = "the labels are electrostatics of formal charges in generated crystals, not DFT"
NOTE_OF_COPIES = (
    f"records after the first {N_ORIGINALS:,} are compositions in further stoichiometries and "
    "strained or decorated copies of the first ones, as their columns variant and copy_of say"
)
CITATION = (
    "M. J. Mehl, D. Hicks, C. Toher, O. Levy, R. M. Hanson, G. Hart, S. Curtarolo, The AFLOW "
    "Library of Crystallographic Prototypes: Part 1, Comput. Mater. Sci. 136, S1-S828 (2017), "
    "doi:10.1016/j.commatsci.2017.01.017; S. P. Ong et al., Python Materials Genomics "
    "(pymatgen), Comput. Mater. Sci. 68, 314-319 (2013), doi:10.1016/j.commatsci.2012.10.028"
)


class Sample(Source[Draws]):
    """Prototype structures decorated with elements in common oxidation states.

    A record is a composition in an ordered AFLOW prototype of the same stoichiometry, stretched
    to the volume predicted by pymatgen's DLS. Its label is the Ewald energy of the
    formal charges. Elements with equal amounts are placed where that energy is lowest; crystals
    with a positive energy, or less than 4 or more than 200 Å³/atom, are not drawn.

    A sample of more than 140,000 records goes on with two kinds of records in turn: compositions of
    stoichiometries that have one prototype, and copies of the first 140,000. A copy is strained
    (by 2 to 4 % in one direction or shear, and by up to 3 % in all), or has elements of equal
    amounts placed where the energy is second lowest. Two columns say what a record is: ``variant``
    (``original``, ``strained``, ``decorated``), and ``copy_of``, the id of a copy's original.

    Parameters
    ----------
    size
        Number of records, up to 1,000,000. A larger sample starts with the records of a smaller
        one.
    seed
        Another seed draws the same compositions in another order and with other polymorphs.

    Raises
    ------
    SourceError
        If size or seed is out of range.
    """

    name: ClassVar[str] = "sample"
    slow_parse: ClassVar[bool] = False  # a chunk takes some milliseconds

    def __init__(self, size: int = DEFAULT_SIZE, seed: int = 0) -> None:
        if not 1 <= size <= MAX_SIZE:
            raise SourceError(
                f"the sample has 1 to {MAX_SIZE:,} records, {size:,} were requested",
                cause="the number of neutral compositions and of copies that differ is limited"
                if size > MAX_SIZE
                else None,
            )
        if not 0 <= seed < MAX_SEED:
            raise SourceError(f"the seed of the sample is {seed}; expected 0 to 2**60 - 1")
        self.size = size
        self.seed = seed

    @classmethod
    def make(cls, request: Request) -> Sample:
        """Create the sample from a request.

        The argument is the size (``sample:2000``). Without one a limit is the size, because the
        sample has no size of its own; with one it is an upper bound.

        Raises
        ------
        SourceError
            If the argument is not a number, or size or seed is out of range.
        """
        text = request.argument.replace("_", "").replace(",", "")
        if text and not text.isdecimal():
            raise SourceError(
                f"the sample takes a number of records after the colon, not {request.argument!r}",
                next_step="write sample, or sample:2000",
            )
        sizes = [int(text)] if text else []
        if request.limit is not None:
            sizes.append(request.limit)
        return cls(min(sizes, default=DEFAULT_SIZE), request.seed)

    def origin(self) -> Origin:
        """Describe the sample; reads the file of prototypes for its digest."""
        return Origin(
            source=self.name,
            name=self.name,
            version=str(VERSION),
            kind="structure",
            request={
                "generator": self.name,
                "version": VERSION,
                "seed": self.seed,
                "size": self.size,
                "prototypes": prototypes().digest,
            },
            licence="MIT (prototypes and bond lengths as distributed with pymatgen)",
            url="https://aflowlib.org/prototype-encyclopedia/",
            citation=CITATION,
            energy_column=ENERGY,
            energy_per="atom",
            targets={ENERGY: "eV/atom"},
            count=self.size,
            note=NOTE if self.size <= N_ORIGINALS else f"{NOTE}; {NOTE_OF_COPIES}",
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Draws]:
        """Yield the draws of records to build, `CHUNK_ROWS` at a time."""
        return draw_chunks(self.seed, self.size, CHUNK_ROWS, start)

    def parse(self, raw: Draws) -> Chunk:
        """Build the crystals and their labels."""
        library = prototypes()
        index, offsets = gather_index(library.offsets, raw.rows)
        record = np.repeat(np.arange(len(raw)), np.diff(offsets))
        ids = [_id(index) for index in range(raw.first, raw.first + len(raw))]
        lattice = library.lattice[raw.rows] * raw.scale[:, None, None]
        strained = raw.strain > 0
        lattice[strained] = lattice[strained] @ STRAINS[raw.strain[strained]]
        crystals = Crystals(
            np.array(ids),
            lattice,
            library.frac_coords[index],
            raw.numbers[record, library.slots[index]],
            offsets,
        )
        rows = raw.rows.tolist()
        return Chunk(
            crystals,
            {
                "material_id": ids,
                ENERGY: ewald_energy_per_atom(
                    raw.rows, raw.charges, raw.scale, raw.strain
                ).tolist(),
                "prototype": [library.tags[row] for row in rows],
                "strukturbericht": [library.strukturbericht[row] for row in rows],
                "mineral": [library.minerals[row] for row in rows],
                "oxidation_states": [
                    _oxidation_states(tuple(numbers), tuple(charges))
                    for numbers, charges in zip(
                        raw.numbers.tolist(), raw.charges.tolist(), strict=True
                    )
                ],
                **_copy_columns(raw),
            },
        )


def _id(index: int) -> str:
    return f"sample-{index + 1:07d}"


def _copy_columns(raw: Draws) -> dict[str, list[str | None]]:
    """What each record is, and of which it is a copy: nothing in a sample without copies."""
    if not raw.marks_copies:
        return {}
    originals = [None if index == NO_SOURCE else _id(index) for index in raw.source.tolist()]
    return {"variant": [*raw.variants()], "copy_of": originals}


@functools.lru_cache(maxsize=4096)
def _oxidation_states(numbers: tuple[int, ...], charges: tuple[int, ...]) -> str:
    """``Ca2+ Ti4+ O2-``, in order of electronegativity; a charge of 1 is written, too."""
    x, symbols = elements.electronegativities(), elements.symbols()
    ions = [(x[z], symbols[z], q) for z, q in zip(numbers, charges, strict=True) if z]
    return " ".join(f"{symbol}{abs(q)}{'+' if q > 0 else '-'}" for _, symbol, q in sorted(ions))
