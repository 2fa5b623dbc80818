"""The README of a card: what the data are, and the questions of a datasheet, answered from the
manifest. What the manifest cannot know is said to be unknown.

The questions are after Gebru et al., Datasheets for Datasets, Commun. ACM 64 (12), 86 (2021).
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.ledger import count_reasons
from matdata.core.printable import printable
from matdata.core.redaction import redact
from matdata.curate.funnel_report import table
from matdata.datasets.cards.file import DataFile
from matdata.datasets.cards.folder import DataFolder
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.table_files import UNIT
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.user_metadata import words_in

UNKNOWN = "Unknown: the manifest does not say."
#: Columns that the table of the README lists.
COLUMNS = 200


def datasheet(
    dataset: DatasetFolder,
    folder: DataFolder | DataFile,
    source: JsonMapping,
    split: JsonMapping | None,
) -> str:
    """The whole file.

    Parameters
    ----------
    dataset, folder
        The dataset, and its files.
    source
        What the source said of itself; empty if its snapshot is not in the cache.
    split
        The note of the split whose parts the files are.
    """
    content = Exported(dataset)
    body = "\n".join(_lines(dataset, folder, source, split))
    return f"{folder.header(content)}{body}\n"


def _lines(
    dataset: DatasetFolder,
    folder: DataFolder | DataFile,
    source: JsonMapping,
    split: JsonMapping | None,
) -> Iterator[str]:
    manifest, words = dataset.manifest, words_in(dataset.manifest)
    yield f"# {text(manifest['name'])}\n"
    yield f"{text(words.get('description') or UNKNOWN)}\n"
    yield f"{int(manifest['rows']):,} materials, written by matdata from {code(dataset.ref)}.\n"
    yield "## Opening it\n"
    yield folder.opening
    yield from _columns(dataset, folder)
    yield from _questions("Motivation", _motivation(words))
    yield from _questions("Composition", _composition(dataset, folder, split))
    yield from _questions("Collection", _collection(manifest, source))
    yield from _questions("Preprocessing and cleaning", _preprocessing(dataset))
    yield from _questions("Uses", _uses(dataset))
    yield from _questions("Distribution", _distribution(words, folder))
    yield from _questions("Maintenance", _maintenance(dataset))


def _questions(title: str, answers: Mapping[str, str]) -> Iterator[str]:
    yield f"## {title}\n"
    for question, answer in answers.items():
        yield f"**{question}**\n\n{answer}\n"


def _columns(dataset: DatasetFolder, folder: DataFolder | DataFile) -> Iterator[str]:
    yield "## Columns\n\n| column | unit | to learn |\n|---|---|---|"
    fields, targets = list(folder.schema), dataset.manifest["targets"]
    for field in fields[:COLUMNS]:
        unit = text((field.metadata or {}).get(UNIT.encode(), b"").decode())
        yield f"| {code(field.name)} | {unit} | {'yes' if field.name in targets else ''} |"
    if len(fields) > COLUMNS:
        yield f"\n… and {len(fields) - COLUMNS:,} columns more."
    yield ""


def _motivation(words: Mapping[str, str]) -> JsonObject:
    described = text(words["description"]) if "description" in words else UNKNOWN
    return {
        "For what purpose was the dataset made?": described,
        "Who made it, and who paid for it?": UNKNOWN
        if "citation" not in words
        else f"See the citation; funding is unknown. {text(words['citation'])}",
    }


def _composition(
    dataset: DatasetFolder, folder: DataFolder | DataFile, split: JsonMapping | None
) -> JsonObject:
    rows, bare = int(dataset.manifest["rows"]), dataset.n_without_structure
    kinds = f"{rows - bare:,} with a crystal structure, {bare:,} known by their formula alone"
    counts = ", ".join(f"{part} {n:,}" for part, n in folder.counts.items())
    parts = f"{counts}, in one part: no split was written."
    if split is not None:
        how = f"method {code(split['method'])}, digest {code(str(split['digest'])[:8])}"
        parts = f"{counts}, by the split {code(split['name'])} ({how})."
    targets = ", ".join(code(name) for name in dataset.manifest["targets"])
    lost = count_reasons(one.reason for one in dataset.rejects())
    shown = ", ".join(f"{n:,} {text(why)}" for why, n in lost.items())
    return {
        "What does a row represent?": "A material.",
        "How many are there?": f"{rows:,}: {kinds}.{_left(rows, folder)}",
        "Is it a sample of a larger set?": UNKNOWN,
        "What are the labels?": targets or "None is named.",
        "Is anything missing?": f"{sum(lost.values()):,} records are in the ledger and not in the "
        f"data: {shown}." if lost else "No record was left out.",
        "Are there recommended splits?": parts,
        "Does it depend on other data, or hold confidential or personal data?": "It is complete in "
        "itself. Materials are no persons; whether anything is confidential is unknown.",
    }  # fmt: skip


def _left(rows: int, folder: DataFolder | DataFile) -> str:
    """What is said of materials that are in no file, as they are in no part of the split."""
    left = rows - sum(folder.counts.values())
    return f" {left:,} of them are in no part of the split, and in no file." if left else ""


def _collection(manifest: JsonMapping, source: JsonMapping) -> JsonObject:
    named = {"source": "source", "version": "version", "url": "address"}
    known = [f"{title} {code(source[key])}" for key, title in named.items() if source.get(key)]
    made_from = manifest["made_from"]
    snapshot = f"snapshot {code(made_from['snapshot'])}, "
    snapshot += f"digest of the records {code(made_from['records_digest'])}"
    return {
        "Where do the records come from?": f"{', '.join([*known, snapshot])}.",
        "How was each value obtained (measured, computed), and when?": UNKNOWN,
        "Was it reviewed ethically?": "Not applicable to crystals; otherwise unknown.",
    }


def _preprocessing(dataset: DatasetFolder) -> JsonObject:
    steps = table(dataset.funnel())
    lines = [f"- {text(row['filter'])}: {int(row['number']):,} left" for row in steps]
    curation = dataset.manifest["identity"].get("curation", {})
    settings = ", ".join(
        code(f"{key}={value}") for key, value in sorted(curation.items()) if value not in (None, [])
    )
    symmetry = dataset.manifest.get("symmetry")
    return {
        "What was done to the records?": "\n".join(lines) or UNKNOWN,
        "With which settings?": settings or UNKNOWN,
        "How were symmetries found?": text(symmetry) if symmetry else "They were not searched.",
        "Are the raw records kept?": "In the snapshot named above, in the cache of whoever built "
        "it; `matdata export DATASET FILE --snapshot` writes them.",
    }


def _uses(dataset: DatasetFolder) -> JsonObject:
    return {
        "What has it been used for?": UNKNOWN,
        "What should it not be used for?": "What its labels mean, and their errors, is not known "
        "here: ask the source. Parts of a random split can share formulas: "
        f"`matdata audit {dataset.ref}` counts them.",
    }


def _distribution(words: Mapping[str, str], folder: DataFolder | DataFile) -> JsonObject:
    files = [f"- {code(name)}: {digest}" for name, (_, digest) in folder.records.items()]
    return {
        "Under which licence?": text(words["licence"]) if "licence" in words else UNKNOWN,
        "What is to be cited?": text(words["citation"]) if "citation" in words else UNKNOWN,
        "Which files are there (SHA-256)?": "\n".join(files),
    }


def _maintenance(dataset: DatasetFolder) -> JsonObject:
    return {
        "Who maintains it, and how is an error reported?": UNKNOWN,
        "How are versions told apart?": f"By digest: this is {code(dataset.digest)}. "
        "`matdata diff` shows what changed between two.",
    }


def text(value: object) -> str:
    """A text of users in Markdown: one line, secrets hidden, no markup of its own."""
    plain = html.escape(printable(redact(str(value))), quote=False)
    for letter in "\\`*_[]|#":
        plain = plain.replace(letter, f"\\{letter}")
    return plain


def code(value: object) -> str:
    """A name as it is written, in letters of code; HTML and ends of cells cannot be in it."""
    plain = printable(redact(str(value))).replace("`", "'").replace("|", "¦")
    return f"`{plain}`"
