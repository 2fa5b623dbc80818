"""Options of ``matdata hull``: arguments, configuration files and Python alike."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.core.documents import JsonObject
from matdata.core.options import Option, Values, in_group, options_of
from matdata.core.settings import Settings, setting


@dataclass(frozen=True)
class HullSettings(Settings):
    """Which energies are compared with which phases."""

    energy: str | None = setting(
        None,
        "column of energies; append /cell if not per atom (default: energy_per_atom, or another "
        "of a known name)",
        verbatim=True,
    )
    formation: bool = setting(False, "the column holds formation energies, whatever its name")
    scheme: str | None = setting(
        None, "correction scheme of energies whose source states none", verbatim=True
    )
    prefix: str = setting("", "put before the names of the new columns", verbatim=True)


REFERENCE = Option(
    "reference",
    "known phases: a dataset of the cache or a stored reference; again for more of them "
    "(default: the dataset itself)",
    "list",
    metavar="REF",
    group="known phases",
)
HULL_OPTIONS = (
    Option("dataset", "name, or name@version", positional=True, required=True),
    REFERENCE,
    *in_group("energies", *options_of(HullSettings, ("energy", "formation", "scheme"))),
    *in_group("output", *options_of(HullSettings, ("prefix",))),
    Option("workers", "threads (default: those of the machine)", "int", group="running"),
    Option("cache", "cache folder (else $MATDATA_CACHE)", in_arguments=False),
)


def canonical(values: Values, _: Values) -> JsonObject:
    """Options of a file or of the command line under one name each: as they are."""
    return dict(values)
