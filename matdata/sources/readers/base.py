"""Raw records, and the flattening of values of tables and documents."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from matdata.core.documents import JsonObject
from matdata.sources.guard import too_many
from matdata.sources.limits import MAX_COLUMNS
from matdata.store.nested import is_nested

#: Keys of a `Record` that are not columns: its fault, its label, its bytes in memory.
DAMAGED, LABEL, WEIGHT = "__damaged__", "__label__", "__weight__"
#: Key of the names of values that are there, but are no cell of a table: objects and the like.
LEFT_OUT = "__left_out__"
#: Key of a computed entry as it stands in the file, from which corrections can be computed.
ENTRY = "__entry__"
#: Corrections of computed entries that are those of the file.
GIVEN = "given"
#: Texts that mark a missing value, in lower case.
MISSING = frozenset(("", "na", "n/a", "nan", "none", "null"))
Record = JsonObject
Form = Literal["dict", "cif", "poscar", "xyz", "ase", "sites", "formula", "none"]
_CIF = re.compile(
    r"_cell[_.](?:length|angle)_|_atom_site[_.]|\A\s*(?:#[^\n]*\n\s*)*data_", re.IGNORECASE
)


@dataclass(frozen=True)
class Raw:
    """One record as in the file, not yet parsed.

    Attributes
    ----------
    place
        Its location, for messages and for records without an id.
    form
        Notation of `payload`; ``sites`` for a crystal that is `Sites` already, or the reason and
        message of one that cannot be used; ``none`` if there is no structure or formula to read.
    payload
        Text or document of the structure, or the formula; for ``none`` the fault.
    values
        All other columns, and the material id as ``id``.
    id_key
        For payloads that hold the columns themselves (extended XYZ): which of them is the id.
    weight
        Approximate size in memory, bytes.
    part
        The part of the split that its file makes, recorded as a column.
    qualifier
        Precedes the id where records of several files share it.
    corrections
        How the energies of `entry` are corrected, if not as the file says.
    entry
        A computed entry as it stands in the file.
    """

    place: str
    form: Form
    payload: Any
    values: JsonObject = field(default_factory=dict)
    id_key: str | None = None
    weight: int = 0
    part: str | None = None
    qualifier: str = ""
    corrections: str = GIVEN
    entry: JsonObject | None = None


def flatten(document: JsonObject) -> JsonObject:
    """A document's scalars and lists; one level of nesting becomes ``a.b``.

    Lists of numbers are arrays, lists of texts or records are nested cells. Empty lists, and lists
    that hold structures, are left out.

    Raises
    ------
    Unusable
        If there are more than `MAX_COLUMNS`.
    """
    flat: JsonObject = {}
    for key, value in document.items():
        if isinstance(value, dict) and not is_structure_dict(value):
            flat |= {f"{key}.{k}": v for k, v in value.items() if _is_plain(v)}
        elif _is_plain(value):
            flat[key] = value
    if len(flat) > MAX_COLUMNS:
        raise too_many(len(flat))
    return flat


def is_structure_dict(value: object) -> bool:
    """Whether a value has the form of a pymatgen or JARVIS structure.

    A row of a table whose column ``sites`` counts them is none.
    """
    if not isinstance(value, dict):
        return False
    return "lattice_mat" in value or ("lattice" in value and isinstance(value.get("sites"), list))


def is_cif(text: str) -> bool:
    """Whether a text is a CIF: it has a cell or sites under CIF's names, or begins as one."""
    return _CIF.search(text) is not None


def is_missing(value: object) -> bool:
    """Whether a value of a document or table is none: missing, empty, NaN, or a mark of that.

    ``Na`` is sodium.
    """
    if isinstance(value, str):
        text = value.strip()
        return text.lower() in MISSING and text != "Na"
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, (dict, list, tuple)) and not value)


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        types = set(map(type, value))  # of an array, one of all its numbers
        numbers = bool(types) and all(issubclass(one, (int, float)) for one in types)
        return numbers or (is_nested(value) and not any(map(is_structure_dict, value)))
    return value is None or isinstance(value, (str, int, float, bool))
