"""The JSON documents of commands that make, split and compare datasets."""

from __future__ import annotations

from matdata.cli.json_fields import DATASET, FOLDER, FUNNEL, STATE, UNCHANGED
from matdata.cli.json_schema import Schema

_FEATURES = ("list", "folders of the features, in the order requested")
#: By command.
OF_DATASETS: dict[str, Schema] = {
    "build": Schema(
        {
            **DATASET,
            **FOLDER,
            **FUNNEL,
            "rows": ("count", "materials"),
            "without_structure": ("count", "materials that have a formula alone"),
            "digest": ("text", "identity of the dataset"),
            "snapshot": ("text", "version of the records that it was made from"),
            "unexpected_errors": ("count", "records that failed in a way matdata does not know"),
            "symmetry": (
                "record",
                "structures whose symmetry was `computed`, `reused` from older versions",
            ),
            "split": ("text?", "name of the split that was made"),
            "features": (
                "list",
                "`feature`, `folder`, `state`, `rows`, `rejected`, `arrays_digest`; materials that "
                "were `computed`, `reused` from older versions, `resumed`",
            ),
        },
        STATE,
    ),
    "substitute": Schema(
        {
            **DATASET,
            **FOLDER,
            **FUNNEL,
            "rows": ("count", "candidates"),
            "without_structure": ("count", "candidates that are protostructures alone"),
            "digest": ("text", "identity of the dataset"),
            "snapshot": ("text", "version of the records that it was made from"),
            "unexpected_errors": ("count", "records that failed in a way matdata does not know"),
            "symmetry": ("record", "as of build"),
            "split": ("text?", "null: candidates are not split"),
            "features": ("list", "as of build"),
            "draws": (
                "record?",
                "`parents`, `parents_without_substitution`, `drawn`, of which "
                "`known_protostructures` are those of parents and `repeated` those of earlier "
                "candidates, `candidates`; null if the dataset was there already",
            ),
            "matrix": ("list", "files with the probabilities that were written"),
        },
        STATE,
    ),
    "featurize": Schema(
        {
            **DATASET,
            "features": _FEATURES,
            "states": ("list", "of each: built, repaired or unchanged"),
            "counts": ("list", "of each: materials `computed`, `reused`, `resumed`"),
        },
        UNCHANGED,
    ),
    "work": Schema(
        {
            **DATASET,
            "features": _FEATURES,
            "states": (
                "list",
                "of each: built (committed by this process), repaired or unchanged",
            ),
            "counts": ("list", "of each, where this process committed it: as of featurize"),
        },
        UNCHANGED,
    ),
    "split": Schema(
        {
            **DATASET,
            "splits": (
                "list",
                "of each, also of a single one: `split`, `state`, `method`, `settings`, `sizes`, "
                "`digest`; of a published one `unmatched`: the materials `in_no_part`, and if any, "
                "the ids `not_in_data` by part, and those `repeated` with their parts",
            ),
        },
        UNCHANGED,
    ),
    "hull": Schema(
        {
            **DATASET,
            **FOLDER,
            "rows": ("count", "materials"),
            "reference": ("text", "what they were compared with, `name-digest`"),
            "entries": ("count", "entries of the reference"),
            "on_hull": ("count", "of them on its hull"),
            "energies": ("text", "total or formation: what the energies are"),
            "scheme": ("text", "correction scheme of the energies"),
            "columns": ("list", "names of the new columns"),
            "computed": ("count", "materials with a distance"),
            "without_energy": ("count", "materials without an energy"),
            "outside": ("count", "materials outside the chemical systems of the reference"),
            "missing_elements": ("record", "by element without an entry the materials with it"),
        },
        UNCHANGED,
    ),
    "audit": Schema(
        {
            **DATASET,
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
    "card": Schema(
        {
            "output": ("text", "the folder or file"),
            "files": ("list", "files of the card"),
            "data": ("list", "files that it describes"),
            "exported": ("truth", "whether the data were written as well"),
        }
    ),
    "report": Schema(
        {
            "dataset": ("text?", "exact reference, `name@version`; null of a run"),
            "run": ("text?", "name of the run; null of a dataset"),
            "table": ("list", "steps of curation of a dataset"),
            "output": ("text?", "file that was written"),
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
}
