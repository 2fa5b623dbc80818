"""What is recorded of a table or figure of a paper, whoever has reproduced it."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from matdata_recipes.preset_data import DATA
from matdata_recipes.presets import PRESETS, Preset
from matdata_recipes.reproduce.statuses import Data

PAPERS = {
    "finder": "Ihalage and Hao, Adv. Sci. 9, 2200164 (2022): Finder",
    "goodall": "R. E. A. Goodall, thesis, University of Cambridge (2022)",
    "lgdcnn": "Du et al.: L-G-DCNN",
    "ocrystalnet": "Yang and Huang: OCrystalNet",
}


@dataclass(frozen=True)
class Need:
    """A file that is needed, and where it is to be had."""

    file: str
    where: str


@dataclass(frozen=True)
class Item:
    """A table or a figure, or a panel of one.

    Attributes
    ----------
    paper, name
        A key of `PAPERS`, and its own name, such as ``table-2`` or ``figure-3.4e``.
    shows
        What it shows, in a line.
    trained
        Patterns of the names of presets whose errors it prints.
    place
        Only presets whose printed value stands there, if not empty (``Goodall 4.2``).
    analysis
        What is computed instead of trained: a key of `analyses.ANALYSES`; empty if nothing is.
    needs
        Files of the analysis; those of presets are known by themselves.
    steps
        Commands after the training of each preset, of which ``{run}`` is the run, ``{dataset}`` its
        dataset, ``{seed}`` its seed, and ``{first}`` the run of the item's first preset, for which
        commands that name it are left out.
    seeds
        Seeds of split and weights at the paper's scale.
    hours
        Estimated hours of one processor core at the paper's scale; None where nobody can say.
    closed
        Why the data cannot be had, and what would have to be fetched; empty if they can.
    lacking
        What matdata lacks to make it; empty if nothing.
    stand_in
        What stands in for it on other data, which is not counted; empty if nothing does.
    drawing
        Whether it is a drawing that shows no result.
    remark
        What must be known of all of its numbers.
    other_release
        Whether the data that can be had are another release than the paper's.
    together
        Whether the analysis compares all of the presets, so that none can be left out.
    """

    paper: str
    name: str
    shows: str
    trained: tuple[str, ...] = ()
    place: str = ""
    analysis: str = ""
    needs: tuple[Need, ...] = ()
    steps: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    hours: float | None = None
    closed: str = ""
    lacking: str = ""
    stand_in: str = ""
    drawing: bool = False
    remark: str = ""
    other_release: bool = False
    together: bool = False

    @property
    def data_of(self) -> Data:
        """What its numbers are computed from."""
        if self.other_release:
            return "other release"
        return "paper" if self.data else "none"

    @property
    def ref(self) -> str:
        """Its name with the paper's: ``finder:table-2``."""
        return f"{self.paper}:{self.name}"

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The presets that it is made of."""
        names = dict.fromkeys(n for one in self.trained for n in fnmatch.filter(PRESETS, one))
        chosen = (PRESETS[name] for name in names)
        return tuple(one for one in chosen if not self.place or _place(one) == self.place)

    @property
    def data(self) -> tuple[Need, ...]:
        """All files that are needed, each once."""
        needs = [*self.needs]
        for preset in self.presets:
            needs += [Need(file, DATA[preset.data].where) for file in preset.files]
        return tuple(dict.fromkeys(needs))

    @property
    def can_run(self) -> bool:
        """Whether there is a command that makes it, given the data."""
        return bool((self.trained or self.analysis) and not self.lacking)


def _place(preset: Preset) -> str:
    return preset.paper[1] if preset.paper else ""
