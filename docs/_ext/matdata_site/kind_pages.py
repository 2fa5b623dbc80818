"""A page for each source, feature, split method, trainer, objective, derivation and importer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from matdata.core.errors import MatdataError
from matdata.core.registry import Registry
from matdata.evaluation.derive import DERIVATIONS
from matdata.features import FEATURIZERS, featurizer
from matdata.sources import SOURCES
from matdata.splits import METHODS
from matdata.training import IMPORTERS, TRAINERS
from matdata.training.objectives import OBJECTIVES
from matdata.training.settings import TrainSettings
from matdata_site.pages import (
    Pages,
    code,
    escaped,
    first_line,
    plugin_link,
    prose,
    settings_table,
    table,
    toctree,
)

#: Units of columns that a line has room for.
UNITS_SHOWN = 6
#: Plugins whose purpose is to be copied are not listed beside those that are used.
TO_COPY = "matdata-example"


@dataclass(frozen=True)
class Kind:
    """Things of one registry.

    Attributes
    ----------
    folder, title
        Of its pages.
    said
        What stands above the list.
    registry
        Where they are looked up.
    summary
        A line about one, as Markdown.
    page
        The rest of its page, as Markdown.
    """

    folder: str
    title: str
    said: str
    registry: Registry[Any]
    summary: Callable[[str, Any], str]
    page: Callable[[str, Any], Iterator[str]]


def names_of(kind: Kind) -> list[str]:
    """What is listed: the core's own and what plugins of this repository bring."""
    offers = kind.registry.plugins()
    return [n for n in kind.registry.names() if n not in offers or _ours(offers[n])]


def _ours(offer: Any) -> bool:
    return str(offer.distribution).startswith("matdata-") and offer.distribution != TO_COPY


def write(pages: Pages) -> None:
    """Write the pages of all kinds."""
    for kind in KINDS:
        names = names_of(kind)
        rows = []
        for name in names:
            thing = kind.registry.get(name)
            summary = kind.summary(name, thing)
            rows.append((f"[`{name}`]({name}.md)", summary))
            body = "\n\n".join(part for part in kind.page(name, thing) if part)
            pages.write(f"{kind.folder}/{name}", f"# {code(name)}\n\n{body}")
        listed = table(("name", "what"), rows)
        text = f"# {kind.title}\n\n{kind.said}\n\n{listed}\n\n{toctree(names)}"
        pages.write(f"{kind.folder}/index", text)
    pages.write("training-loop", _loop())


def _from(registry: Registry[Any], name: str) -> str:
    """Which distribution brings it."""
    offer = registry.plugins().get(name)
    if offer is None:
        return "It is part of matdata."
    return f"Plugin {plugin_link(offer.distribution)}."


def _source(name: str, kind: Any) -> Iterator[str]:
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


def _feature(name: str, kind: Any) -> Iterator[str]:
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


def _method(name: str, method: Any) -> Iterator[str]:
    yield _module_prose(method.function)
    yield prose(method.function)
    yield f"## Settings\n\n    matdata split DATASET --method {name} --set KEY=VALUE"
    yield settings_table(method.settings, "")


def _trainer(name: str, kind: Any) -> Iterator[str]:
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


def _objective(name: str, kind: Any) -> Iterator[str]:
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


def _derivation(name: str, kind: Any) -> Iterator[str]:
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


def _importer(name: str, kind: Any) -> Iterator[str]:
    yield f"{escaped(kind.summary)[:1].upper()}{escaped(kind.summary)[1:]}."
    yield prose(kind)
    yield f"```sh\nmatdata import-run {name}:PATH\n```"
    yield _from(IMPORTERS, name)


def _loop() -> str:
    said = (
        "One loop trains every network. These are its settings (`--set train.KEY=VALUE`, the table "
        "`[train]` of a configuration file, or arguments of [`md.train`](api/matdata/train.md)); "
        "the page of a [trainer](trainers/index.md) names those that it sets itself."
    )
    return f"# The training loop\n\n{said}\n\n{settings_table(TrainSettings, 'train.')}"


def _said(_: str, kind: Any) -> str:
    return escaped(kind.summary)


def _documented(_: str, kind: Any) -> str:
    return first_line(kind)


def _of_method(_: str, method: Any) -> str:
    return first_line(method.function)


KINDS = (
    Kind("sources", "Sources", "What `matdata build SOURCE` reads.", SOURCES, _documented, _source),
    Kind(
        "features",
        "Features",
        "What `--features` and `matdata featurize` take. [What equals what](../../parity.md) says "
        "which reference each is held against.",
        FEATURIZERS,
        _documented,
        _feature,
    ),
    Kind(
        "splits",
        "Split methods",
        "What `matdata split --method` takes; "
        "[how to choose](../../howto/splits_without_leaks.md).",
        METHODS,
        _of_method,
        _method,
    ),
    Kind(
        "trainers",
        "Trainers",
        "What `matdata train` takes. Settings of the loop are on [one page](../training-loop.md).",
        TRAINERS,
        _said,
        _trainer,
    ),
    Kind(
        "objectives",
        "Objectives",
        "What a target is learnt with: `--set train.loss=NAME`, or `objective=` of a `Target`.",
        OBJECTIVES,
        _said,
        _objective,
    ),
    Kind(
        "derivations",
        "Derivations",
        "What `--derive` computes from predictions.",
        DERIVATIONS,
        _said,
        _derivation,
    ),
    Kind(
        "importers",
        "Importers",
        "Weights of other packages that `matdata import-run` reads.",
        IMPORTERS,
        _said,
        _importer,
    ),
)
