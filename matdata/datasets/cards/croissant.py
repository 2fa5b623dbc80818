"""A dataset in Croissant 1.0 (MLCommons): files with digests, splits, fields with their types.

Source: the Croissant format specification 1.0, https://docs.mlcommons.org/croissant.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from matdata.core.documents import JsonObject
from matdata.core.licences import SPDX
from matdata.core.printable import printable
from matdata.core.redaction import redact
from matdata.datasets.cards.file import DataFile
from matdata.datasets.cards.folder import DataFolder
from matdata.datasets.exports.table_files import UNIT
from matdata.evaluation.file_names import file_stems
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.user_metadata import words_in

DATA, RECORDS, SPLITS = "parquet-files", "materials", "splits"
#: The vocabulary of parts.
ROLES = {
    "train": "cr:TrainingSplit",
    "validation": "cr:ValidationSplit",
    "test": "cr:TestSplit",
}
#: The part in the name of a file; a name of a part alone is that part.
_PART = r"(?:.*/)?(train|validation|test)(?:-\d+-of-\d+\.parquet)?$"
CONTEXT: JsonObject = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(dataset: DatasetFolder, folder: DataFolder | DataFile) -> JsonObject:
    """The document, as JSON values.

    Parameters
    ----------
    dataset
        The dataset.
    folder
        Its files, beside which the document stands: their addresses are relative to it.
    """
    words = words_in(dataset.manifest)
    document: JsonObject = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": str(dataset.manifest["name"]),
        "description": _text(words.get("description") or _summary(dataset)),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "alternateName": dataset.ref,
    }
    if "licence" in words:
        named = words["licence"]
        spdx = f"https://spdx.org/licenses/{named}.html"
        document["license"] = spdx if named in SPDX else _text(named)
    if "citation" in words:
        document["citeAs"] = _text(words["citation"])
    if isinstance(folder, DataFile):
        document["distribution"] = list(_files(folder))
        document["recordSet"] = [_materials(dataset, folder)]
    else:
        document["distribution"] = [*_files(folder), _file_set(folder)]
        document["recordSet"] = [_splits(folder), _materials(dataset, folder)]
    return document


def _summary(dataset: DatasetFolder) -> str:
    return f"{int(dataset.manifest['rows']):,} materials, written by matdata from {dataset.ref}"


def _text(text: str) -> str:
    return printable(redact(text))


def _files(folder: DataFolder | DataFile) -> Iterator[JsonObject]:
    """Each file with its size and SHA-256."""
    for name, (size, digest) in folder.records.items():
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name.rsplit("/", 1)[-1],
            "contentUrl": name,
            "contentSize": f"{size} B",
            "encodingFormat": folder.encoding,
            "sha256": digest,
        }


def _file_set(folder: DataFolder) -> JsonObject:
    return {
        "@type": "cr:FileSet",
        "@id": DATA,
        "name": DATA,
        "description": "the files of all parts",
        "encodingFormat": folder.encoding,
        "includes": "data/*.parquet",
    }


def _splits(folder: DataFolder) -> JsonObject:
    """The parts, in Croissant's vocabulary."""
    name, url = f"{SPLITS}/name", f"{SPLITS}/url"
    return {
        "@type": "cr:RecordSet",
        "@id": SPLITS,
        "name": SPLITS,
        "dataType": "cr:Split",
        "key": {"@id": name},
        "field": [
            {"@type": "cr:Field", "@id": name, "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": url, "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{name: part, url: ROLES[part]} for part in folder.shards],
    }


def _materials(dataset: DatasetFolder, folder: DataFolder | DataFile) -> JsonObject:
    """The materials: their part if the files are by part, and the columns."""
    schema = folder.schema
    stems = file_stems(schema.names)
    fields = [
        _field(field, f"{RECORDS}/column-{stems[field.name]}", dataset, _where(folder))
        for field in schema
        if _type(field.type) is not None
    ]
    left = [field.name for field in schema if _type(field.type) is None]
    about = f"{int(dataset.manifest['rows']):,} materials"
    if left:
        about += f"; columns of records are in the files, but have no type here: {', '.join(left)}"
    return {
        "@type": "cr:RecordSet",
        "@id": RECORDS,
        "name": RECORDS,
        "description": _text(about),
        "key": {"@id": f"{RECORDS}/column-{stems['material_id']}"},
        "field": [*([] if isinstance(folder, DataFile) else [_part()]), *fields],
    }


def _where(folder: DataFolder | DataFile) -> JsonObject:
    """The file that columns are read from, or the set of files."""
    if isinstance(folder, DataFile):
        return {"fileObject": {"@id": folder.path.name}}
    return {"fileSet": {"@id": DATA}}


def _part() -> JsonObject:
    """The part of a material, by the name of its file."""
    return {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/split",
        "name": "split",
        "description": "part of the split",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": DATA},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": _PART},
        },
        "references": {"field": {"@id": f"{SPLITS}/name"}},
    }


def _field(field: pa.Field, identity: str, dataset: DatasetFolder, where: JsonObject) -> JsonObject:
    unit = (field.metadata or {}).get(UNIT.encode(), b"").decode()
    target = "a target to learn" if field.name in dataset.manifest["targets"] else ""
    about = "; ".join(filter(None, (f"unit: {unit}" if unit else "", target)))
    shown: JsonObject = {
        "@type": "cr:Field",
        "@id": identity,
        "name": _text(field.name),
        "dataType": _type(field.type),
        "source": {**where, "extract": {"column": field.name}},
    }
    if about:
        shown["description"] = _text(about)
    if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
        shown["repeated"] = True
    return shown


def _type(kind: pa.DataType) -> str | None:
    """What Croissant calls a type, of lists that of their entries; None if it has no name."""
    while pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
    for matches, name in (
        (pa.types.is_boolean, "sc:Boolean"),
        (pa.types.is_integer, "sc:Integer"),
        (pa.types.is_floating, "sc:Float"),
        (pa.types.is_string, "sc:Text"),
        (pa.types.is_large_string, "sc:Text"),
    ):
        if matches(kind):
            return name
    return None
