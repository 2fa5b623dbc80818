"""What ``--json`` prints, by command; ``tools/make_json_page.py`` writes ``docs/json.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matdata.core.documents import JsonMapping
from matdata.core.exit_codes import MEANINGS

#: What a value can be; ``?`` after it: or null.
KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "count": (int,),
    "number": (int, float),
    "truth": (bool,),
    "list": (list,),
    "record": (dict,),
    "any": (object,),
}
Fields = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Schema:
    """The document of one command.

    Attributes
    ----------
    fields
        Kind and meaning of the keys that are always there.
    optional
        Those that are there where they say something.
    others
        Meaning of all other keys; empty if there are none.
    variants
        The document that the command prints with an option, by that option.
    """

    fields: Fields
    optional: Fields = field(default_factory=dict)
    others: str = ""
    variants: Mapping[str, Schema] = field(default_factory=dict)


def faults(schema: Schema, common: Fields, document: JsonMapping) -> list[str]:
    """How a document differs from its schema; empty if it does not.

    Parameters
    ----------
    schema
        Of the command.
    common
        Keys that any document can have.
    document
        What was printed.
    """
    if "error" in document:
        return _faults_of_error(document)
    known = {**common, **schema.optional, **schema.fields}
    missing = [f"{key} is missing" for key in schema.fields if key not in document]
    other = [] if schema.others else [f"{key} is not known" for key in document if key not in known]
    wrong = [
        f"{key} is {type(value).__name__}, expected {known[key][0]}"
        for key, value in document.items()
        if key in known and not _is(known[key][0], value)
    ]
    return missing + other + wrong


#: Keys of ``error``, with their kinds.
ERROR = {"kind": "text", "what": "text", "details": "list", "cause": "text?", "next_step": "text?"}


def _faults_of_error(document: JsonMapping) -> list[str]:
    """Of a command that failed; what it has beside is of a command that is kept incomplete."""
    error, code = document["error"], document.get("exit_code")
    faults = [] if _is("count", code) and code else [f"exit_code is {code}"]
    if not isinstance(error, dict):
        return [*faults, "error is no record"]
    wrong = [key for key in {*ERROR, *error} if key not in error or key not in ERROR
             or not _is(ERROR[key], error[key])]  # fmt: skip
    return [*faults, *(f"{key} of error is wrong" for key in sorted(wrong))]


def _is(kind: str, value: object) -> bool:
    if value is None:
        return kind.endswith("?") or kind == "any"
    kinds = KINDS[kind.removesuffix("?")]
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


INTRODUCTION = """\
# JSON of the commands

With `--json` standard output is exactly one JSON document; messages, warnings and progress go to
standard error. New keys may come; none is renamed without a line in the changelog. This page is
written by `tools/make_json_page.py`, and a test holds every command to it.
"""


def page(schemas: Mapping[str, Schema], common: Fields) -> str:
    """The page for users.

    Parameters
    ----------
    schemas
        By command.
    common
        Keys that any document can have.
    """
    lines = [INTRODUCTION, "## Any command", "", *_table(common, "of a command that failed")]
    for command, schema in schemas.items():
        lines += ["", f"## {command}", "", *_keys(schema)]
        for option, variant in schema.variants.items():
            lines += ["", f"With `{option}`:", "", *_keys(variant)]
    lines += ["", "## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join(lines) + "\n"


def _keys(schema: Schema) -> list[str]:
    lines = _table(schema.fields, "")
    lines += [_row(key, *value, note=" (optional)") for key, value in schema.optional.items()]
    return [*lines, f"| … | | {schema.others} |"] if schema.others else lines


def _table(fields: Fields, note: str) -> list[str]:
    rows = [_row(key, *value, note=f" ({note})" if note else "") for key, value in fields.items()]
    return ["| key | kind | meaning |", "|---|---|---|", *rows]


def _row(key: str, kind: str, meaning: str, note: str) -> str:
    shown = f"{kind[:-1]} or null" if kind.endswith("?") else kind
    return f"| `{key}` | {shown} | {meaning}{note} |"
