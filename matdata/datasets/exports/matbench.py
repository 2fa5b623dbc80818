"""A folder with a data set as matminer and Matbench read it, and its folds.

The data are one JSON object with ``index``, ``columns`` and ``data``, gzipped, as
``matminer.utils.io.load_dataframe_from_json`` reads it, with pymatgen's structures. The folds are
an object like the validation file of Matbench v0.1: by task and fold the ids of ``train``, which
there includes validation, and ``test``.
"""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from matdata.core.documents import JsonObject
from matdata.datasets.exports.card import write_card
from matdata.datasets.exports.content import FORMULA, Block, Exported
from matdata.datasets.exports.headers import headers_of
from matdata.datasets.exports.json_lines import STRUCTURE, json_of, structure_document
from matdata.datasets.exports.kinds import columns_of, is_truth
from matdata.store import files

COMPOSITION = "composition"
_OPENED = """```python
from matminer.utils.io import load_dataframe_from_json

table = load_dataframe_from_json("{data}")
```

The folds are in `{folds}`, as Matbench has them: `["splits"]["{task}"]["fold_0"]["test"]`.
"""


def data_file(content: Exported) -> str:
    """Name of the file of the data."""
    return f"{_task(content)}.json.gz"


def write_matbench(folder: Path, content: Exported) -> None:
    """Fill a folder."""
    task = _task(content)
    with _gzipped(folder / data_file(content)) as file:
        _write_data(file, content)
    folds = f"{task}_validation.json"
    files.write_json(folder / folds, _validation(task, content))
    opened = _OPENED.format(data=data_file(content), folds=folds, task=task)
    write_card(folder / "README.md", content, "matbench", "", opened)


def _task(content: Exported) -> str:
    return files.safe_name(str(content.dataset.manifest["name"]))


@contextlib.contextmanager
def _gzipped(path: Path) -> Iterator[IO[str]]:
    """A text to write, gzipped without name and time: equal texts give equal bytes."""
    with (
        open(path, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8") as file,
    ):
        yield file


def _write_data(file: IO[str], content: Exported) -> None:
    headers = headers_of(content)
    what = COMPOSITION if content.dataset.kind == "composition" else STRUCTURE
    names = [name for name in content.names.values() if name != FORMULA]
    columns = [what, *(headers[name] for name in names)]
    content.require_distinct(columns, "a row")
    file.write('{"index": [')
    _write_items(file, (one for block in content.blocks() for one in block.ids))
    file.write(f'], "columns": {json_of(columns)}, "data": [')
    _write_items(file, (row for block in content.blocks() for row in _rows(block, names)))
    file.write("]}")


def _rows(block: Block, names: list[str]) -> Iterator[list[Any]]:
    columns = block.columns()
    for row, cells in enumerate(zip(*(columns[name] for name in names), strict=True)):
        position = block.structures.position(row)
        first: object = columns[FORMULA][row]
        if position is not None:
            first = {
                "@module": "pymatgen.core.structure",
                "@class": "Structure",
                **structure_document(block.structures, position),
            }
        yield [first, *cells]


def _write_items(file: IO[str], items: Iterator[Any]) -> None:
    for number, item in enumerate(items):
        file.write(("," if number else "") + json_of(item))


def _validation(task: str, content: Exported) -> JsonObject:
    truths = columns_of(content, is_truth)
    targets = content.targets
    classes = bool(targets) and targets[0] in truths
    metadata = {
        "task_type": "classification" if classes else "regression",
        "n_samples": len(content),
        "input_type": COMPOSITION if content.dataset.kind == "composition" else STRUCTURE,
        "target": targets[0] if targets else None,
        "unit": content.units.get(targets[0]) if targets else None,
        "columns": {name: content.units.get(name, "") for name in content.names.values()},
        "content_digest": content.content_digest,
    }
    folds = {
        f"fold_{number}": {
            "train": sorted([*split["train"], *split.get("val", [])]),
            "test": list(split.get("test", [])),
        }
        for number, split in enumerate(content.folds.values())
    }
    return {"metadata": {task: metadata}, "splits": {task: folds}}
