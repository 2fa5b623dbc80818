"""The YAML header of a data set card: splits, types of columns, licence, size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pyarrow as pa

from matdata.core.licences import SPDX
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.hf_files import Configs, PartFiles

#: Licences that data set cards have a name for; others are named in words.
LICENCES = {one.lower(): one for one in SPDX}
_ENDS = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"),
         (10**7, "1M<n<10M"))  # fmt: skip


def header(content: Exported, schema: pa.Schema, configs: Configs) -> str:
    """The header with its dashes.

    Parameters
    ----------
    content
        The dataset.
    schema
        Arrow types of the columns.
    configs
        By configuration the rows and files of each split; the first one is the default.
    """
    name = str(content.dataset.manifest["name"])
    lines = ["---", f"pretty_name: {_text(name)}", *_licence(content.words.get("licence", ""))]
    lines += ["size_categories:", f"- {_size(len(content))}"]
    lines += ["tags:", "- chemistry", "- materials-science", "- crystals"]
    lines += ["configs:"]
    for number, (name, parts) in enumerate(configs.items()):
        lines += [f"- config_name: {name}"]
        lines += ["  default: true"] if number == 0 and len(configs) > 1 else []
        lines += ["  data_files:"]
        for split, one in parts.items():
            lines += [f"  - split: {split}", *_paths(one.paths)]
    lines += ["dataset_info:"]
    for name, parts in configs.items():
        lines += _info(name if len(configs) > 1 else None, schema, parts)
    return "\n".join([*lines, "---", ""])


def _paths(paths: list[str]) -> list[str]:
    if len(paths) == 1:
        return [f"    path: {paths[0]}"]
    return ["    path:", *(f"    - {path}" for path in paths)]


def _info(name: str | None, schema: pa.Schema, parts: Mapping[str, PartFiles]) -> Iterator[str]:
    """Types of columns and rows of a configuration, which has a name where there are several."""
    indent = "  "
    if name is not None:
        yield f"- config_name: {name}"
    yield f"{indent}features:"
    for field in schema:
        first, *others = _feature(field.type)
        yield f"{indent}- name: {_text(field.name)}"
        yield f"{indent}  {first}"
        yield from (f"{indent}  {line}" for line in others)
    yield f"{indent}splits:"
    for split, one in parts.items():
        yield f"{indent}- name: {split}"
        yield f"{indent}  num_examples: {one.rows}"


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
