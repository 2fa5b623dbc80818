"""Contents of the valid inputs that are damaged, and the records that they hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from fuzz import samples
from fuzz.containers import Content
from fuzz.records import Record
from fuzz.strict_cif import KNOWN, crystal_of

ROWS = ("x-01", "x-02", "x-03", "x-04", "x-05")
Truth = list[list[Record]]  # of each seed, in the order of its entries
CIF_HEADER = ("material_id", "cif", "energy_per_atom", "gap")
FORMULA_HEADER = ("material_id", "formula", "gap", "remark")


def cifs() -> list[Content]:
    """Blocks with full cells, and blocks of asymmetric units."""
    full = "".join(samples.cif(k) for k in range(4))
    blocks = [samples.cif_block(*SYMMETRIC[name]) for name in ("P -1", "P 1 21/c 1", "C 1 2/m 1")]
    return [{"a.cif": full.encode()}, {"a.cif": "".join(blocks).encode()}]


def _symmetric(symbol: str, lattice: Any, numbers: Any, coords: Any) -> tuple[Any, ...]:
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


def cif_truth() -> list[list[Record]]:
    """Their crystals; the operations are applied by the reader that judges."""
    full = [Record(None, crystal) for crystal in samples.CRYSTALS[:4]]
    texts = [samples.cif_block(*one) for one in SYMMETRIC.values()]
    return [full, [Record(None, crystal_of(text)) for text in texts]]


def _table(header: list[str], rows: list[list[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue().encode()


def cif_column() -> list[Content]:
    """A table with a column of CIF texts."""
    rows = [
        [samples.IDS[k], samples.cif(k), samples.ENERGIES[k], samples.GAPS[k]] for k in range(5)
    ]
    return [{"a.csv": _table(CIF_HEADER, rows)}]


def formulas() -> list[Content]:
    """A table of formulas."""
    rows = [
        [f"f-{k}", formula, round(0.37 * k, 3), "seen" if k % 2 else "not seen"]
        for k, formula in enumerate(samples.FORMULAS)
    ]
    return [{"a.csv": _table(FORMULA_HEADER, rows)}]


def formula_truth() -> list[list[Record]]:
    """Their compositions."""
    records = [
        Record(f"f-{k}", None, amounts, {"gap": round(0.37 * k, 3)})
        for k, amounts in enumerate(samples.FORMULAS.values())
    ]
    return [records]


def documents(make: Callable[[int], Any], join: Callable[[list[Any]], str]) -> list[Content]:
    """Five documents in one file."""
    return [{"a": join([make(k) for k in range(5)]).encode()}]


def document(k: int) -> dict[str, Any]:
    """A document as in a file of one's own."""
    values = {"energy_per_atom": samples.ENERGIES[k], "gap": samples.GAPS[k]}
    structure = samples.pymatgen_dict(samples.CRYSTALS[k])
    return {"material_id": samples.IDS[k], **values, "structure": structure}


def mixed(k: int) -> dict[str, Any]:
    """A document with a formula; every other one has no structure."""
    made = {**document(k), "formula": list(samples.FORMULAS)[k]}
    return made if k % 2 == 0 else {**made, "structure": None}


def mixed_truth() -> Truth:
    """The crystals of those that have one, the compositions of the others."""
    amounts = list(samples.FORMULAS.values())
    (records,) = truth(samples.IDS, energy_per_atom=samples.ENERGIES, gap=samples.GAPS)
    return [
        [
            one if k % 2 == 0 else Record(one.id, None, amounts[k], one.values)
            for k, one in enumerate(records)
        ]
    ]


def lines(documents: list[Any]) -> str:
    """Documents as JSON lines."""
    return "".join(json.dumps(one) + "\n" for one in documents)


def split(documents: list[Any]) -> str:
    """Documents in pandas' "split" form."""
    data = [[one["structure"], one["gap"]] for one in documents]
    return json.dumps({"index": [0, 1, 2, 3, 4], "columns": ["structure", "gap"], "data": data})


def jarvis(k: int) -> dict[str, Any]:
    """An entry of a JARVIS set."""
    values = {"formation_energy_peratom": samples.ENERGIES[k], "optb88vdw_bandgap": samples.GAPS[k]}
    odd = {"mbj_bandgap": "na" if k else 1.25}
    return {"jid": f"JVASP-{k + 1}", "atoms": samples.jarvis_dict(samples.CRYSTALS[k]), **values,
            **odd}  # fmt: skip


def mp(k: int) -> dict[str, Any]:
    """A summary document of the Materials Project."""
    return {
        "material_id": f"mp-{k + 1}",
        "structure": samples.pymatgen_dict(samples.CRYSTALS[k]),
        "deprecated": False,
        "energy_per_atom": samples.ENERGIES[k],
        "band_gap": samples.GAPS[k],
        "bulk_modulus": {"voigt": 1.0, "reuss": 2.0, "vrh": 1.5 + k},
    }


def answer(entries: list[Any]) -> str:
    """An answer of an OPTIMADE service."""
    meta = {"data_returned": len(entries), "more_data_available": False}
    return json.dumps({"data": entries, "meta": meta, "links": {"next": None}})


def truth(ids: Sequence[str | None], **columns: Sequence[float]) -> Truth:
    """The crystals under these ids, with these columns of values."""
    records = [
        Record(ids[k], crystal, None, {name: column[k] for name, column in columns.items()})
        for k, crystal in enumerate(samples.CRYSTALS)
    ]
    return [records]


def poscars() -> tuple[list[Content], Truth]:
    """A crystal a file: fractional, Cartesian with a scale, with selective dynamics."""
    crystals = [(samples.CRYSTALS[k], form) for k, form in ((1, 0), (3, 1), (2, 2))]
    contents = [{"a": samples.poscar(*one).encode()} for one in crystals]
    return contents, [[Record(None, one)] for one, _ in crystals]


def folder() -> list[Content]:
    """CIF and POSCAR files, with values in ``id_prop.csv``."""
    files = {f"x-{k + 1:02}.cif": samples.cif(k) for k in (0, 2)}
    files |= {f"x-{k + 1:02}.vasp": samples.poscar(samples.CRYSTALS[k], k - 1) for k in (1, 3)}
    rows = "".join(f"x-{k + 1:02},{samples.GAPS[k]}\n" for k in range(4))
    return [{name: text.encode() for name, text in {**files, "id_prop.csv": rows}.items()}]


def folder_truth() -> list[list[Record]]:
    """Their records."""
    found = {
        f"x-{k + 1:02}": Record(f"x-{k + 1:02}", samples.CRYSTALS[k], None,
                                {"target": samples.GAPS[k]})
        for k in range(4)
    }  # fmt: skip
    return [list(found.values())]
