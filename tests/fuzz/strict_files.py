"""Independent readers of tables and folders whose records hold texts of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from fuzz.records import Broken, Crystal, Entry, Reading, Record, Refused
from fuzz.strict_cif import read_cif
from fuzz.strict_documents import optimade_record
from fuzz.strict_json import damaged_list, entries_of, parsed
from fuzz.strict_text import cell_value, content, formula_amounts, poscar_crystal

Members = Mapping[str, bytes | None]


def text_of(files: Members) -> str:
    """The only file as text, as everybody reads it: UTF-8, a mark of byte order left aside."""
    ((name, data),) = files.items()
    if data is None:
        raise Broken(f"{name} is damaged")
    return data.decode("utf-8-sig", "replace")


def cif_row(cells: Mapping[str, str]) -> Record:
    reading = read_cif(cells["cif"]) if "data_" in cells["cif"].lower() else None
    if reading is None:
        raise Refused("no block")
    if len(reading.entries) != 1:
        raise Refused("several blocks", open=True)
    values = {name: cell_value(cells[name]) for name in ("energy_per_atom", "gap")}
    made = reading.entries[0].content
    if isinstance(made, Refused):
        raise made
    return Record(cells["material_id"].strip() or None, made.crystal, None, values)


def formula_row(cells: Mapping[str, str]) -> Record:
    amounts = formula_amounts(cells["formula"])
    values = {"gap": cell_value(cells["gap"])}
    return Record(cells["material_id"].strip() or None, None, amounts, values)


def optimade_answer(files: Members) -> Reading:
    """Entries of an answer, or of a list; those of another type are no structures."""
    text = text_of(files)
    try:
        value = parsed(text)
    except Broken:
        return damaged_list(text.partition('"data":')[2] or text, optimade_record)
    found = value.get("data") if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise Broken("no list of data")
    kept = [one for one in found if isinstance(one, dict) and one.get("type") == "structures"]
    odd = "\ufffd" * ("\ufffd" in text)
    return Reading(entries_of(kept, optimade_record), odd, counted=len(kept) == len(found))


def read_folder(files: Members) -> Reading:
    """Files of a folder by name, with their values from ``id_prop.csv``, which has no header."""
    values: dict[str, Any] = {}
    shared = ""
    if "id_prop.csv" in files:
        table = files["id_prop.csv"]
        if table is None:
            raise Broken("id_prop.csv is damaged")
        shared = table.decode("utf-8-sig", "replace")
        rows = [row for row in csv.reader(io.StringIO(shared, newline="")) if row]
        rows = [[row[0].strip(), *row[1:]] for row in rows]
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


def _file_crystal(data: bytes | None, name: str) -> Crystal:
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
