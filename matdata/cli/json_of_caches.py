"""The JSON documents of commands that look at caches, clear them and share what they hold."""

from __future__ import annotations

from matdata.cli.json_fields import FUNNEL, UNCHANGED
from matdata.cli.json_schema import Fields, Schema

_PULLED: Fields = {
    "artefacts": (
        "list",
        "of each: `ref`, `kind`, `folder`, `state` (pulled, repaired or unchanged), `files`, "
        "`bytes`, `received_bytes`",
    ),
    "received_bytes": ("count", "of all"),
    **UNCHANGED,
}
_REMOVAL: Fields = {
    "dry_run": ("truth", "whether nothing was removed"),
    "removed": ("list", "what went: `kind`, `ref`, `bytes`, `why`"),
    "kept": ("list", "what stays, and `why`"),
    "freed": ("count", "bytes on disk"),
}
#: By command.
OF_CACHES: dict[str, Schema] = {
    "list": Schema(
        {
            "cache": ("text", "its folder"),
            "also": ("list", "folders of `$MATDATA_CACHE_ALSO`, which are only read"),
            "snapshots": ("list", "`snapshot`, `place`, `records`, `rejected`, `bytes`"),
            "datasets": (
                "list",
                "`dataset`, `place`, `rows`, `bytes`, `splits`, `features`, …; with `--size` "
                "`disk_bytes`, of snapshots and features as well",
            ),
            "references": ("list", "of hulls: `reference`, `place`, `entries`, `on_hull`, `bytes`"),
            "damaged": ("list", "what cannot be read"),
        },
        {
            "runs": ("list", "with `--size`: `run`, `disk_bytes`"),
            "other": ("list", "with `--size`: what is no artefact, `place`, `disk_bytes`"),
            "disk_bytes": ("count", "with `--size`: of the cache, each file once"),
        },
    ),
    "rm": Schema(_REMOVAL),
    "gc": Schema(_REMOVAL),
    "doctor": Schema(
        {
            "healthy": ("truth", "whether nothing is broken"),
            "findings": (
                "list",
                "`section`, `name`, `state` (ok, note, broken), `text`, `next_step`",
            ),
        }
    ),
    "info": Schema(
        {
            **FUNNEL,
            "name": ("text", "name of the dataset"),
            "rows": ("count", "materials"),
            "rejected": ("count", "records of the ledger"),
            "columns": ("list", "names"),
            "targets": ("record", "columns that can be learnt, with units"),
            "made_from": ("record", "snapshot and digest"),
            "splits": ("list", "name, sizes and digest of each"),
            "features": ("list", "manifests"),
            "damaged": ("list", "what cannot be read"),
            "units": ("record", "by column"),
            "axes": ("record", "column of the axis, by column of arrays"),
            "place": ("text", "the cache that it lies in"),
        },
        {},
        "the manifest of the dataset",
    ),
    "show": Schema(
        {
            "material_id": ("text", "its id"),
            "splits": ("record", "its part, by split"),
            "structure": ("record?", "lattice and sites"),
        },
        {},
        "columns of the table",
    ),
    "verify": Schema(
        {
            "artefacts": ("count", "that were read"),
            "files": ("count", "that were read"),
            "problems": ("list", "what is damaged"),
            "notes": ("list", "what is unfinished or not of matdata"),
        }
    ),
    "export": Schema(
        {"output": ("text", "file or folder")},
        {
            "format": ("text", "of the output"),
            "rows": ("count", "materials"),
            "features": ("list", "that were written: `feature`, `rows`, `columns`"),
            "losses": (
                "list",
                "what a rebuild does not give back: `aspect`, names `of` what, `text`",
            ),
            "content_digest": ("text", "of all that a rebuild reads"),
            "rebuild": ("text?", "the command that builds it again"),
            "records": ("count", "of a snapshot"),
            "snapshot": ("text", "its version"),
            "files": ("count", "of an archive"),
        },
    ),
    "push": Schema(
        {
            "url": ("text", "where it went, without credentials"),
            "artefacts": (
                "list",
                "of each: `ref`, `kind`, `state` (pushed or unchanged), `files`, `bytes`, "
                "`sent_files`, `sent_bytes`",
            ),
            "sent_bytes": ("count", "of all"),
            **UNCHANGED,
        }
    ),
    "pull": Schema(_PULLED),
    "import": Schema(_PULLED),
}
