"""What the page of one source, feature, split method, trainer, objective, derivation or importer
says below its name, as Markdown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from matdata.core.errors import MatdataError
from matdata.core.registry import Registry
from matdata.evaluation.derive import DERIVATIONS
from matdata.features import FEATURIZERS, featurizer
from matdata.sources import SOURCES
from matdata.training import IMPORTERS, TRAINERS
from matdata.training.objectives import OBJECTIVES
from matdata_site.pages import code, escaped, plugin_link, prose, settings_table, table

#: Units of columns that a line has room for.
UNITS_SHOWN = 6


def _from(registry: Registry[Any], name: str) -> str:
    """Which distribution brings it."""
    offer = registry.plugins().get(name)
    if offer is None:
        return "It is part of matdata."
    return f"Plugin {plugin_link(offer.distribution)}."


def source(name: str, kind: Any) -> Iterator[str]:
    """A source: what it reads, and what it can be asked for."""
    yield _source_prose(kind)
    queries = kind.Query.describe()
    if queries:
        yield "## What it can be asked for"
        yield (
            "Given as `--query KEY=VALUE`, in the table `[query]` of a configuration file, or as "
            "`query=` of [`md.build`](../api/matdata/build.md)."
        )
        yield settings_table(kind.Query, "")
    file = kind.takes_file or kind.raw_reader
    yield "`--from FILE` stands in for the service." if file else ""
    yield _from(SOURCES, name)


def _source_prose(kind: Any) -> str:
    """Of the class; of the module where the class says one line alone."""
    return "\n\n".join(dict.fromkeys((prose(kind), _module_prose(kind))))


def _module_prose(kind: Any) -> str:
    return prose(sys.modules[kind.__module__])


def feature(name: str, kind: Any) -> Iterator[str]:
    """A feature: what it reads, its settings, and what is stored."""
    yield prose(kind)
    variant = next((one for one in fields(kind.Settings) if one.name == "variant"), None)
    if variant is not None:
        yield f"Asked for as `{name}:NAME`; NAME is: {escaped(variant.metadata['help'])}."
    facts = [("version", code(kind.version)), ("cite", escaped(kind.citation))]
    chosen = _usable(name, variant)
    if chosen is not None:
        units = [one for one in dict.fromkeys(chosen.units()) if one != "1"]
        more = ", …" if len(units) > UNITS_SHOWN else ""
        facts += [
            ("reads", ", ".join(sorted(chosen.requires))),
            ("columns", f"{len(chosen.labels()):,}"),
            ("units", ", ".join(map(code, units[:UNITS_SHOWN])) + more or "none"),
        ]
    yield table(("", ""), [(f"**{key}**", value) for key, value in facts])
    yield "## Settings\n\n" + settings_table(kind.Settings, f"{name}.")
    if chosen is not None:
        yield "## What is stored"
        yield "With the default settings; models and `ds.feature` get its dense form."
        yield table(
            ("field", "per", "shape", "dtype", "unit", "meaning"),
            [
                (code(one.name), one.level, _shape(one.shape), code(one.dtype),
                 "–" if one.unit == "1" else code(one.unit), escaped(one.meaning))
                for one in chosen.fields
            ],
        )  # fmt: skip
    yield _from(FEATURIZERS, name)


def _usable(name: str, variant: Any) -> Any:
    """A featurizer with default settings; None where it needs the name of something."""
    if variant is not None and not variant.default:
        return None
    try:
        return featurizer(name)
    except MatdataError:
        return None


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{n:,}" for n in shape) or "a number"


def method(name: str, method: Any) -> Iterator[str]:
    """A split method: what it keeps apart, and its settings."""
    yield _module_prose(method.function)
    yield prose(method.function)
    yield f"## Settings\n\n    matdata split DATASET --method {name} --set KEY=VALUE"
    yield settings_table(method.settings, "")


def trainer(name: str, kind: Any) -> Iterator[str]:
    """A trainer: what it learns and reads, and its hyperparameters."""
    yield f"{escaped(kind.summary)[:1].upper()}{escaped(kind.summary)[1:]}."
    inputs = list(kind().inputs())
    yield table(
        ("", ""),
        [
            ("**version**", code(kind.version)),
            ("**learns**", ", ".join(kind.tasks)),
            ("**reads**", ", ".join(map(_input, inputs)) or "nothing"),
            ("**cite**", escaped(kind.citation)),
        ],
    )
    first = " ".join(inputs) or "fractions"
    yield (
        f"```sh\nmatdata featurize DATASET {first.replace(' ', ',')}\n"
        f"matdata train {name} DATASET --target COLUMN --split SPLIT\n```"
    )
    yield "## Hyperparameters\n\nGiven as `--set hyper.KEY=VALUE`, or `hyper={…}` of `md.train`."
    yield settings_table(kind.Hypers, "hyper.")
    if kind.defaults:
        yield "## Settings of the loop that differ"
        yield "All others are [those of the loop](../training-loop.md)."
        yield table(
            ("setting", "default here"),
            [(code(f"train.{key}"), code(value)) for key, value in kind.defaults.items()],
        )
    yield _from(TRAINERS, name)


def _input(spec: str) -> str:
    family = spec.partition(":")[0]
    known = family in FEATURIZERS.names()
    return f"[`{spec}`](../features/{family}.md)" if known else code(spec)


def objective(name: str, kind: Any) -> Iterator[str]:
    """An objective: what it learns, and its options."""
    yield f"{escaped(kind.summary)[:1].upper()}{escaped(kind.summary)[1:]}."
    yield prose(kind)
    yield table(
        ("", ""),
        [
            ("**version**", code(kind.version)),
            ("**learns**", kind.task),
            ("**scores**", ", ".join(map(code, kind.metrics))),
        ],
    )
    yield "## Options\n\n" + settings_table(kind.Options, "")
    yield _from(OBJECTIVES, name)


def derivation(name: str, kind: Any) -> Iterator[str]:
    """A derivation: what it computes, and its options."""
    yield f"{escaped(kind.summary)[:1].upper()}{escaped(kind.summary)[1:]}."
    yield prose(kind)
    yield table(
        ("", ""),
        [
            ("**version**", code(kind.version)),
            ("**derived from**", f"each {kind.level}"),
            ("**learns from validation**", "yes" if kind.fits else "no"),
        ],
    )
    yield "## Options\n\n" + settings_table(kind.Options, "")
    yield _from(DERIVATIONS, name)


def importer(name: str, kind: Any) -> Iterator[str]:
    """An importer: whose weights it reads."""
    yield f"{escaped(kind.summary)[:1].upper()}{escaped(kind.summary)[1:]}."
    yield prose(kind)
    yield f"```sh\nmatdata import-run {name}:PATH\n```"
    yield _from(IMPORTERS, name)
