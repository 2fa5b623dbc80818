"""How a run was trained: curves over epochs, and how long it waited for data."""

from __future__ import annotations

from matdata.reports.markup import (
    Section,
    count,
    facts,
    figure,
    note,
    number,
    paragraph,
    side_by_side,
    tiles,
)
from matdata.reports.run.results import Results
from matdata.reports.svg.lines import lines

MEMBERS = 6  # of an ensemble whose curves are drawn


def overview(results: Results) -> Section:
    """What was trained, on what, and where it stands."""
    manifest = results.run.manifest
    shown: dict[str, object] = {"members": f"{int(manifest['settings']['ensemble']):,}"}
    if results.result.get("epochs"):
        shown["epochs"] = f"{int(results.result['epochs']):,}"
    if "seconds" in results.result:
        shown["seconds of training"] = number(float(results.result["seconds"]), 3)
    materials = results.result.get("validation", {}).get("materials")
    if materials:
        shown["validation materials"] = f"{int(materials):,}"
    shown["test part"] = results.test_state
    about = {
        "state": "finished" if results.run.finished else "under way",
        "trainer": f"{manifest['plugin']['name']} {manifest['plugin']['version']}",
        "inputs": ", ".join(str(one["spec"]) for one in manifest["inputs"]) or "none",
        "dataset": (manifest["dataset"] or {}).get("ref", "none: its weights were imported"),
        "split": (manifest["split"] or {}).get("name", "none"),
        "seed": str(manifest["settings"]["seed"]),
        "cite": manifest.get("citation") or "not stated",
    }
    return Section("overview", "Overview", [tiles(shown), facts(about)])


def curves(results: Results) -> Section:
    """Losses, validation error and learning rate by epoch, and the share of time spent waiting."""
    log = results.log
    if not log:
        text = "No epochs are on record: the trainer fits in one go, or none was finished yet."
        return Section("training", "Training", [paragraph(text)])
    epochs = [float(row["epoch"]) for row in log]
    losses = {
        name: (epochs, [_number(row.get(key)) for row in log])
        for name, key in (("train", "train_loss"), ("validation", "val_loss"))
        if any(row.get(key) is not None for row in log)
    }
    pictures = [
        figure(
            lines(losses, "Losses by epoch", "epoch", "loss (normalised)"),
            "Losses, in normalised units.",
        )
    ]
    errors = _errors(results, epochs)
    if errors:
        best = [one["best_epoch"] for one in results.result.get("members") or []]
        mark = float(best[0]) if len(set(best)) == 1 and best[0] else None
        caption = "Error of the validation part, in normalised units"
        caption += f"; the weights are those of epoch {best[0]} (dashed)." if mark else "."
        picture = lines(errors, "Validation error by epoch", "epoch", "validation error", mark=mark)
        pictures.append(figure(picture, caption))
    return Section("training", "Training", [side_by_side(*pictures), *_waiting(results)])


def _errors(results: Results, epochs: list[float]) -> dict[str, tuple[list[float], list[float]]]:
    """By member of an ensemble its validation error."""
    rows = [row.get("members", {}).get("val_error", []) for row in results.log]
    members = max(map(len, rows), default=0)
    if members > 1:
        return {
            str(k + 1): (
                epochs,
                [_number(row[k]) if k < len(row) else float("nan") for row in rows],
            )
            for k in range(min(members, MEMBERS))
        }
    if any(row.get("val_error") is not None for row in results.log):
        return {"validation": (epochs, [_number(row.get("val_error")) for row in results.log])}
    return {}


def _waiting(results: Results) -> list[object]:
    waits = [float(row["data_wait_share"]) for row in results.log if "data_wait_share" in row]
    if not waits:
        return []
    mean, most = sum(waits) / len(waits), max(waits)
    skipped = sum(int(row.get("skipped_steps") or 0) for row in results.log)
    text = f"Waited for data during {100 * mean:.1f} % of an epoch on average, "
    text += f"{100 * most:.1f} % at most."
    more = (
        f" {count(skipped, 'step')} skipped for gradients that were not finite." if skipped else ""
    )
    return [note(text + more)]


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")
