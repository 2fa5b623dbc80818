"""Files in the form of databases, with a few made crystals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from support.crystals import many
from support.files import mp_document

N_MADE = 60


def connected(count: int = N_MADE) -> Crystals:
    """Crystals without isolated sites."""
    drawn = many(2 * count)
    return drawn.take([row for row in range(len(drawn)) if row % 3 != 1][:count])


def mp_file(path: Path, ids: Sequence[str] | None = None) -> Path:
    """Summary documents of the Materials Project, one a line."""
    crystals = connected() if ids is None else connected(len(ids))
    lines = []
    for row in range(len(crystals)):
        document = mp_document(crystals, row)
        document |= {
            "n": 1.5 + 0.1 * (row % 5),
            "formation_energy_per_atom": -0.1 * (row % 7),
            "bulk_modulus": {"vrh": 10.0 + 3 * (row % 11)},
            "shear_modulus": {"vrh": 2.0 + row % 9},
        }
        if ids is not None:
            document["material_id"] = ids[row]
        lines.append(json.dumps(document))
    path.write_text("\n".join(lines) + "\n")
    return path


def jarvis_file(path: Path, ids: Sequence[str], **columns: Sequence[object]) -> Path:
    """Entries of dft_3d; missing values are the text ``na``."""
    crystals = connected(len(ids))
    entries = [_entry(crystals, row, identity) for row, identity in enumerate(ids)]
    for name, values in columns.items():
        for entry, value in zip(entries, values, strict=True):
            entry[name] = value
    path.write_text(json.dumps(entries))
    return path


def _entry(crystals: Crystals, row: int, identity: str) -> dict[str, Any]:
    return {
        "jid": identity,
        "atoms": {
            "lattice_mat": crystals.lattice[row].tolist(),
            "coords": crystals.frac_coords[crystals.sites(row)].tolist(),
            "elements": [site.symbol for site in to_structure(crystals, row).species],
            "cartesian": False,
        },
        "formation_energy_peratom": -0.1 * (row % 7),
        "optb88vdw_bandgap": 0.5 * (row % 4),
        "mbj_bandgap": "na" if row % 5 == 4 else 0.5 * (row % 3),
        "bulk_modulus_kv": 30.0 + row,
        "shear_modulus_gv": 12.0 - row % 6,
        "ehull": 0.01 * row,
    }
