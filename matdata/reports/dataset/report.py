"""The report of a dataset: its sections in order."""

from __future__ import annotations

from pathlib import Path

from matdata.reports.dataset.chemistry import chemistry
from matdata.reports.dataset.columns import columns, spectra
from matdata.reports.dataset.duplicates import duplicates
from matdata.reports.dataset.facts import Facts
from matdata.reports.dataset.features import features
from matdata.reports.dataset.losses import funnel, losses
from matdata.reports.dataset.origin import origin, rights
from matdata.reports.dataset.outliers import outliers
from matdata.reports.dataset.sizes import sizes
from matdata.reports.dataset.splits import splits
from matdata.reports.dataset.symmetry import symmetry
from matdata.reports.dataset.targets import targets
from matdata.reports.markup import Section, escaped, paragraph, tiles
from matdata.reports.page import page
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import feature_names
from matdata.store.user_metadata import words_in

SECTIONS = (
    funnel,
    losses,
    chemistry,
    symmetry,
    sizes,
    targets,
    spectra,
    splits,
    duplicates,
    outliers,
    columns,
    features,
    rights,
    origin,
)


def dataset_report(dataset: DatasetFolder, cache: Path) -> str:
    """The report of a dataset as the text of an HTML file; equal datasets give equal bytes.

    Parameters
    ----------
    dataset
        The dataset.
    cache
        The cache that holds its features.

    Raises
    ------
    DamageError
        If a file of the dataset is missing or damaged.
    """
    name = str(dataset.manifest["name"])
    with Facts(dataset, cache) as facts:
        sections = [_overview(facts), *(make(facts) for make in SECTIONS)]
    return page(f"{name}: report of the dataset", dataset.ref, sections)


def _overview(facts: Facts) -> Section:
    manifest = facts.dataset.manifest
    words = words_in(manifest)
    shown: dict[str, object] = {"materials": f"{facts.n:,}"}
    if facts.n_structures != facts.n:
        shown["with a structure"] = f"{facts.n_structures:,}"
    shown |= {
        "records left out": f"{int(manifest['rejected']):,}",
        "columns": f"{len(facts.dataset.columns):,}",
        "targets": f"{len(facts.targets):,}",
        "splits": f"{len(facts.dataset.split_names()):,}",
        "features": f"{len(feature_names(facts.cache, facts.dataset.data_ref)):,}",
    }
    body: list[object] = [tiles(shown)]
    if "description" in words:
        body.append(paragraph(escaped(words["description"], 4_000)))
    if manifest.get("note"):
        body.append(paragraph(escaped(manifest["note"], 1_000), class_="note"))
    return Section("overview", "Overview", body)
