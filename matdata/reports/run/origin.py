"""Where a run comes from, back to the version of the source of its data."""

from __future__ import annotations

from matdata.core.documents import JsonObject
from matdata.reports.dataset.facts import Facts
from matdata.reports.dataset.origin import source_origin
from matdata.reports.markup import (
    Section,
    Table,
    code,
    commands,
    details,
    escaped,
    facts,
    note,
    paragraph,
    subheading,
)
from matdata.reports.run.results import Results
from matdata.store.files import json_text

LONG = 12_000  # letters of settings that are shown


def origin(results: Results) -> Section:
    """Weights, features, split, dataset, snapshot, source; settings; licence and citation."""
    run, manifest = results.run, results.run.manifest
    shown: dict[str, object] = {"run": run.name, "digest of the request": code(run.digest)}
    if run.finished:
        shown["weights (SHA-256)"] = code(run.weights_digest())
    shown |= _imported(run.imported)
    if manifest["dataset"]:
        shown["dataset"] = code(manifest["dataset"]["ref"])
        shown["digest of the dataset"] = code(manifest["dataset"]["digest"])
    if manifest["split"]:
        shown["split"] = f"{manifest['split']['name']}, digest {manifest['split']['digest']}"
    shown |= _source(results)
    rows = [
        (one["spec"], code(one.get("feature", "")), code(one.get("digest", "")))
        for one in manifest["inputs"]
    ]
    body: list[object] = [facts(shown)]
    if rows:
        body += [
            subheading("Features that it read"),
            Table(("feature", "stored as", "digest"), rows),
        ]
    settings = {"hyperparameters": manifest["hypers"], "settings": manifest["settings"]}
    text = json_text(settings)[:LONG].splitlines()
    body.append(details("hyperparameters and settings of the loop", commands(text)))
    words: dict[str, object] = {
        key: escaped(run.about[key], 4_000) for key in ("licence", "citation") if key in run.about
    }
    body.append(subheading("Licence and citation of the data"))
    body.append(facts(words) if words else paragraph("Not stated."))
    body.append(
        note("Citation of the model: ", escaped(manifest.get("citation") or "not stated", 500))
    )
    return Section("origin", "Provenance", body)


def _imported(imported: JsonObject | None) -> dict[str, object]:
    if imported is None:
        return {}
    return {"weights imported by": str(imported["importer"])}


def _source(results: Results) -> dict[str, object]:
    """The snapshot, and what its source was."""
    if results.dataset is None:
        return {"source": f"not known: {results.absence}"} if results.absence else {}
    with Facts(results.dataset, results.cache) as about:
        source = source_origin(about)
    made_from = results.dataset.manifest["made_from"]
    shown: dict[str, object] = {
        "snapshot": code(made_from["snapshot"]),
        "digest of the records": code(made_from["records_digest"]),
    }
    named = {"source": "source", "version": "version of the source", "url": "address"}
    return shown | {
        name: escaped(source[key], 300) for key, name in named.items() if source.get(key)
    }
