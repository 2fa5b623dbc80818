"""Dielectric functions of 12,353 materials of JARVIS (Finder, section 2.5).

python recipes/finder_jarvis_dielectric.py --from dielectric.json

Real and imaginary part along xx, calculated with OptB88vdW; of each composition the most
stable polymorph stays. Split 80/10/10. The file is a list of records with ``jid``, ``atoms``,
``optb88vdw_total_energy``, and the functions as lists of numbers (``eps_re_xx``, ``eps_im_xx``).
"""

from __future__ import annotations

import argparse
import sys

from common import Cut, Recipe, run


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its split; the paper splits the two functions separately."""
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
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
