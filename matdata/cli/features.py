"""``matdata features``: what can be computed, with settings, units and citations."""

from __future__ import annotations

import argparse
import inspect
from typing import TYPE_CHECKING

from matdata.cli.common import print_json, print_line, shown_value
from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError
from matdata.core.redaction import excerpt
from matdata.features import FEATURIZERS, featurizer

if TYPE_CHECKING:
    from matdata.features.base import Featurizer

#: Units of columns that a line has room for.
UNITS_SHOWN = 4


def run(given: argparse.Namespace) -> int:
    """Print all features, or one with what it stores.

    Raises
    ------
    FeatureError, ConfigError
        If there is no such feature or variant.
    """
    names = [given.name] if given.name else FEATURIZERS.names()
    features = [_record(name, alone=bool(given.name)) for name in names]
    if given.json:
        print_json({"features": features})
        return 0
    for feature in features:
        for line in _lines(feature, alone=bool(given.name)):
            print_line(line)
    return 0


def _record(name: str, alone: bool) -> JsonObject:
    """One feature; what cannot be used is reported among others, and raised alone."""
    family = name.partition(":")[0]
    try:
        return _described(name, FEATURIZERS.get(family), alone)
    except Exception as error:  # whatever a third-party class raises
        if alone:
            raise
        what = error.what if isinstance(error, MatdataError) else excerpt(repr(error), 200)
        return {"name": name, "broken": what}


def _described(name: str, kind: type[Featurizer], alone: bool) -> JsonObject:
    family = name.partition(":")[0]
    offer = FEATURIZERS.plugins().get(family)
    settings = [
        {"name": key, "default": default, "meaning": meaning}
        for key, default, meaning in kind.Settings.describe()
    ]
    variant = next((one for one in settings if one["name"] == "variant"), None)
    named = variant is not None and name != family
    usable = variant is None or named or variant["default"]
    return {
        "name": name,
        "form": name if named or variant is None else f"{family}:NAME",
        "variants": variant and variant["meaning"],
        "summary": (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " "),
        "version": kind.version,
        "distribution": offer.maker if offer else "matdata",
        "citation": kind.citation,
        "settings": [one for one in settings if one["name"] != "variant"],
        **(_stored(name) if usable else {}),
    }


def _stored(name: str) -> JsonObject:
    """What it reads, and stores with its default settings."""
    chosen = featurizer(name)
    fields = [
        {"name": one.name, "level": one.level, "shape": list(one.shape), "unit": one.unit,
         "meaning": one.meaning}
        for one in chosen.fields
    ]  # fmt: skip
    return {
        "requires": sorted(chosen.requires),
        "columns": len(chosen.labels()),
        "units": list(dict.fromkeys(chosen.units())),
        "fields": fields,
    }


def _lines(feature: JsonObject, alone: bool) -> list[str]:
    if "broken" in feature:
        return [f"{feature['name']}: broken: {feature['broken']}"]
    lines = [f"{feature['form']} {feature['version']}: {feature['summary']}"]
    if feature["distribution"] != "matdata":
        lines.append(f"  of: {feature['distribution']}")
    if feature["variants"] and feature["form"] != feature["name"]:
        lines.append(f"  NAME: {feature['variants']}")
    if "fields" in feature:
        lines.append(f"  reads: {', '.join(feature['requires'])}")
        lines.append(f"  columns: {feature['columns']:,}{_units(feature['units'])}")
    lines.append(f"  cite: {feature['citation']}")
    family = feature["name"].partition(":")[0]
    for one in feature["settings"]:
        lines.append(
            f"  --set {family}.{one['name']}={shown_value(one['default'])}  {one['meaning']}"
        )
    for one in feature.get("fields", ()) if alone else ():
        unit = "" if one["unit"] == "1" else f" in {one['unit']}"
        shape = " × ".join(map(str, one["shape"])) or "a number"
        lines.append(f"  stores {one['name']}, {shape} per {one['level']}{unit}: {one['meaning']}")
    return lines


def _units(units: list[str]) -> str:
    named = [unit for unit in units if unit != "1"]
    more = ", …" if len(named) > UNITS_SHOWN else ""
    return f", units: {', '.join(named[:UNITS_SHOWN])}{more}" if named else ""
