"""What notebooks show of a dataset, and of a stored feature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matdata.core.html import card
from matdata.store.dataset_folder import DatasetFolder


def dataset_html(dataset: DatasetFolder, features: Sequence[str]) -> str:
    """What a dataset is, and its funnel: how many records each step kept, and why."""
    bare = dataset.n_without_structure
    rows = f"{int(dataset.manifest['rows']):,} materials"
    without = f", {bare:,} of them without a structure" if dataset.kind == "mixed" else ""
    named = {
        "targets": dataset.manifest.get("targets", ()),
        "splits": dataset.split_names(),
        "features": features,
    }
    lines = [rows + without]
    lines += [f"{what}: {', '.join(names)}" for what, names in named.items() if names]
    return card(f"Dataset {dataset.ref}", lines, ("step", "records", "reason"), _funnel(dataset))


def _funnel(dataset: DatasetFolder) -> Iterator[tuple[Any, ...]]:
    steps = dataset.funnel()
    if steps:
        yield "records read", f"{steps[0]['entered']:,}", ""
    for step in steps:
        reasons = ", ".join(f"{count:,} {why}" for why, count in step["removed"].items())
        yield f"after {step['step']}", f"{step['kept']:,}", reasons
