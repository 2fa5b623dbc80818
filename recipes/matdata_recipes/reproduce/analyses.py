"""What is computed of a paper without training a model: checks beside the paper's numbers."""

from __future__ import annotations

import argparse
import importlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matdata.core.console import Console
from matdata.plugin import SourceError
from matdata.tables import wyckoff
from matdata_recipes import common, cuprates
from matdata_recipes.plan import Built
from matdata_recipes.presets import Preset
from matdata_recipes.reproduce.items import Item


@dataclass(frozen=True)
class Check:
    """A number and the published one, equal within `slack`; what is known if they differ.

    A `slack` of None is that of errors of models, which are trained: `values` holds one a seed. The
    paper may print none, and ours is None where it was not trained.
    """

    what: str
    ours: float | None
    published: float | None
    slack: float | None = 0.0
    reason: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What an analysis is given: the item, its files, a cache, a folder for pictures if wanted.

    `presets` are those that were trained before; runs are named after them and `seeds`.
    """

    item: Item
    files: Sequence[Path]
    cache: Path
    pictures: Path | None
    console: Console
    limit: int | None = None
    seeds: tuple[int, ...] = (0,)
    threads: int = 1
    presets: tuple[Preset, ...] = ()


def of_cuprates(asked: Asked) -> list[Check]:
    """Checks of chapter 3 that belong to the item; its figures."""
    tables = cuprates.read_tables(_folder(asked))
    study = cuprates.study(tables)
    if asked.pictures is not None:
        from matdata_recipes.cuprate_figures import draw

        for style in ("light", "dark"):
            draw(tables, study, asked.pictures / style, style)
            for path in (asked.pictures / style).glob("*.png"):
                if not path.stem.startswith(_FIGURES[asked.item.name]):
                    path.unlink()
    wanted = _CUPRATES.get(asked.item.name)
    if asked.item.name == "figure-3.4e":
        inside = float(study.region.holds(*cuprates.DRAWN))
        return [Check("the centre of the ellipse drawn by eye lies in the region", inside, 1.0)]
    chosen = [one for one in study.checks if one.what.startswith(wanted)] if wanted else []
    return [
        Check(one.what, one.ours, one.published, _digits(one.published), _reason(one.what))
        for one in chosen
    ]


def _reason(what: str) -> str:
    """Why a number of chapter 3 differs, where that is known."""
    return next((text for start, text in _REASONS.items() if what.startswith(start)), "")


def _digits(published: float) -> float:
    """Half a unit of the third decimal, as the thesis prints; counts are whole, and equal."""
    return 0.0 if published >= 1.0 and published == int(published) else 5e-4


_REASONS = {
    "chosen": "k-means starts elsewhere in other versions of scikit-learn, and the clusters of one "
    "family differ by a material",
    "DFT y123, of a": "the other eight coefficients are those of ordinary least squares to the "
    "digits, and this one is not",
}
#: Beginnings of the checks of each item of chapter 3, and of its pictures.
_CUPRATES: Mapping[str, tuple[str, ...]] = {
    "table-3.1": ("largest difference", "lowest", "highest"),
    "figure-3.3": ("DFT",),
    "figure-3.4a-d": ("chosen",),
}
_FIGURES: Mapping[str, tuple[str, ...]] = {
    "table-3.1": ("figure-3.1",),
    "figure-3.1": ("figure-3.1",),
    "figure-3.3": ("figure-3.3",),
    "figure-3.4a-d": ("figure-3.4ab", "figure-3.4cd"),
    "figure-3.4e": ("figure-3.4e",),
}


def _folder(asked: Asked) -> Path:
    folders = {path if path.is_dir() else path.parent for path in asked.files}
    if len(folders) != 1:
        raise SourceError(
            f"{asked.item.ref} reads one folder, got {len(folders)}",
            next_step=f"the data: {asked.item.needs[0].where}",
        )
    return folders.pop()


def of_recipe(asked: Asked) -> list[Check]:
    """The paper's counts beside ours, of the recipe that the item names."""
    built = _built(asked, asked.item.analysis)
    return [
        Check(what, float(ours), float(paper), 0.0)
        for what, paper, ours in built.figures
        if paper is not None
    ]


