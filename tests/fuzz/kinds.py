"""The sixteen kinds of input: a small valid seed, how matdata is asked for it, who reads it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fuzz import containers, samples
from fuzz.containers import Content
from fuzz.records import Broken, Entry, Reading, Record, Refused
from fuzz.strict_cif import crystal_of, read_cif
from fuzz.strict_json import (
    file_document,
    jarvis_document,
    json_lines,
    json_list,
    json_split,
    mp_document,
    optimade_record,
    parsed,
    split_document,
)
from fuzz.strict_text import (
    cell_value,
    content,
    formula_amounts,
    poscar_crystal,
    read_csv,
    read_poscar,
    read_xyz,
)

Members = Mapping[str, bytes | None]


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
    level
        What may be damaged: ``content``, ``container``, or both.
    """

    name: str
    file: str
    seeds: Callable[[], list[Content]]
    truth: Callable[[], list[list[Record]]] | None
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


def text_of(files: Members) -> str:
    """The only file as text, as everybody reads it: UTF-8, a mark of byte order left aside."""
    ((name, data),) = files.items()
    if data is None:
        raise Broken(f"{name} is damaged")
    return data.decode("utf-8-sig", "replace")


def _cif_seeds() -> list[Content]:
    full = "".join(samples.cif(k) for k in range(4))
    blocks = [samples.cif_block(*SYMMETRIC[name]) for name in ("P -1", "P 1 21/c 1", "C 1 2/m 1")]
    return [{"a.cif": full.encode()}, {"a.cif": "".join(blocks).encode()}]


def _symmetric(symbol: str, lattice: Any, numbers: Any, coords: Any) -> tuple[Any, ...]:
    from fuzz.strict_cif import KNOWN

    crystal = samples.Crystal(lattice, coords, numbers)
    name = "".join(c for c in symbol if c.isalnum())
    return name, crystal, numbers, coords, symbol, KNOWN[symbol]


TRICLINIC = samples.CRYSTALS[3].lattice
MONOCLINIC = [[6.2, 0, 0], [0, 7.4, 0], [-1.1, 0, 8.3]]
SYMMETRIC = {
    "P -1": _symmetric("P -1", TRICLINIC, [22, 16], [[0.1, 0.2, 0.3], [0.31, 0.72, 0.41]]),
    "P 1 21/c 1": _symmetric(
        "P 1 21/c 1", MONOCLINIC, [40, 8], [[0.27, 0.04, 0.21], [0.07, 0.33, 0.34]]
    ),
    "C 1 2/m 1": _symmetric(
        "C 1 2/m 1", MONOCLINIC, [31, 8], [[0, 0, 0], [0.17, 0, 0.28]]
    ),
}  # fmt: skip


def _cif_truth() -> list[list[Record]]:
    full = [replace(one, id=None) for one in samples.truths()[:4]]
    texts = [samples.cif_block(*one) for one in SYMMETRIC.values()]
    return [full, [Record(None, crystal_of(text)) for text in texts]]


