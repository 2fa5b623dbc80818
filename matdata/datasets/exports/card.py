"""The README of an exported folder: what the data are, how to open them, what is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.losses import sentence


def write_card(
    path: Path, content: Exported, form: str, header: str = "", opened: str = ""
) -> None:
    """Write a README in Markdown.

    Parameters
    ----------
    path
        The file.
    content
        The dataset.
    form
        Its format.
    header
        What stands above, such as the YAML of a data set card.
    opened
        How the folder is opened, in Markdown.
    """
    lines = "\n".join(_lines(content, form, opened))
    path.write_text(f"{header}{lines}\n", encoding="utf-8")


def _lines(content: Exported, form: str, opened: str) -> Iterator[str]:
    from matdata.datasets.exports.formats import FORMATS

    manifest, words = content.dataset.manifest, content.words
    yield f"# {manifest['name']}\n"
    if "description" in words:
        yield f"{words['description']}\n"
    yield f"{len(content):,} materials, written by matdata from `{content.dataset.ref}`.\n"
    if opened:
        yield f"## Opening it\n\n{opened}"
    yield from _table(content)
    for title in ("licence", "citation"):
        if title in words:
            yield f"## {title.capitalize()}\n\n{words[title]}\n"
    yield "## What a rebuild with matdata does not give back\n"
    losses = FORMATS[form].lost(content)
    yield from (f"- {sentence(loss)}" for loss in losses)
    yield "" if losses else "Nothing: it has the same content digest.\n"
    yield "## Provenance\n"
    yield from (f"- {name}: `{text}`" for name, text in _digests(content).items())
    steps = json.dumps(content.provenance(), ensure_ascii=False, indent=1, sort_keys=True)
    yield f"\n```json\n{steps}\n```"


def _digests(content: Exported) -> dict[str, str]:
    about = content.about()
    return {name: about[name] for name in ("dataset", "dataset_digest", "content_digest")}


def _table(content: Exported) -> Iterator[str]:
    yield "## Columns\n\n| column | unit | to learn |\n|---|---|---|"
    for name in content.names.values():
        unit, learned = content.units.get(name, ""), "yes" if name in content.targets else ""
        yield f"| `{name.replace('|', chr(92) + '|')}` | {unit} | {learned} |"
    yield ""
