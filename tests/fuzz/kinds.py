"""The sixteen kinds of input (a folder also as a zip): how matdata is asked, who reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz import containers, samples, seeds
from fuzz.containers import Content
from fuzz.records import Broken, Reading
from fuzz.strict_cif import read_cif
from fuzz.strict_documents import (
    file_document,
    jarvis_document,
    mixed_document,
    mp_document,
    split_document,
)
from fuzz.strict_files import (
    Members,
    cif_row,
    formula_row,
    optimade_answer,
    read_folder,
    text_of,
)
from fuzz.strict_json import json_lines, json_list, json_split
from fuzz.strict_text import read_csv, read_poscar, read_xyz


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes
    ----------
    name
        Name in reports.
    file
        Name of what is handed to matdata; of a folder if `pack` is None and there are many files.
    seeds
        Contents of valid inputs, one of which is damaged.
    truth
        What each seed holds, in the order of its entries; None for a replay.
    read
        The independent reader.
    source
        The source that is asked, with ``--from``; the file itself if empty.
    pack, unpack
        To the bytes of a container and back.
    """

    name: str
    file: str
    seeds: list[Content]
    truth: seeds.Truth | None
    read: Callable[[Members], Reading]
    source: str = ""
    pack: Callable[[Content], bytes] | None = None
    unpack: Callable[[bytes], Members] | None = None

    def write(self, folder: Path, data: Content | bytes) -> Path:
        """Write an input; returns the path that matdata is given."""
        path = folder / self.file
        if isinstance(data, bytes):
            path.write_bytes(data)
        elif self.pack is not None:
            path.write_bytes(self.pack(data))
        elif len(data) == 1 and self.name != "folder":
            path.write_bytes(*data.values())
        else:
            path.mkdir()
            for name, one in data.items():
                (path / name).write_bytes(one)
        return path

    def command(self, path: Path) -> list[str]:
        """Arguments of ``matdata build`` for it."""
        return [self.source, "--from", str(path)] if self.source else [str(path)]


def _replay(files: Members) -> Reading:
    raise Broken("a replay file states the digest of what it holds")


def _in_json(read: Callable[[str, Any], Reading], make: Any) -> Callable[[Members], Reading]:
    return lambda files: read(text_of(files), make)


def _in_table(make: Any, *wanted: str) -> Callable[[Members], Reading]:
    return lambda files: read_csv(text_of(files), make, wanted)


ZIP: dict[str, Any] = {"pack": containers.pack_zip, "unpack": containers.unpack_zip}
GZIP: dict[str, Any] = {
    "pack": containers.pack_gz,
    "unpack": lambda data: containers.unpack_gz(data, "a.csv"),
}
DATABASE: dict[str, Any] = {
    "pack": containers.pack_database,
    "unpack": lambda data: {"a.db": data},  # SQL reads it as it is
}
#: The replay file, which matdata itself must write; `zygote` fills it in.
REPLAY: Content = {}


def _texts() -> list[Kind]:
    named = seeds.truth(samples.IDS, energy_per_atom=samples.ENERGIES, gap=samples.GAPS)
    by_row = seeds.truth(seeds.ROWS, energy_per_atom=samples.ENERGIES, gap=samples.GAPS)
    formula = (seeds.formulas(), seeds.formula_truth())
    by_formula = _in_table(formula_row, "material_id", "formula", "gap")
    cells = [containers.database_cells()]
    in_rows = _in_table(cif_row, *seeds.CIF_HEADER)
    frames = "".join(map(samples.frame, range(5)))
    return [
        Kind("cif", "a.cif", seeds.cifs(), seeds.cif_truth(), lambda f: read_cif(text_of(f))),
        Kind("cif-csv", "a.csv", seeds.cif_column(), named, in_rows),
        Kind("poscar", "a.vasp", *seeds.poscars(), lambda f: read_poscar(text_of(f))),
        Kind("extxyz", "a.xyz", [{"a": frames.encode()}], named, lambda f: read_xyz(text_of(f))),
        Kind("asedb", "a.db", cells, by_row, containers.read_database, **DATABASE),
        Kind("formulas", "a.csv", *formula, by_formula),
        Kind("formulas-gz", "a.csv.gz", *formula, by_formula, **GZIP),
        Kind("folder", "f", seeds.folder(), seeds.folder_truth(), read_folder),
        Kind("folder-zip", "f.zip", seeds.folder(), seeds.folder_truth(), read_folder, **ZIP),
    ]


def _documents() -> list[Kind]:
    named = seeds.truth(samples.IDS, energy_per_atom=samples.ENERGIES, gap=samples.GAPS)
    unnamed = seeds.truth([None] * 5, gap=samples.GAPS)
    jarvis = seeds.truth(
        [f"JVASP-{k}" for k in range(1, 6)],
        formation_energy_peratom=samples.ENERGIES,
        optb88vdw_bandgap=samples.GAPS,
    )
    moduli = {"bulk_modulus.vrh": [1.5, 2.5, 3.5, 4.5, 5.5]}
    mp = seeds.truth(
        [f"mp-{k}" for k in range(1, 6)],
        energy_per_atom=samples.ENERGIES,
        band_gap=samples.GAPS,
        **moduli,
    )
    entries = seeds.truth(samples.IDS, _xx_gap=samples.GAPS)
    own, splits = seeds.documents(seeds.document, json.dumps), _in_json(json_split, split_document)
    lines = seeds.documents(seeds.document, seeds.lines)
    dumped = seeds.documents(seeds.jarvis, json.dumps)
    saved = seeds.documents(seeds.mp, seeds.lines)
    mixed = seeds.documents(seeds.mixed, json.dumps)
    answers = seeds.documents(samples.optimade_entry, seeds.answer)
    in_jarvis, dft_3d = _in_json(json_list, jarvis_document), "jarvis:dft_3d"
    return [
        Kind("list", "a.json", own, named, _in_json(json_list, file_document)),
        Kind("split", "a.json", seeds.documents(seeds.document, seeds.split), unnamed, splits),
        Kind("jsonl", "a.jsonl", lines, named, _in_json(json_lines, file_document)),
        Kind("mixed", "a.json", mixed, seeds.mixed_truth(), _in_json(json_list, mixed_document)),
        Kind("jarvis", "j.json", dumped, jarvis, in_jarvis, dft_3d),
        Kind("jarvis-zip", "j.zip", [{"j.json": dumped[0]["a"]}], jarvis, in_jarvis, dft_3d, **ZIP),
        Kind("mp", "mp.jsonl", saved, mp, _in_json(json_lines, mp_document), "mp"),
        Kind("optimade", "o.json", answers, entries, optimade_answer, "optimade:xx"),
        Kind("replay", "r.jsonl", [REPLAY], None, _replay),
    ]


KINDS = {kind.name: kind for kind in (*_texts(), *_documents())}
