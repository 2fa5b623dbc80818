"""Containers of one or several files: gzip, zip, an ASE database; packed and unpacked without
matdata, so that what is inside can be damaged and its container stay whole.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fuzz.records import Broken, Entry, Reading, Record, Refused, checked_crystal
from fuzz.samples import CRYSTALS, ENERGIES, GAPS, cartesian
from fuzz.strict_documents import plain
from fuzz.strict_text import content

Content = dict[str, bytes]  # by name of a file, or of a row and column of a database
COLUMNS = ("numbers", "positions", "cell", "pbc", "key_value_pairs")
TIME = (2026, 1, 2, 3, 4, 6)


def pack_gz(files: Content) -> bytes:
    """The only file, compressed; equal files give equal bytes."""
    (data,) = files.values()
    return gzip.compress(data, mtime=0)


def unpack_gz(data: bytes, name: str) -> Content:
    """The file that was compressed."""
    try:
        return {name: gzip.decompress(data)}
    except (OSError, EOFError, zlib.error) as error:
        raise Broken(str(error)) from None


def pack_zip(files: Content) -> bytes:
    """A zip archive of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, TIME), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def unpack_zip(data: bytes) -> dict[str, bytes | None]:
    """The members of an archive; None for one that is damaged."""
    members: dict[str, bytes | None] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                try:
                    members[info.filename] = archive.read(info)
                except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError,
                        EOFError, MemoryError):  # fmt: skip
                    members[info.filename] = None
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError) as error:
        raise Broken(str(error)) from None
    return members


def database_cells() -> Content:
    """The cells of a database's rows that hold what can be learned."""
    cells: Content = {}
    for k, crystal in enumerate(CRYSTALS):
        pairs = {"material_id": f"x-{k + 1:02}", "gap": GAPS[k], "energy_per_atom": ENERGIES[k]}
        cells |= {
            f"{k + 1}/numbers": np.array(crystal.numbers, dtype="<i4").tobytes(),
            f"{k + 1}/positions": np.array(cartesian(crystal), dtype="<f8").tobytes(),
            f"{k + 1}/cell": np.array(crystal.lattice, dtype="<f8").tobytes(),
            f"{k + 1}/pbc": b"7",
            f"{k + 1}/key_value_pairs": json.dumps(pairs).encode(),
        }
    return cells


def pack_database(cells: Content) -> bytes:
    """An ASE database of these cells."""
    from ase.db.sqlite import index_statements, init_statements

    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "a.db")
        connection = sqlite3.connect(path)
        for statement in (*init_statements, *index_statements):
            connection.execute(statement)
        for number in dict.fromkeys(name.split("/")[0] for name in cells):
            row = {name: cells[f"{number}/{name}"] for name in COLUMNS}
            texts = {"key_value_pairs": _text(row["key_value_pairs"]), "pbc": _text(row["pbc"])}
            values = {**row, **texts, "id": int(number), "unique_id": f"u{number}", "data": b""}
            fixed = {"ctime": 26.0, "mtime": 26.0, "username": "u", "constraints": "[]"}
            every = {**values, **fixed, "natoms": len(row["numbers"]) // 4}
            marks = ", ".join("?" * len(every))
            connection.execute(
                f"INSERT INTO systems ({', '.join(every)}) VALUES ({marks})", [*every.values()]
            )
        connection.commit()
        connection.close()
        return path.read_bytes()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def read_database(files: Mapping[str, bytes | None]) -> Reading:
    """Every row of a database, through SQL alone."""
    (data,) = files.values()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "a.db")
        path.write_bytes(data or b"")
        connection = sqlite3.connect(path)
        try:
            connection.text_factory = lambda text: text.decode("utf-8", "replace")
            query = f"SELECT {', '.join(COLUMNS)} FROM systems ORDER BY id"
            rows = connection.execute(query).fetchall()
            sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            if not rows:
                raise Broken("no rows")
        except (sqlite3.Error, UnicodeError) as error:  # of a message that quotes damaged bytes
            raise Broken(str(error)) from None
        finally:
            connection.close()
    entries = tuple(Entry(repr(row), content(lambda row=row: _row(row))) for row in rows)
    return Reading(entries, "" if sound else "damaged", counted=sound)


def _row(row: tuple[object, ...]) -> Record:
    numbers, positions, cell, pbc, pairs = row
    if not all(isinstance(one, bytes) for one in (numbers, positions, cell)):
        raise Refused("a cell that holds no bytes")
    if str(pbc) != "7":
        raise Refused("not periodic in three directions", strictly=str(pbc) in "0123456")
    try:
        kinds = np.frombuffer(numbers, dtype="<i4")
        places = np.frombuffer(positions, dtype="<f8").reshape(-1, 3)
        lattice = np.frombuffer(cell, dtype="<f8").reshape(3, 3)
        values = json.loads(str(pairs))
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from None
    checked_crystal(lattice.tolist(), places.tolist(), kinds.tolist())
    if not isinstance(values, dict) or not abs(np.linalg.det(lattice)) > 1e-9:
        raise Refused("no values, or no cell")
    if kinds.min() < 1 or kinds.max() > 118:
        raise Refused("no element")
    coords = (places @ np.linalg.inv(lattice)).tolist()
    crystal = checked_crystal(lattice.tolist(), coords, kinds.tolist())
    identity = values.get("material_id")
    said = {name: plain(values.get(name)) for name in ("energy_per_atom", "gap")}
    named = identity if isinstance(identity, str) and identity.strip() else None
    return Record(named, crystal, None, said)
