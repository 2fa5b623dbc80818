"""What notebooks show of a run."""

from __future__ import annotations

from matdata.core.documents import JsonMapping
from matdata.core.html import card
from matdata.core.units import with_unit


def run_html(name: str, finished: bool, manifest: JsonMapping) -> str:
    """What a run learns, from what, and where it stands.

    Parameters
    ----------
    name
        Its name.
    finished
        Whether the training came to its end.
    manifest
        Of the run.
    """
    plugin, settings = manifest["plugin"], manifest["settings"]
    inputs = ", ".join(str(entry["spec"]) for entry in manifest["inputs"])
    imported = manifest.get("imported")
    rows = [
        ("trainer", f"{plugin['name']} {plugin['version']}"),
        ("weights", f"imported by {imported['importer']}" if imported else None),
        ("dataset", (manifest["dataset"] or {}).get("ref")),
        ("split", (manifest["split"] or {}).get("name")),
        ("target", ", ".join(map(_target, manifest["targets"]))),
        ("inputs", inputs or "none"),
        ("members", settings["ensemble"]),
        ("seed", settings["seed"]),
    ]
    shown = [(label, value) for label, value in rows if value is not None]
    return card(f"Run {name}", ["finished" if finished else "under way"], (), shown)


def _target(target: JsonMapping) -> str:
    return with_unit(str(target["name"]), target.get("unit"))
