"""A page for each source, feature, split method, trainer, objective, derivation and importer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from matdata.core.registry import Registry
from matdata.evaluation.derive import DERIVATIONS
from matdata.features import FEATURIZERS
from matdata.sources import SOURCES
from matdata.splits import METHODS
from matdata.training import IMPORTERS, TRAINERS
from matdata.training.objectives import OBJECTIVES
from matdata.training.settings import TrainSettings
from matdata_site import kind_bodies
from matdata_site.pages import Pages, code, escaped, first_line, settings_table, table, toctree

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
    Kind(
        "sources",
        "Sources",
        "What `matdata build SOURCE` reads.",
        SOURCES,
        _documented,
        kind_bodies.source,
    ),
    Kind(
        "features",
        "Features",
        "What `--features` and `matdata featurize` take. [What equals what](../../parity.md) says "
        "which reference each is held against.",
        FEATURIZERS,
        _documented,
        kind_bodies.feature,
    ),
    Kind(
        "splits",
        "Split methods",
        "What `matdata split --method` takes; "
        "[how to choose](../../howto/splits_without_leaks.md).",
        METHODS,
        _of_method,
        kind_bodies.method,
    ),
    Kind(
        "trainers",
        "Trainers",
        "What `matdata train` takes. Settings of the loop are on [one page](../training-loop.md).",
        TRAINERS,
        _said,
        kind_bodies.trainer,
    ),
    Kind(
        "objectives",
        "Objectives",
        "What a target is learnt with: `--set train.loss=NAME`, or `objective=` of a `Target`.",
        OBJECTIVES,
        _said,
        kind_bodies.objective,
    ),
    Kind(
        "derivations",
        "Derivations",
        "What `--derive` computes from predictions.",
        DERIVATIONS,
        _said,
        kind_bodies.derivation,
    ),
    Kind(
        "importers",
        "Importers",
        "Weights of other packages that `matdata import-run` reads.",
        IMPORTERS,
        _said,
        kind_bodies.importer,
    ),
)
