"""Settings of curation as the options of a command line that says them."""

from __future__ import annotations

from matdata.core.documents import JsonMapping
from matdata.curate.settings import FILTERS, CurateSettings

#: By setting that a rebuild of exported rows needs as well the option that says it, and how.
_ALWAYS = {
    "min_distance": ("--min-distance", "{}"),
    "symprec": ("--set", "symmetry.symprec={}"),
    "angle_tolerance": ("--set", "symmetry.angle_tolerance={}"),
    "drop_deprecated": ("--filter", "drop_deprecated={}"),
}


def curation_words(settings: JsonMapping, *, dropping: bool = True) -> list[str]:
    """Options of settings that are not the usual ones.

    Parameters
    ----------
    settings
        As they stand in the identity of a dataset.
    dropping
        Also of those that drop records, which exported rows went through already.
    """
    usual = CurateSettings().identity()
    engine = str(settings.get("symmetry", usual["symmetry"]))
    words = ["--symmetry", engine] if engine != usual["symmetry"] else []
    usual = CurateSettings(symmetry=engine).identity()
    options = dict(_ALWAYS)
    if dropping:
        options |= {name: ("--filter", f"{name}={{}}") for name in FILTERS}
        options |= {"dedupe": ("--dedupe", "{}"), "drop_by": ("--drop-by", "{}")}
        options |= {"where": ("--filter", "{}")}
    for name, (option, text) in options.items():
        value = settings.get(name, usual.get(name))
        if value != usual.get(name):
            words += [option, text.format(_text(value))]
    return words


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