def _built(asked: Asked, recipe: str) -> Built:
    """The dataset of a recipe from the files."""
    module = importlib.import_module(f"matdata_recipes.{recipe}")
    parser = common.parser_of("")
    if hasattr(module, "arguments"):
        module.arguments(parser)
    words = ["--from", *map(str, asked.files), "--cache", str(asked.cache)]
    if asked.limit is not None:
        words += ["--limit", str(asked.limit)]
    given: argparse.Namespace = parser.parse_args(words)
    return common.make(module.recipe(given), given, asked.console)


def of_element_counts(asked: Asked) -> list[Check]:
    """How many crystals of OCrystalNet's set have so many elements; the paper prints no numbers."""
    dataset = _built(asked, "ocrystalnet_mp").dataset
    counts = Counter(dataset.table["n_elements"].tolist())
    for number, crystals in sorted(counts.items()):
        asked.console.say(f"{number} elements: {crystals:,} crystals")
    if asked.pictures is not None:
        from matdata.figures.histograms import bar_chart
        from matdata.figures.picture import Look

        named = {str(number): crystals for number, crystals in counts.items()}
        asked.pictures.mkdir(parents=True, exist_ok=True)
        for style in ("light", "dark"):
            picture = bar_chart(named, "elements", "Elements of crystals", Look(style))
            picture.write(asked.pictures / f"figure-3-{style}.png")
    return []


#: Thesis, table 6.4: multiplicity, and equivalent positions.
_SETS = {
    "a": (3, "ab"),
    "b": (3, "ab"),
    "c": (6, "c"),
    "d": (9, "de"),
    "e": (9, "de"),
    "f": (18, "f"),
}
#: Thesis, table 6.5: what the positions a to f become.
_TRANSFORMED = ("abcdef", "bacedf")
_SPACE_GROUP = 148


def _relabelled() -> list[str]:
    """What the letters of the space group become, each way once."""
    letters = wyckoff.letters(_SPACE_GROUP)
    rows = wyckoff.relabellings(_SPACE_GROUP)
    return sorted({"".join(letters[place] for place in row[: len(letters)]) for row in rows})


def of_wyckoff_sets(asked: Asked) -> list[Check]:
    """Multiplicities and sizes of the sets of equivalent positions of R-3."""
    import numpy as np

    letters, ways = wyckoff.letters(_SPACE_GROUP), _relabelled()
    found = np.array(list(letters))
    rows = wyckoff.position_rows(np.full(len(letters), _SPACE_GROUP), found)
    multiplicities = wyckoff.multiplicities()[rows]
    checks = []
    for place, letter in enumerate(letters):
        multiplicity, equivalent = _SETS[letter]
        ours = "".join(sorted({way[place] for way in ways}))
        number = float(multiplicities[place])
        checks.append(Check(f"multiplicity of {letter}", number, multiplicity))
        same = float(ours == equivalent)
        checks.append(Check(f"positions equivalent to {letter} are {equivalent}", same, 1.0))
    return checks


def of_wyckoff_normalizer(asked: Asked) -> list[Check]:
    """Whether each transformation of the positions of R-3 is one of ours, and their number."""
    ways = _relabelled()
    checks = [Check("different transformations", float(len(ways)), float(len(_TRANSFORMED)))]
    return checks + [Check(f"abcdef to {one}", float(one in ways), 1.0) for one in _TRANSFORMED]


def _of_reactions(asked: Asked) -> list[Check]:
    from matdata_recipes.reproduce.of_reactions import of_reactions

    return of_reactions(asked)


def _of_runs(name: str) -> Callable[[Asked], list[Check]]:
    def analyse(asked: Asked) -> list[Check]:
        from matdata_recipes.reproduce import of_runs

        found: list[Check] = getattr(of_runs, name)(asked)
        return found

    return analyse


ANALYSES: Mapping[str, Callable[[Asked], list[Check]]] = {
    "cuprates": of_cuprates,
    "taata": of_recipe,
    "wren_mp": of_recipe,
    "wren_wbm": of_recipe,
    "ocrystalnet_mp": of_recipe,
    "ocrystalnet_jarvis": of_recipe,
    "element-counts": of_element_counts,
    "reactions": _of_reactions,
    "wyckoff-sets": of_wyckoff_sets,
    "wyckoff-normalizer": of_wyckoff_normalizer,
    "changed-pairs": _of_runs("changed_pairs_of_worst"),
    "named-crystals": _of_runs("named_crystals"),
    "training-errors": _of_runs("training_errors"),
}
