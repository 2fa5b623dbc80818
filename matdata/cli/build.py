"""``matdata build SOURCE``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any

from matdata.building.options import BuildOptions
from matdata.building.pipeline import build
from matdata.cli.common import (
    cache_of,
    console_of,
    pairs_of,
    positive,
    print_json,
    settings_of,
    words,
    workers_of,
)
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import path_of
from matdata.core.tolerances import SETTINGS as TOLERANCES
from matdata.curate.settings import FILTERS, CurateSettings
from matdata.sources import SOURCES, find_source
from matdata.sources.base import Request
from matdata.sources.roles import ReadOptions

SYMMETRY = "symmetry"  # --set symmetry.symprec=0.01 is told to curation, not to a feature
_PAIR = re.compile(r"\w+=(?!=)")  # KEY=VALUE, where a condition has another operator
QUERY = ("bulk", "optics", "thermo", "where")  # options that only some sources understand


def _query(given: argparse.Namespace) -> dict[str, str]:
    """What the source itself is asked: `--where` only if it has a language of its own."""
    asked = {key: getattr(given, key) for key in QUERY if getattr(given, key) is not None}
    name = given.source.partition(":")[0]
    if not (name in SOURCES and "where" in SOURCES.get(name).queries):
        asked.pop("where", None)
    return asked


def _curation(
    given: argparse.Namespace, where: str | None, symmetry: Mapping[str, Any]
) -> CurateSettings:
    conditions = [text for text in given.filter if not _PAIR.match(text)]
    conditions += [] if where is None else [where]
    filters = pairs_of([text for text in given.filter if _PAIR.match(text)], "--filter")
    for key in filters:
        if key in TOLERANCES:
            raise ConfigError(
                f"{key} is no filter: it is a setting of the search for symmetry",
                next_step=f"--set symmetry.{key}={filters[key]}",
            )
        if key not in FILTERS:
            raise ConfigError(
                f"--filter {key!r} is none{did_you_mean(key, FILTERS)}",
                next_step=f"filters: {', '.join(FILTERS)}; all else has an option of its own",
            )
    for key in symmetry:
        if key not in TOLERANCES:
            raise ConfigError(
                f"unknown setting symmetry.{key}{did_you_mean(key, TOLERANCES)}",
                next_step=f"settings of --symmetry: {', '.join(TOLERANCES)}",
            )
    named = {
        "dedupe": given.dedupe,
        "min_distance": given.min_distance,
        "symmetry": given.symmetry,
        "drop_by": given.drop_by,
        "mixed": "allow" if given.allow_mixed else "refuse",
    }
    for condition in conditions:  # each by itself, so that an error points into what was given
        CurateSettings(where=condition)
    joined = " and ".join(f"({condition})" for condition in conditions)
    return CurateSettings.from_mapping({**named, **filters, **symmetry, "where": joined or None})


def run(given: argparse.Namespace) -> int:
    """Build, and print what came out."""
    console = console_of(given)
    columns = ReadOptions(
        id_col=given.id_col,
        structure_col=given.structure_col,
        formula_col=given.formula_col,
        energy=given.energy,
        targets=tuple(given.target),
    )
    limit = positive(given.limit, "--limit")
    asked = _query(given)
    file = None if given.file is None else path_of(given.file, "--from")
    request = Request("", limit, given.seed, columns, file, cache_of(given), asked, given.snapshot)
    source = find_source(given.source, request)
    settings = settings_of(given.set)
    where = None if "where" in asked else given.where
    curation = _curation(given, where, settings.pop(SYMMETRY, {}))
    options = BuildOptions(
        name=given.name,
        features=words(given.features),
        feature_settings=settings,
        split=None if given.split == "none" else given.split,
        group_by=words(given.group_by or ""),
        seed=given.seed,
        store=given.store,
        curation=curation,
        drop_in=tuple(given.drop_in),
        workers=workers_of(given),
        shard_rows=positive(given.shard_rows, "--shard-rows"),
    )
    built = build(source, cache_of(given), options, console)
    console.say(f"done: {built.dataset.folder}")
    if given.json:
        print_json(built.summary())
    return 0
