"""``matdata show DATASET ID``."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from matdata.cli.common import cache_of, print_json, print_line
from matdata.core.documents import JsonObject
from matdata.core.elements import symbols
from matdata.core.printable import printable


def run(given: argparse.Namespace) -> int:
    """Print one material: its row, its crystal, its part in each split, its features."""
    from matdata import api

    dataset = api.open(given.dataset, cache_of(given))
    row = dataset.row(given.id)
    record = dataset.columns.row(row)
    splits = {name: _part(dataset, name, given.id) for name in dataset.split_names()}
    if given.json:
        print_json({**record, "splits": splits, "structure": _structure(dataset, row)})
        return 0
    for name, value in record.items():
        unit = dataset.units.get(name, "")
        shown = "-" if value is None else f"{value} {unit}".rstrip()
        print_line(f"{printable(name):>28}  {shown}")
    for name, part in splits.items():
        print_line(f"{'split ' + printable(name):>28}  {part or 'in no part'}")
    _print_crystal(dataset, row)
    for spec in dataset.features():
        _print_feature(dataset, spec, given.id)
    return 0


def _part(dataset: Any, split: str, identity: str) -> str | None:
    columns, _ = dataset.load_split(split)
    parts = dict(zip(columns["material_id"], columns["part"], strict=True))
    return parts.get(identity)


def _structure(dataset: Any, row: int) -> JsonObject | None:
    one = dataset.structures.crystal(row)
    if one is None:
        return None
    return {
        "lattice": one.lattice[0].tolist(),
        "numbers": one.numbers.tolist(),
        "frac_coords": one.frac_coords.tolist(),
    }


def _print_crystal(dataset: Any, row: int) -> None:
    one = dataset.structures.crystal(row)
    if one is None:
        if dataset.kind == "mixed":
            print_line("no structure: known by its formula")
        return
    print_line("lattice (Å)")
    for vector in one.lattice[0]:
        print_line("  " + " ".join(f"{x:12.6f}" for x in vector))
    print_line("sites (fractional)")
    for number, frac in zip(one.numbers, one.frac_coords, strict=True):
        print_line(f"  {symbols()[number]:<3}" + " ".join(f"{x:12.6f}" for x in frac))


def _print_feature(dataset: Any, spec: str, identity: str) -> None:
    feature = dataset.feature(spec)
    if identity not in feature:
        reasons = [r for r in feature.rejects() if r.material_id == identity]
        print_line(f"{spec}: none ({reasons[0].reason if reasons else 'unknown'})")
        return
    values = np.asarray(feature[identity])
    print_line(f"{spec}: {values.shape} {values.dtype}, {np.count_nonzero(values)} values not zero")
