"""Keys that the JSON documents of several commands have."""

from __future__ import annotations

from matdata.cli.json_schema import Fields

#: Keys that any document can have.
COMMON: Fields = {
    "error": (
        "record",
        "what went wrong: its `kind` and `what` happened (text), `details` (list of text), the "
        "likely `cause` and the `next_step` (text or null)",
    ),
    "exit_code": ("count", "what the command returns to the shell, where it is not 0"),
}
FOLDER: Fields = {"folder": ("text", "where it lies")}
DATASET: Fields = {"dataset": ("text", "exact reference, `name@version`")}
FUNNEL: Fields = {"funnel": ("list", "steps with `entered`, `left` and `reasons`")}
UNCHANGED: Fields = {"unchanged": ("truth", "whether all of it was there already")}
PICTURES: Fields = {
    "pictures": ("list", "files"),
    "pictures_failed": ("record", "what could not be drawn, with the reason"),
}
STATE: Fields = {**UNCHANGED, "states": ("record", "built, repaired or unchanged, by artefact")}
