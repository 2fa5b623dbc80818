"""Energy corrections of pymatgen's compatibility schemes, computed for one entry."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

from matdata.adapters.pymatgen import to_structure
from matdata.adapters.sites import from_pymatgen_dict, to_crystals
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.ledger import Unusable, unreadable
from matdata.core.packages import needed_for

if TYPE_CHECKING:
    from pymatgen.entries.computed_entries import ComputedEntry

#: Classes of pymatgen by the names that users give them.
SCHEMES = {"mp2020": "MaterialsProject2020Compatibility", "mp": "MaterialsProjectCompatibility"}
#: What schemes read of an entry, beside its composition, structure and energy.
_PARAMETERS = ("run_type", "hubbards", "is_hubbard")
_DATA = ("oxide_type", "sulfide_type", "oxidation_states")


def correction_of(entry: JsonMapping, scheme: str) -> float:
    """The correction of an entry by a scheme, eV per cell.

    The scheme judges by run type, Hubbard parameters and pseudopotentials (``parameters``) and by
    the types of anions (``data``), which the entry has to state.

    Parameters
    ----------
    entry
        A computed entry as pymatgen's ``as_dict`` gives it; its own corrections are left out.
    scheme
        A key of `SCHEMES`.

    Raises
    ------
    Unusable
        If the scheme does not apply to the entry.
    """
    with needed_for("correcting energies"):
        compatibility = _compatibility(SCHEMES[scheme])
    with unreadable(f"an entry that {SCHEMES[scheme]} can correct"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        corrected = compatibility.process_entry(_entry(entry), inplace=True)
    if corrected is None:
        raise Unusable(
            "no_correction",
            f"{SCHEMES[scheme]} does not apply to it: run type, Hubbard U or pseudopotentials are "
            "others than the scheme's, or not stated",
        )
    return float(corrected.correction)


@functools.cache
def _compatibility(name: str) -> Any:
    from pymatgen.entries import compatibility

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(compatibility, name)()


def _entry(entry: JsonMapping) -> ComputedEntry:
    """pymatgen's entry, of plain values alone: nothing in a file says which class is made."""
    from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

    given_parameters, given_data = entry.get("parameters"), entry.get("data")
    parameters = _plain(given_parameters, _PARAMETERS)
    if isinstance(given_parameters, dict):
        parameters["potcar_spec"] = _potcars(given_parameters.get("potcar_spec"))
    facts: JsonObject = {"parameters": parameters, "data": _plain(given_data, _DATA)}
    energy, structure = float(entry["energy"]), entry.get("structure")
    if structure is None:
        return ComputedEntry(dict(entry["composition"]), energy, **facts)
    crystals = to_crystals(["entry"], [from_pymatgen_dict(structure)])
    return ComputedStructureEntry(
        to_structure(crystals), energy, composition=dict(entry["composition"]), **facts
    )


def _plain(values: object, names: tuple[str, ...]) -> JsonObject:
    """Texts, numbers and tables of numbers under some names."""
    if not isinstance(values, dict):
        return {}
    return {name: values[name] for name in names if _is_plain(values.get(name))}


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(one, (int, float)) for one in value.values())
    return isinstance(value, (str, bool, int, float))


def _potcars(specs: object) -> list[JsonObject] | None:
    if not isinstance(specs, list):
        return None
    return [_plain(spec, ("titel", "hash")) for spec in specs]
