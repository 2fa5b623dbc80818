"""``matdata report DATASET``: the funnel in the form of Goodall 2022, tables 6.1 to 6.3."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.cli.common import cache_of, console_of, picture_settings, print_json
from matdata.curate.funnel_report import table, table_lines
from matdata.datasets.dataset import Dataset
from matdata.figures.formats import PictureSettings, require_format
from matdata.store.catalogue import find_dataset


def run(given: argparse.Namespace) -> int:
    """Print the funnel, and draw it and the dataset if asked for."""
    settings = picture_settings(given)
    output = Path(given.output) if given.output else None
    if output is not None:
        require_format(output)
    cache = cache_of(given)
    dataset = Dataset(find_dataset(cache, given.dataset).folder, cache)
    console = console_of(given)
    if output is not None:
        dataset.plot.funnel(settings.style).write(output)
    written = _draw(dataset, Path(given.pictures), settings) if given.pictures else []
    if given.json:
        picture = None if output is None else str(output)
        record = {"dataset": dataset.ref, "table": table(dataset.funnel()), "picture": picture}
        print_json({**record, "pictures": [str(path) for path in written]})
        return 0
    console.say(dataset.ref)
    for line in table_lines(dataset.funnel()):
        console.say(line)
    if output is not None:
        console.say(f"wrote {output}")
    if written:
        console.say(f"{len(written)} pictures in {given.pictures}")
    return 0


def _draw(dataset: Dataset, folder: Path, settings: PictureSettings) -> list[Path]:
    """All pictures of a dataset, in each format."""
    from matdata.evaluation.file_names import file_stems

    draws = dict(dataset.plot.all(settings.style))
    stems = file_stems(draws)
    pictures = {stems[name]: draw() for name, draw in draws.items()}
    return [
        picture.write(folder / f"{stem}.{form}")
        for stem, picture in pictures.items()
        for form in settings.format
    ]
