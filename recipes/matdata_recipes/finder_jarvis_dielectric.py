"""Dielectric functions of 12,353 materials of JARVIS (Finder, section 2.5).

python -m matdata_recipes.finder_jarvis_dielectric --from dft_3d.json FOLDER

Real and imaginary part along xx, calculated with OptB88vdW; of each composition the most
stable polymorph stays. Split 80/10/10. The file is a set of JARVIS-DFT, a list of records with
``jid`` and ``atoms``; the folder has the page of each material of the database, or its vasprun,
as ``<jid>.xml``. As in the authors' code the functions are resampled to 3,000 points from 0 to
30 eV, and the last value is held where data end before; materials without them are left out. A
file whose records have the functions as lists of numbers (``eps_re_xx``, ``eps_im_xx``) is read
without a folder, as it is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matdata.sources.files import Files
from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.gathered import Item

#: Of the authors' code: `numpy.interp` holds the last value.
GRID: Mapping[str, Any] = {
    "grid": ("0:30:3000:eV",),
    "beyond": "hold",
    "components": ("xx",),
    "only_with_spectra": True,
}


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its split; the paper splits the two functions separately."""
    folders = [name for name in given.files or () if Path(name).is_dir()]
    return Recipe(
        name="finder-jarvis-dielectric",
        where="JARVIS-DFT (https://jarvis.nist.gov; dft_3d through jarvis-tools), with the "
        "dielectric functions read from its OptB88vdW calculations",
        rows=12353,
        curation={"dedupe": "polymorph"},
        cuts=(
            Cut("random", {"ratios": "80/10/10"}, "eps-re-80-10-10"),
            Cut("random", {"ratios": "80/10/10", "seed": given.seed + 1}, "eps-im-80-10-10"),
        ),
        items=_records,
        options={**GRID, "spectra": folders[0]} if folders else {},
    )


def _records(paths: list[Path]) -> list[Item]:
    """The files of records, without folders of dielectric functions."""
    return [Item(Files(path), {}) for path in paths if not path.is_dir()]


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