def _table(header: list[str], rows: list[list[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue().encode()


CIF_HEADER = ["material_id", "cif", "energy_per_atom", "gap"]
FORMULA_HEADER = ["material_id", "formula", "gap", "remark"]


def _cif_column() -> list[Content]:
    rows = [
        [samples.IDS[k], samples.cif(k), samples.ENERGIES[k], samples.GAPS[k]] for k in range(5)
    ]
    return [{"a.csv": _table(CIF_HEADER, rows)}]


def _cif_row(cells: Mapping[str, str]) -> Record:
    reading = read_cif(cells["cif"]) if "data_" in cells["cif"].lower() else None
    if reading is None or len(reading.entries) != 1:
        raise Refused("not one block")
    values = {name: cell_value(cells[name]) for name in ("energy_per_atom", "gap")}
    made = reading.entries[0].content
    if isinstance(made, Refused):
        raise made
    return Record(cells["material_id"].strip() or None, made.crystal, None, values)


def _formulas() -> list[Content]:
    rows = [
        [f"f-{k}", formula, round(0.37 * k, 3), "seen" if k % 2 else "not seen"]
        for k, formula in enumerate(samples.FORMULAS)
    ]
    return [{"a.csv": _table(FORMULA_HEADER, rows)}]


def _formula_truth() -> list[list[Record]]:
    records = [
        Record(f"f-{k}", None, amounts, {"gap": round(0.37 * k, 3)})
        for k, amounts in enumerate(samples.FORMULAS.values())
    ]
    return [records]


def _formula_row(cells: Mapping[str, str]) -> Record:
    amounts = formula_amounts(cells["formula"])
    values = {"gap": cell_value(cells["gap"])}
    return Record(cells["material_id"].strip() or None, None, amounts, values)


def _documents(make: Callable[[int], Any], join: Callable[[list[Any]], str]) -> list[Content]:
    return [{"a": join([make(k) for k in range(5)]).encode()}]


def _document(k: int) -> dict[str, Any]:
    values = {"energy_per_atom": samples.ENERGIES[k], "gap": samples.GAPS[k]}
    structure = samples.pymatgen_dict(samples.CRYSTALS[k])
    return {"material_id": samples.IDS[k], **values, "structure": structure}


def _lines(documents: list[Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in documents)


def _split(documents: list[Any]) -> str:
    data = [[one["structure"], one["gap"]] for one in documents]
    return json.dumps({"index": [0, 1, 2, 3, 4], "columns": ["structure", "gap"], "data": data})


def _jarvis(k: int) -> dict[str, Any]:
    values = {"formation_energy_peratom": samples.ENERGIES[k], "optb88vdw_bandgap": samples.GAPS[k]}
    odd = {"mbj_bandgap": "na" if k else 1.25}
    return {"jid": f"JVASP-{k + 1}", "atoms": samples.jarvis_dict(samples.CRYSTALS[k]), **values,
            **odd}  # fmt: skip


def _mp(k: int) -> dict[str, Any]:
    return {
        "material_id": f"mp-{k + 1}",
        "structure": samples.pymatgen_dict(samples.CRYSTALS[k]),
        "deprecated": False,
        "energy_per_atom": samples.ENERGIES[k],
        "band_gap": samples.GAPS[k],
        "bulk_modulus": {"voigt": 1.0, "reuss": 2.0, "vrh": 1.5 + k},
    }


def _answer(entries: list[Any]) -> str:
    meta = {"data_returned": len(entries), "more_data_available": False}
    return json.dumps({"data": entries, "meta": meta, "links": {"next": None}})


def _optimade(files: Members) -> Reading:
    value = parsed(text_of(files))
    found = value.get("data") if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise Broken("no list of data")
    text = json.dumps(found)
    odd = "\ufffd" if "\ufffd" in text else ""
    kept = [one for one in found if isinstance(one, dict) and one.get("type") == "structures"]
    return Reading(json_lines(_lines(kept), optimade_record).entries if kept else (), odd)


def _renamed(
    ids: Callable[[int], str | None], energy: str | None, gap: str, more: str = ""
) -> Callable[[], list[list[Record]]]:
    def truth() -> list[list[Record]]:
        records = []
        for k, crystal in enumerate(samples.CRYSTALS):
            values: dict[str, Any] = {gap: samples.GAPS[k]}
            values |= {energy: samples.ENERGIES[k]} if energy else {}
            values |= {more: 1.5 + k} if more else {}
            records.append(Record(ids(k), crystal, None, values))
        return [records]

    return truth


def _folder() -> list[Content]:
    files = {f"x-{k + 1:02}.cif": samples.cif(k) for k in (0, 2)}
    files |= {f"x-{k + 1:02}.vasp": samples.poscar(samples.CRYSTALS[k], k - 1) for k in (1, 3)}
    rows = "".join(f"x-{k + 1:02},{samples.GAPS[k]}\n" for k in range(4))
    return [{name: text.encode() for name, text in {**files, "id_prop.csv": rows}.items()}]


def _folder_truth() -> list[list[Record]]:
    found = {
        f"x-{k + 1:02}": Record(f"x-{k + 1:02}", samples.CRYSTALS[k], None,
                                {"target": samples.GAPS[k]})
        for k in range(4)
    }  # fmt: skip
    return [list(found.values())]


def _read_folder(files: Members) -> Reading:
    """Files of a folder by name, with their values from ``id_prop.csv``, which has no header."""
    values: dict[str, Any] = {}
    shared = ""
    if "id_prop.csv" in files:
        table = files["id_prop.csv"]
        if table is None:
            raise Broken("id_prop.csv is damaged")
        shared = table.decode("utf-8-sig", "replace")
        rows = [row for row in csv.reader(io.StringIO(shared, newline="")) if row]
        plain = all(len(row) == 2 for row in rows) and len({row[0] for row in rows}) == len(rows)
        values = {row[0]: cell_value(row[1]) for row in rows} if plain else {}
        shared = shared if plain else "\x00" + shared
    entries, stems = [], []
    for name in sorted(files):
        stem, _, suffix = name.rpartition(".")
        if suffix in ("cif", "vasp"):
            stems.append(stem)
            value = values.get(stem)
            made = content(lambda name=name, stem=stem, value=value: Record(
                stem, _file_crystal(files[name], name), None,
                {} if shared[:1] == "\x00" else {"target": value}))  # fmt: skip
            entries.append(Entry(f"{name} {value} {files[name]!r}", made))
    orphans = [Entry(name, Refused("no file")) for name in values if name not in stems]
    return Reading((*entries, *orphans), "\x00" if shared[:1] == "\x00" else "",
                   counted=shared[:1] != "\x00")  # fmt: skip


def _file_crystal(data: bytes | None, name: str) -> samples.Crystal:
    if data is None:
        raise Refused("a damaged member")
    text = data.decode("utf-8-sig", "replace")
    if name.endswith(".vasp"):
        return poscar_crystal(text)
    try:
        reading = read_cif(text)
    except Broken as error:
        raise Refused(str(error)) from None
    if len(reading.entries) != 1:
        raise Refused("not one block", open=True)
    made = reading.entries[0].content
    if isinstance(made, Refused):
        raise made
    return made.crystal


def _read_replay(files: Members) -> Reading:
    raise Broken("a replay file states the digest of what it holds")


def _json(read: Callable[[str, Any], Reading], make: Any) -> Callable[[Members], Reading]:
    return lambda files: read(text_of(files), make)


def _gz_back(data: bytes) -> Members:
    return containers.unpack_gz(data, "a.csv")


def _cells_back(data: bytes) -> Members:
    return {"a.db": data}


def _all() -> list[Kind]:
    ids = samples.IDS
    own = _renamed(ids.__getitem__, "energy_per_atom", "gap")
    by_row = _renamed(lambda k: f"x-{k + 1:02}", "energy_per_atom", "gap")
    unnamed = _renamed(lambda k: None, None, "gap")
    jarvis = _renamed(lambda k: f"JVASP-{k + 1}", "formation_energy_peratom", "optb88vdw_bandgap")
    mp = _renamed(lambda k: f"mp-{k + 1}", "energy_per_atom", "band_gap", "bulk_modulus.vrh")
    optimade = _renamed(ids.__getitem__, None, "_xx_gap")
    poscars = [(samples.CRYSTALS[k], form) for k, form in ((1, 0), (3, 1), (2, 2))]
    zipped = {"pack": containers.pack_zip, "unpack": containers.unpack_zip}
    formulas = (_formulas, _formula_truth)
    read_formulas = lambda files: read_csv(text_of(files), _formula_row, ("formula", "gap", "material_id"))  # fmt: skip # noqa: E501, E731
    read_cifs = lambda files: read_csv(text_of(files), _cif_row, tuple(CIF_HEADER))  # fmt: skip # noqa: E731
    return [
        Kind("cif", "a.cif", _cif_seeds, _cif_truth, lambda f: read_cif(text_of(f))),
        Kind("cif-csv", "a.csv", _cif_column, own, read_cifs),
        Kind(
            "poscar", "a.vasp",
            lambda: [{"a": samples.poscar(*one).encode()} for one in poscars],
            lambda: [[Record(None, one)] for one, _ in poscars],
            lambda f: read_poscar(text_of(f)),
        ),
        Kind(
            "extxyz", "a.extxyz",
            lambda: [{"a": "".join(map(samples.frame, range(5))).encode()}],
            own, lambda f: read_xyz(text_of(f)),
        ),
        Kind(
            "asedb", "a.db", lambda: [containers.database_cells()], by_row,
            lambda f: containers.read_database(f["a.db"] or b""),
            pack=containers.pack_database, unpack=_cells_back,
        ),
        Kind("formulas", "a.csv", *formulas, read_formulas),
        Kind(
            "formulas-gz", "a.csv.gz", *formulas, read_formulas,
            pack=containers.pack_gz, unpack=_gz_back,
        ),
        Kind(
            "list", "a.json", lambda: _documents(_document, json.dumps), own,
            _json(json_list, file_document),
        ),
        Kind(
            "split", "a.json", lambda: _documents(_document, _split), unnamed,
            _json(json_split, split_document),
        ),
        Kind(
            "jsonl", "a.jsonl", lambda: _documents(_document, _lines), own,
            _json(json_lines, file_document),
        ),
        Kind(
            "jarvis", "j.json", lambda: _documents(_jarvis, json.dumps), jarvis,
            _json(json_list, jarvis_document), source="jarvis:dft_3d",
        ),
        Kind(
            "jarvis-zip", "j.zip",
            lambda: [{"j.json": json.dumps([_jarvis(k) for k in range(5)]).encode()}], jarvis,
            _json(json_list, jarvis_document), source="jarvis:dft_3d", **zipped,
        ),
        Kind(
            "mp", "mp.jsonl", lambda: _documents(_mp, _lines), mp, _json(json_lines, mp_document),
            source="mp",
        ),
        Kind(
            "optimade", "o.json", lambda: _documents(samples.optimade_entry, _answer), optimade,
            _optimade, source="optimade:xx",
        ),
        Kind("replay", "r.jsonl", lambda: [dict(REPLAY)], None, _read_replay),
        Kind("folder", "f", _folder, _folder_truth, _read_folder),
        Kind("folder-zip", "f.zip", _folder, _folder_truth, _read_folder, **zipped),
    ]  # fmt: skip


#: The replay file, which matdata itself must write; `zygote` fills it in.
REPLAY: Content = {}
KINDS = {kind.name: kind for kind in _all()}
