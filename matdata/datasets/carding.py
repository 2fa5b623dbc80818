"""Cards of datasets: a README and a Croissant file beside the data that they describe."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.given import ending_of, folder_of, path_of
from matdata.core.given import words as words_of
from matdata.datasets.cards.file import ENDINGS, DataFile, require_export
from matdata.datasets.cards.folder import CARD, CROISSANT, DataFolder, is_new, open_folder
from matdata.datasets.dataset import Dataset
from matdata.datasets.exporting import ExportRequest, export_dataset
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.formats import ENDINGS as FORMAT_ENDINGS
from matdata.datasets.opening import dataset_of
from matdata.reports.dataset.facts import Facts
from matdata.reports.dataset.origin import source_origin
from matdata.store.files import json_text


@dataclass(frozen=True)
class Card:
    """A card that was written.

    Attributes
    ----------
    path
        The folder or the file.
    files
        Names of the files of the card: the README, and the Croissant file.
    data
        Names of the files that it describes.
    exported
        Whether the data were written as well.
    """

    path: Path
    files: tuple[str, ...]
    data: tuple[str, ...]
    exported: bool


def card(
    dataset: Dataset | str,
    output: str | Path,
    *,
    split: str | None = None,
    features: str | Sequence[str] = (),
    cache: str | Path | None = None,
) -> Card:
    """Write a card beside the data of a dataset, as ``matdata card`` does.

    A folder that is new or empty gets the data as well, as `export` writes them in the format
    ``hf``; of a folder that holds such an export the files are described as they are. So is a
    file of Parquet or CSV, whose card stands beside it as ``mine.parquet.README.md`` and
    ``mine.parquet.croissant.json``.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    output
        The folder, or the file: ``.parquet`` or ``.csv``.
    split, features
        Of the data of a new folder: the saved split whose parts are written (the only one if not
        given), and stored features. A file has no parts; of one that is there `features` says
        which it was written with.
    cache
        Cache folder of a dataset that is named.

    Returns
    -------
    Card
        ``README.md`` answers the questions of a datasheet from the manifest, and says what it
        cannot know; ``croissant.json`` has a SHA-256 for every file, and the parts.

    Raises
    ------
    StoreError
        If the folder or file is anything but an export of this dataset, or was changed.
    ConfigError
        If several splits are saved and none is named; if one is named for data that are there, or
        for a file; if the file has a format that a card does not describe.

    Examples
    --------
    >>> md.card("mine", "folder").files
    ('README.md', 'croissant.json')
    """
    if _names_file(output):
        return _of_file(dataset, path_of(output, "the output"), split, words_of(features), cache)
    opened, path = dataset_of(dataset, cache), folder_of(output, "the output")
    new = is_new(path)
    if not new and (split is not None or words_of(features)):
        raise ConfigError(
            f"{path} has its data already, and split and features are of those that are written",
            next_step="leave --split and --features out, or name a new folder",
        )
    if new:
        export_dataset(
            opened, ExportRequest(path, "hf", False, words_of(features), {}, False, split)
        )
    return _written(opened, open_folder(path, opened), new)


def _names_file(output: object) -> bool:
    """Whether a file is named; one of a format that a card cannot describe is refused.

    Raises
    ------
    ConfigError
        If it is.
    """
    path = Path(str(output))
    ending = path.suffix.lower()
    if path.is_dir() or ending not in FORMAT_ENDINGS:
        return False
    return bool(ending_of(path, ENDINGS, "a file that a card describes", ", or name a folder"))


def _of_file(
    dataset: Dataset | str,
    path: Path,
    split: str | None,
    features: tuple[str, ...],
    cache: str | Path | None,
) -> Card:
    """Write a file if there is none, else check that it is what would be written; and its card."""
    asked = ExportRequest(path, features=features, split=split)
    opened, new = dataset_of(dataset, cache), not path.exists()
    if new:
        export_dataset(opened, asked)
    else:
        with tempfile.TemporaryDirectory() as folder:
            fresh = Path(folder) / f"fresh{path.suffix}"
            export_dataset(opened, replace(asked, output=fresh))
            require_export(path, fresh, opened)
    content = Exported(opened, {spec: opened.feature(spec) for spec in features})
    return _written(opened, DataFile(path, content), new)


def _written(opened: Dataset, folder: DataFolder | DataFile, new: bool) -> Card:
    from matdata.datasets.cards.croissant import croissant
    from matdata.datasets.cards.datasheet import datasheet

    with Facts(opened, opened.cache) as facts:
        source = source_origin(facts)
    texts = {
        CARD: datasheet(opened, folder, source, _split_of(opened, folder)),
        CROISSANT: json_text(croissant(opened, folder)),
    }
    folder.write(texts)
    return Card(folder.path, tuple(map(folder.named, texts)), tuple(folder.records), new)


def _split_of(dataset: Dataset, folder: DataFolder | DataFile) -> JsonObject | None:
    """The note of the saved split whose parts the files are; None if they are of none."""
    if isinstance(folder, DataFile):
        return None
    parts = folder.parts()
    for name in dataset.split_names():
        note = dataset.split_note(name)
        if note["digest"] == digest_json(parts):
            return {"name": name, **note}
    return None
