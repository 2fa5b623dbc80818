"""The YAML header of a data set card: splits, types of columns, licence, size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matdata.core.licences import SPDX
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.hf_files import Configs

#: Licences that data set cards have a name for; others are named in words.
LICENCES = {one.lower(): one for one in SPDX}
_ENDS = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"),
         (10**7, "1M<n<10M"))  # fmt: skip


def header(
    content: Exported,
    schema: pa.Schema | None,
    parts: Mapping[str, Sequence[Path]],
    patterns: Mapping[str, str] | None = None,
    configs: Configs | None = None,
    folder: Path | None = None,
) -> str:
    """The header with its dashes.

    Parameters
    ----------
    content
        The dataset.
    schema
        Arrow types of the columns; None of files that state none.
    parts
        Parquet files by split. Their rows and bytes in Arrow are stated: `datasets` compares the
        rows with those that it reads, and takes no statement without the bytes.
    patterns
        By split the names of its files beside the card; those of shards if not given.
    configs, folder
        Where there are several configurations the files of each, and where these lie.
    """
    name = str(content.dataset.manifest["name"])
    lines = ["---", f"pretty_name: {_text(name)}", *_licence(content.words.get("licence", ""))]
    lines += ["size_categories:", f"- {_size(len(content))}"]
    lines += ["tags:", "- chemistry", "- materials-science", "- crystals"]
    if configs is not None and len(configs) > 1 and schema is not None and folder is not None:
        return "\n".join([*lines, *_several(schema, configs, folder), "---", ""])
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split in parts:
        pattern = f"data/{split}-*" if patterns is None else _text(patterns[split])
        lines += [f"  - split: {split}", f"    path: {pattern}"]
    if schema is None:
        return "\n".join([*lines, "---", ""])
    lines += ["dataset_info:", *_info(schema, parts)]
    return "\n".join([*lines, "---", ""])


def _info(schema: pa.Schema, parts: Mapping[str, Sequence[Path]]) -> Iterator[str]:
    """Types of columns, and rows and bytes of each split."""
    yield "  features:"
    for field in schema:
        first, *others = _feature(field.type)
        yield f"  - name: {_text(field.name)}"
        yield f"    {first}"
        yield from (f"    {line}" for line in others)
    yield "  splits:"
    for split, files in parts.items():
        size, rows = _extent(files)
        yield f"  - name: {split}"
        yield f"    num_bytes: {size}"
        yield f"    num_examples: {rows}"


def _several(schema: pa.Schema, configs: Configs, folder: Path) -> Iterator[str]:
    """Files, types and rows of several configurations, of which the first one is the default."""
    yield "configs:"
    for number, (name, parts) in enumerate(configs.items()):
        yield f"- config_name: {_text(name)}"
        yield from ["  default: true"] if number == 0 else []
        yield "  data_files:"
        for split, one in parts.items():
            yield f"  - split: {split}"
            yield "    path:"
            yield from (f"    - {path}" for path in one.paths)
    yield "dataset_info:"
    for name, parts in configs.items():
        yield f"- config_name: {_text(name)}"
        files = {split: [folder / path for path in one.paths] for split, one in parts.items()}
        yield from _info(schema, files)


def _extent(paths: Sequence[Path]) -> tuple[int, int]:
    """Bytes in memory and rows of Parquet files, of which a row group is held at a time."""
    size = rows = 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            rows += file.metadata.num_rows
            groups = range(file.num_row_groups)
            size += sum(file.read_row_group(k).nbytes for k in groups)
    return size, rows


def _size(rows: int) -> str:
    return next((name for end, name in _ENDS if rows < end), "n>10M")


def _licence(text: str) -> list[str]:
    if not text:
        return []
    if text.lower() in LICENCES:
        return [f"license: {text.lower()}"]
    return ["license: other", f"license_name: {_text(text)}"]


def _text(text: str) -> str:
    """A text as YAML: JSON's quotes are YAML's, too."""
    return json.dumps(text, ensure_ascii=False)


def _feature(kind: pa.DataType) -> Iterator[str]:
    """Lines that name a type as the library does."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = list(_feature(kind.value_type))
        if len(inner) == 1 and inner[0].startswith("dtype: "):
            yield f"list: {inner[0].removeprefix('dtype: ')}"
            return
        yield "list:"
        yield from (f"  {line}" for line in inner)
    elif pa.types.is_struct(kind):
        yield "struct:"
        for number in range(kind.num_fields):
            field = kind.field(number)
            yield f"- name: {_text(field.name)}"
            yield from (f"  {line}" for line in _feature(field.type))
    else:
        yield f"dtype: {_SCALARS.get(str(kind), str(kind))}"


_SCALARS = {"double": "float64", "float": "float32", "halffloat": "float16"}
