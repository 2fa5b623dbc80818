"""Stored features of a dataset: how many materials have them, and the ranges of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from matdata.core.documents import JsonMapping
from matdata.core.errors import MatdataError
from matdata.features.feature import Feature
from matdata.reports.dataset.facts import Facts, Float
from matdata.reports.markup import (
    Section,
    Table,
    code,
    commands,
    count,
    note,
    number,
    paragraph,
    share,
    subheading,
    tag,
)
from matdata.store.feature_catalogue import features_in_places
from matdata.store.manifest import read_manifest

#: Features that are listed; of each, the columns that are, and rows that they are measured on.
FEATURES, COLUMNS, ROWS = 20, 12, 1_000
#: Numbers of the dense form of one material above which no ranges are measured.
WIDE = 20_000


def features(facts: Facts) -> Section:
    """Coverage of each feature, why materials lack it, and ranges of its columns."""
    kept = features_in_places(facts.cache, facts.dataset.data_ref)
    body: list[object] = [paragraph(tag("span", str(one), class_="bad")) for one in kept.faults]
    manifests: list[tuple[Path, JsonMapping]] = []
    for folder in kept.folders:
        try:
            manifests.append((folder, read_manifest(folder)))
        except MatdataError as error:
            body.append(paragraph(tag("span", error.what, class_="bad")))
    if not manifests:
        text = paragraph("No feature was computed. For example:")
        more = commands([f"matdata featurize {facts.dataset.ref} magpie"])
        return Section("features", "Features", [*body, text, more])
    manifests.sort(key=lambda one: one[0].name)
    rows = [_row(facts, folder, manifest) for folder, manifest in manifests[:FEATURES]]
    beyond = len(manifests) - FEATURES
    more_of_them = count(beyond, "feature") if beyond > 0 else ""
    head = ("feature", "settings", "materials", "of all", "lacking it", "store")
    body.append(Table(head, rows, more=more_of_them))
    for folder, manifest in manifests[:FEATURES]:
        body += list(_ranges(facts, folder, manifest))
    return Section("features", "Features: coverage and ranges", body)


def _row(facts: Facts, folder: Path, manifest: JsonMapping) -> tuple[object, ...]:
    lacking = ", ".join(f"{n:,} {why}" for why, n in manifest["rejected"].items()) or "–"
    settings = ", ".join(f"{key}={value}" for key, value in sorted(manifest["settings"].items()))
    n = int(manifest["rows"])
    name = code(f"{manifest['feature']}@{folder.name[-8:]}", 80)
    return name, code(settings), f"{n:,}", share(n, facts.n), lacking, str(manifest["store"])


def _ranges(facts: Facts, folder: Path, manifest: JsonMapping) -> Iterator[object]:
    """Ranges of the columns of a feature that has numbers by material."""
    name = str(manifest["feature"])
    try:
        feature = Feature(folder, facts.dataset.ids, facts.dataset.data_digest)
        labels, units = list(feature.labels), list(feature.units)
        values, n = _sample(feature)
    except (MatdataError, ImportError, ValueError) as error:
        what = error.what if isinstance(error, MatdataError) else str(error)
        yield note(f"{name}: its ranges were not measured: {what}")
        return
    if values is None or values.ndim != 2 or values.shape[1] != len(labels) or not len(values):
        return
    low, middle, high = np.nanmin(values, 0), np.nanmedian(values, 0), np.nanmax(values, 0)
    constant = int((low == high).sum())
    yield subheading(f"{name}: {count(len(labels), 'column')}")
    yield paragraph(
        f"{count(constant, 'column')} {'is' if constant == 1 else 'are'} constant, "
        f"measured on {count(n, 'material')}."
    )
    order = np.argsort(low == high, kind="stable")[:COLUMNS].tolist()
    rows = [
        (code(labels[k], 80), units[k] if units[k] != "1" else "",
         number(low[k]), number(middle[k]), number(high[k]))
        for k in sorted(order)
    ]  # fmt: skip
    beyond = len(labels) - COLUMNS
    head = ("column", "unit", "smallest", "median", "largest")
    yield Table(head, rows, more=count(beyond, "column") if beyond > 0 else "")


def _sample(feature: Feature) -> tuple[Float | None, int]:
    """Dense rows of some materials; None of a feature that is no table."""
    ids = feature.ids
    chosen = ids[:: max(1, len(ids) // ROWS)][:ROWS].tolist()
    first = feature.dense(chosen[:1])
    if not isinstance(first, np.ndarray) or first.ndim != 2 or first.size > WIDE:
        return None, 0
    dense = feature.dense(chosen)
    return np.asarray(dense, dtype=np.float64), len(chosen)
