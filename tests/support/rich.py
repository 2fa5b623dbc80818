"""A dataset with a cell of every kind, by which exports are compared with their datasets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matdata as md
from matdata.adapters.pymatgen import to_structure
from support.crystals import many


def records(count: int = 12) -> list[dict[str, Any]]:
    """Documents with numbers, texts, truth values, arrays with an axis, nested cells and gaps."""
    crystals = many(count)
    return [
        {
            "material_id": str(crystals.ids[k]),
            "structure": to_structure(crystals, k).as_dict(),
            "energy": -1.25 * (k + 1) / 3,
            "density (g/cm^3)": 2.0 + k / 7,
            "band_gap": None if k == 3 else k / 9,
            "hardness": 1.5 + k / 11,
            "strange": 0.1 * k,
            "count": k,
            "n_sites": 100 + k,
            "n_sites_given": f"first {k}",
            "code": f"{k:03d}",
            "note": "=1+1" if k == 2 else None if k == 5 else 'a, "b" ü',
            "metal": k % 2 == 0,
            "dos": [k / 3, 0.5, 1e-300],
            "energies": [-1.0, 0.0, 1.0],
            "tags": ["a", "b c"] if k % 2 else ["d"],
            "steps": [{"name": "mill", "hours": 1.5 * k}],
        }
        for k in range(count)
    ]


def build(folder: Path, **options: Any) -> Any:
    """The dataset of `records`, in a cache of its own."""
    path = folder / "rich.json"
    path.write_text(json.dumps(records()), encoding="utf-8")
    given = {
        "unit": {"hardness": "GPa", "strange": "arb. units", "band_gap": "meV"},
        "axis": ["dos=energies"],
        "licence": "CC-BY-4.0",
        "citation": "A. Author, 2024",
        "description": "Crystals for tests",
        "split": "70/15/15",
        "workers": 1,
        "name": "rich",
        "energy": "energy/cell",
        **options,
    }
    return md.build(path, cache=folder / "cache", **given)
