"""Cards of datasets: a README and a Croissant file beside the data that they describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.given import folder_of
from matdata.core.given import words as words_of
from matdata.datasets.cards.folder import CARD, CROISSANT, DataFolder, is_new, open_folder
from matdata.datasets.dataset import Dataset
from matdata.datasets.exporting import ExportRequest, export_dataset
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
        The folder.
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
    ``hf``; of a folder that holds such an export the files are described as they are.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    output
        The folder.
    split, features
        Of the data of a new folder: the saved split whose parts are written (the only one if not
        given), and stored features.
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
        If the folder holds anything but an export of this dataset, or its files were changed.
    ConfigError
        If several splits are saved and none is named; if one is named for data that are there.

    Examples
    --------
    >>> md.card("mine", "folder").files
    ('README.md', 'croissant.json')
    """
    from matdata.datasets.cards.croissant import croissant
    from matdata.datasets.cards.datasheet import datasheet

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
    folder = open_folder(path, opened)
    with Facts(opened, opened.cache) as facts:
        source = source_origin(facts)
    texts = {
        CARD: datasheet(opened, folder, source, _split_of(opened, folder)),
        CROISSANT: json_text(croissant(opened, folder)),
    }
    folder.write(texts)
    return Card(path, tuple(texts), tuple(folder.records), new)


def _split_of(dataset: Dataset, folder: DataFolder) -> JsonObject | None:
    """The note of the saved split whose parts the files are; None if they are of none."""
    parts = folder.parts()
    for name in dataset.split_names():
        note = dataset.split_note(name)
        if note["digest"] == digest_json(parts):
            return {"name": name, **note}
    return None
