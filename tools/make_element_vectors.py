"""Write `matdata/tables/vectors/`: vectors of the elements that the papers' models read.

Needs ``uv sync --group tables`` (ElementEmbeddings and jarvis-tools). The source files are checked
by digest, so that a package that changes its data is noticed. Copy the digests that this prints
into `matdata/tables/element_vectors.py` and raise the version of the featurizer `element`.
"""

from __future__ import annotations

import csv
import hashlib
import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.periodic_table import Element

TARGET = Path(__file__).parents[1] / "matdata" / "tables" / "vectors"
N_ELEMENTS = 118
#: Package and file of each source.
SOURCES = {
    "mat2vec": ("elementembeddings", "data/element_representations/mat2vec.csv"),
    "matscholar": (
        "elementembeddings",
        "data/element_representations/matscholar-embedding.json",
    ),
    "megnet16": ("elementembeddings", "data/element_representations/megnet16.json"),
    "cgcnn92": ("matminer", "utils/data_files/cgcnn_atom_feature.json"),
    "jarvis438": ("jarvis", "core/Elements.json"),
}
SHA256 = {
    "mat2vec": "5dcde1a0fe13040af99dbcb7b3d73eb022ffd085e7f598dce70844d0af83b137",
    "matscholar": "c2030493765bcd09edac1525f3ee8e46fbfdecfe914209519f6d4ef88d2b82cf",
    "megnet16": "33f884fdda0be1a67bef7220937f8850fd8d2eaa82bde302e6014bca0e4f9d56",
    "cgcnn92": "cb90bd2257dbf8cfc4e6b2b6d4348d4616e8e9680f1339b1461137032e0f1894",
    "jarvis438": "e3e17517ebcbb7bfe3c486d13d6a13aae7e11b7165cc600ee6bb9ebdef6e4af0",
}
MISSING = -9999


def source(name: str) -> bytes:
    """The bytes of a source file, checked."""
    package, path = SOURCES[name]
    data = files(package).joinpath(path).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise SystemExit(f"{package}/{path} has digest {digest}, expected {SHA256[name]}")
    return data


def rows(name: str) -> dict[int, list[float]]:
    """Vectors by atomic number."""
    data = source(name)
    if name == "mat2vec":
        lines = list(csv.reader(data.decode("ascii").splitlines()))[1:]
        return {Element(line[0]).Z: [float(x) for x in line[1:]] for line in lines}
    table: dict[str, Any] = json.loads(data)
    if name == "cgcnn92":
        return {int(number): row for number, row in table.items()}
    if name == "jarvis438":
        # The key order differs between elements, so jarvis-tools' own lists do not line up.
        keys = list(table["Al"])
        assert all(set(row) == set(keys) for row in table.values())
        (TARGET / "jarvis438.txt").write_text("\n".join(keys) + "\n", encoding="ascii")
        return {
            Element(symbol).Z: [np.nan if row[k] == MISSING else float(row[k]) for k in keys]
            for symbol, row in table.items()
        }
    return {Element(symbol).Z: row for symbol, row in table.items() if symbol != "Null"}


def main() -> None:
    """Write all tables and print their digests."""
    TARGET.mkdir(exist_ok=True)
    for name in SOURCES:
        vectors = rows(name)
        width = len(next(iter(vectors.values())))
        table = np.full((N_ELEMENTS + 1, width), np.nan, dtype=np.float32)
        for number, row in vectors.items():
            table[number] = row
        np.save(TARGET / f"{name}.npy", table, allow_pickle=False)
        digest = hashlib.sha256((TARGET / f"{name}.npy").read_bytes()).hexdigest()
        print(f'    "{name}": "{digest}",')
    print(hashlib.sha256((TARGET / "jarvis438.txt").read_bytes()).hexdigest())
    for package in ("elementembeddings", "matminer", "jarvis-tools"):
        print(package, version(package))


if __name__ == "__main__":
    main()
