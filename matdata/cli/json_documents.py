"""The JSON documents of all commands, key by key."""

from __future__ import annotations

from matdata.cli.json_schema import Fields, Schema

#: Keys that any document can have.
COMMON: Fields = {
    "error": (
        "record",
        "what went wrong: its `kind` and `what` happened (text), `details` (list of text), the "
        "likely `cause` and the `next_step` (text or null)",
    ),
    "exit_code": ("count", "what the command returns to the shell, where it is not 0"),
}
_PLUGIN = "name, version, settings, or `broken`"
_FOLDER = {"folder": ("text", "where it lies")}
_DATASET = {"dataset": ("text", "exact reference, `name@version`")}
_FUNNEL = {"funnel": ("list", "steps with `entered`, `left` and `reasons`")}
_UNCHANGED = {"unchanged": ("truth", "whether all of it was there already")}
_PICTURES = {
    "pictures": ("list", "files"),
    "pictures_failed": ("record", "what could not be drawn, with the reason"),
}
_STATE = {**_UNCHANGED, "states": ("record", "built, repaired or unchanged, by artefact")}
_PULLED: Fields = {
    "artefacts": (
        "list",
        "of each: `ref`, `kind`, `folder`, `state` (pulled, repaired or unchanged), `files`, "
        "`bytes`, `received_bytes`",
    ),
    "received_bytes": ("count", "of all"),
    **_UNCHANGED,
}
_REMOVAL: Fields = {
    "dry_run": ("truth", "whether nothing was removed"),
    "removed": ("list", "what went: `kind`, `ref`, `bytes`, `why`"),
    "kept": ("list", "what stays, and `why`"),
    "freed": ("count", "bytes on disk"),
}
SCHEMAS: dict[str, Schema] = {
    "build": Schema(
        {
            **_DATASET,
            **_FOLDER,
            **_FUNNEL,
            "rows": ("count", "materials"),
            "without_structure": ("count", "materials that have a formula alone"),
            "digest": ("text", "identity of the dataset"),
            "snapshot": ("text", "version of the records that it was made from"),
            "unexpected_errors": ("count", "records that failed in a way matdata does not know"),
            "split": ("text?", "name of the split that was made"),
            "features": (
                "list",
                "`feature`, `folder`, `state`, `rows`, `rejected`, `arrays_digest`; materials that "
                "were `computed`, `reused` from older versions, `resumed`",
            ),
        },
        _STATE,
    ),
    "featurize": Schema(
        {
            **_DATASET,
            "features": ("list", "folders of the features, in the order asked for"),
            "states": ("list", "of each: built, repaired or unchanged"),
            "counts": ("list", "of each: materials `computed`, `reused`, `resumed`"),
        },
        _UNCHANGED,
    ),
    "work": Schema(
        {
            **_DATASET,
            "features": ("list", "folders of the features, in the order asked for"),
            "states": (
                "list",
                "of each: built (committed by this process), repaired or unchanged",
            ),
        },
        _UNCHANGED,
    ),
    "split": Schema(
        {
            **_DATASET,
            "splits": (
                "list",
                "of each: `split`, `state`, `method`, `settings`, `sizes`, `digest`",
            ),
        },
        {
            "split": ("text", "name of the only split"),
            "state": ("text", "of the only split: built, repaired or unchanged"),
            **_UNCHANGED,
        },
        "of a single split what stands in `splits`",
    ),
    "audit": Schema(
        {
            **_DATASET,
            "split": ("text", "name of the split"),
            "digest": ("text", "of its parts"),
            "leaks": ("truth", "whether train shares anything with another part"),
            "clean": ("truth", "whether it shares nothing that it may not"),
            "kept_apart": ("list", "keys that the split is there to keep apart"),
            "allowed": ("list", "keys that may be shared (`--allow`)"),
            "forbidden": ("list", "keys that may not be shared (`--forbid`)"),
            "overlaps": (
                "list",
                "what two parts share, by key; `level`: failure, warning or information",
            ),
            "skipped": ("list", "keys that the dataset lacks"),
            "unlabelled": ("record", "materials without a value, by key"),
        }
    ),
    "report": Schema(
        {
            **_DATASET,
            "table": ("list", "steps of curation"),
            "picture": ("text?", "file that was written"),
            "pictures": ("list", "files that `--pictures` wrote"),
        }
    ),
    "diff": Schema(
        {
            "before": ("text", "the older one"),
            "after": ("text", "the newer one"),
            "added": ("list", "ids"),
            "removed": ("record", "ids, with the reason"),
            "deprecated": ("list", "ids"),
            "swapped": ("list", "ids whose material is another one"),
            "retargeted": ("list", "values of targets that differ"),
            "restructured": ("list", "structures that differ"),
            "units": ("record", "units that differ"),
            "unchanged": ("count", "materials that are equal"),
            "counts": ("record", "number of each of these"),
        }
    ),
    "features": Schema(
        {
            "features": (
                "list",
                "`name`, `form` (how it is asked for), `variants`, `summary`, `version`, "
                "`distribution`, `citation`, `settings`, what it `requires`, `columns`, `units`, "
                "`fields`; or `name` and `broken`",
            ),
        }
    ),
    "plugins": Schema(
        {
            "plugins": ("list", _PLUGIN),
            "features": ("list", _PLUGIN),
            "sources": ("list", _PLUGIN),
            "objectives": ("list", _PLUGIN),
            "derivations": ("list", _PLUGIN),
            "importers": ("list", _PLUGIN),
            "train": ("list", "settings of the training loop"),
            "problems": ("list", "what is registered and cannot be used"),
        }
    ),
    "train": Schema(
        {
            **_FOLDER,
            "run": ("text", "name of the run"),
            "epochs": ("count", "epochs that were trained"),
            "steps": ("count", "steps of the optimizer"),
            "members": ("list", "of each: its validation error and best epoch"),
            "seconds": ("number", "wall time"),
            "device": ("text", "cpu, cuda, …"),
            "engine": ("text", "how members were trained"),
            "threads": ("count", "of torch"),
            "files": ("record", "digests of the weights"),
            "cpu_kernels": ("record", "which were used"),
            "why_separate": ("text?", "why members were not trained together"),
        },
        _STATE,
        "what the trainer records",
        {"--folds all": Schema({"runs": ("list", "of each fold what is printed for one run")})},
    ),
    "predict": Schema(
        {
            "run": ("text", "name of the run"),
            "columns": ("record", "kind and unit of each column"),
            "predictions": ("list", "a record per material"),
            "about": ("record", "run, dataset, licence, citation and description of its data"),
            "rejects": ("list", "`material_id`, `stage`, `reason`, `message`"),
        },
        {"derivations": ("list", "what was derived, with its settings")},
        "what describes the columns",
    ),
    "evaluate": Schema(
        {
            "run": ("text", "name of the run"),
            "dataset": ("text", "exact reference"),
            "split": ("record", "name and digest"),
            "test": ("record", "materials of the test part"),
            "targets": ("record", "scores, by target"),
            "weights": ("text", "digest"),
            "table_sha256": ("text", "of the predictions"),
            "opened": ("record", "when the test part was opened, and how often"),
            "reused": ("truth", "whether an earlier evaluation was read"),
            **_PICTURES,
        },
        _UNCHANGED,
        "what the score records",
        {
            "--folds all": Schema(
                {
                    "runs": ("list", "of each fold what is printed for one run"),
                    "folds": ("list", "mean and standard deviation over all folds, by target"),
                    **_UNCHANGED,
                    **_PICTURES,
                }
            )
        },
    ),
    "runs": Schema(
        {
            "runs": ("list", "a record per run"),
            "ranked": ("list", "runs with the same validation materials, best first"),
            "folds": ("list", "mean and standard deviation of trainings on all folds of a split"),
        },
    ),
    "cecv": Schema(
        {
            **_FOLDER,
            "dataset": ("text", "exact reference, `name@version`"),
            "part": ("text", "part of the split"),
            "containing": ("text?", "element"),
            "materials": ("count", "materials that were read"),
            "lost": ("any", "materials that were not"),
            "method": ("text", "what is correlated"),
            "thresholds": ("list", "of the correlation"),
            "runs": ("record", "clusters by threshold, by run"),
            "references": ("any", "runs that bound the target region"),
            "target": ("list?", "target region"),
            "judged": ("any", "runs against it"),
        }
    ),
    "contributions": Schema(
        {
            **_FOLDER,
            "run": ("text", "name of the run"),
            "target": ("text", "what it predicts"),
            "quantity": ("text", "what contributions are"),
            "unit": ("text", "of them"),
        },
        {},
        "means by element, or values along a binary",
    ),
    "edges": Schema(
        {
            **_FOLDER,
            "run": ("text", "name of the run"),
            "layer": ("any", "message passing layer, or `last`"),
            "formulas": ("any", "edges by formula"),
        }
    ),
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
            **_FUNNEL,
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
    "import-run": Schema(
        {
            "run": ("text", "its name"),
            **_FOLDER,
            "plugin": ("text", "the trainer whose network it is"),
            "target": ("text", "what it predicts"),
            "unit": ("text", "of the target"),
            "elements": ("list", "symbols of the elements that the weights know"),
            "imported": (
                "record",
                "`importer`, `files` (digests), `elements` (atomic numbers), `mean`, "
                "`standard_deviation`, and what is known of `licence`, `citation`, `description`",
            ),
            **_UNCHANGED,
        },
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
            **_UNCHANGED,
        }
    ),
    "pull": Schema(_PULLED),
    "import": Schema(_PULLED),
}
