"""Apical distances of cuprate superconductors from lattice parameters (Goodall, thesis, ch. 3).

python -m matdata_recipes.cuprates --from FOLDER [--pictures DIR] [--json]

FOLDER holds the processed tables of R. E. A. Goodall et al., Adv. Funct. Mater. 2104696 (2021), as
CSV, compressed or not: icsd_cuprates, icsd_cleaned, icsd_removed, super_cuprates, super_cleaned,
super_apical, super_top, dft-hg1223-all, dft-y123-all and dft-lco214-all. Prints each number of the
chapter and the published one.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from matdata.core.errors import SourceError
from matdata.sources.readers.opening import open_text
from matdata_recipes.calibration import (
    Calibration,
    Floats,
    Unexplored,
    by_group,
    calibrate,
    least_squares,
    representatives,
    slope,
    unexplored,
)
from matdata_recipes.script import printing_errors

FILES = (
    *("icsd_cuprates", "icsd_cleaned", "icsd_removed", "super_cuprates", "super_cleaned"),
    *("super_apical", "super_top", "dft-hg1223-all", "dft-y123-all", "dft-lco214-all"),
)
#: Published: rows of each table.
SIZES = dict(zip(FILES, (918, 851, 67, 9070, 3087, 2521, 503, 81, 81, 81), strict=True))
#: Published: strata of the chosen materials, by CuO2 planes and by the cation between them.
PLANES = {"One": 75, "Two": 409, "Three": 19}
CATIONS = {"RE": 354, "Hg": 62, "Bi": 49, "Tl": 38}
#: Published: coefficients of c, of a, and the offset of strained cells by DFT. They are those of
#: ordinary least squares, to the digits given but for one (0.239 of a in y123); those of Huber's
#: loss differ in the second or third digit.
STRAINED = {
    "hg1223": (0.330, -0.141, -1.801),
    "y123": (0.447, 0.236, -3.880),
    "lco214": (0.226, 0.0837, -0.890),
}
#: Lattice parameters c and a in Å of the nanocomposite of thesis ref. 130, and what it reads there.
NANOCOMPOSITE = ((13.28, 3.76), (13.22, 3.78), (13.20, 3.79))
READ_THERE = (2.40, 2.43)
#: In-plane and apical distance in Å, and critical temperature in K, of two nanocomposites.
VAN = ((1.890, 2.42, 50.0), (1.895, 2.56, 120.0))
#: Centre of the ellipse that figure 3.4e draws, and the least apical distance of the region (Å).
DRAWN, HIGH = (1.895, 2.75), 2.5
#: Trends are over materials above this temperature (K).
WARM = 50.0

Row = dict[str, str]


@dataclass(frozen=True)
class Check:
    """A number and the published one."""

    what: str
    ours: float
    published: float

    @property
    def same(self) -> bool:
        """Whether they agree to the digits that were published."""
        return abs(self.ours - self.published) <= 5e-4 * max(1.0, abs(self.published))


@dataclass(frozen=True)
class Study:
    """All of the chapter.

    Attributes
    ----------
    families
        Calibration by family (table 3.1).
    checks
        Numbers that the thesis states.
    trends
        Slope of the critical temperature over the apical distance, K/Å, by stratum.
    chosen
        Rows of ``super_apical`` that represent their clusters.
    region
        What is unexplored.
    """

    families: dict[str, Calibration]
    checks: list[Check]
    trends: dict[str, float]
    chosen: list[int]
    region: Unexplored


def read_tables(folder: Path) -> dict[str, list[Row]]:
    """The tables by name; columns without the colons of their heads.

    Raises
    ------
    SourceError
        If one is missing or cannot be read.
    """
    tables = {}
    for name in FILES:
        places = (folder / f"{name}.csv", folder / f"{name}.csv.gz")
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise SourceError(
                f"{folder} has no {name}.csv",
                next_step="fetch processed-data of github.com/CompRhys/apical",
            )
        with open_text(path) as file:
            rows = list(csv.DictReader(file))
        tables[name] = [{key.strip(" :"): value for key, value in row.items()} for row in rows]
    return tables


def columns(rows: Sequence[Row], *names: str) -> Floats:
    """Numbers (n, k) of columns; NaN for an empty cell."""
    return np.array([[float(row[name] or "nan") for name in names] for row in rows])


def study(tables: dict[str, list[Row]]) -> Study:
    """Everything that the chapter computes."""
    known, wanted = tables["icsd_cleaned"], tables["super_apical"]
    families = {}
    for name, numbers in by_group(known, "str3").items():
        own = [known[number] for number in numbers]
        families[name] = calibrate(columns(own, "latc", "lata*"), columns(own, "cu-o_a")[:, 0])
    chosen = _chosen(wanted)
    checks = [*_sizes(tables), *_of_families(families, wanted, chosen), *_strained(tables)]
    in_plane, apical = columns([wanted[row] for row in chosen], "cu-o_p", "cu-o_a").T
    region = unexplored(in_plane, apical, HIGH)
    return Study(families, checks, _trends(wanted, chosen), chosen, region)


def _sizes(tables: dict[str, list[Row]]) -> list[Check]:
    return [Check(f"rows of {name}", len(tables[name]), SIZES[name]) for name in FILES]


def _chosen(rows: Sequence[Row]) -> list[int]:
    """The fifth with the highest temperature of two clusters of each family."""
    chosen = []
    for numbers in by_group(rows, "str3").values():
        own = [rows[number] for number in numbers]
        best = representatives(columns(own, "lata*", "latc"), columns(own, "tc")[:, 0])
        chosen += [numbers[row] for row in best]
    return sorted(chosen)


def _of_families(
    families: dict[str, Calibration], wanted: Sequence[Row], chosen: Sequence[int]
) -> list[Check]:
    inputs, published = columns(wanted, "latc", "lata*"), columns(wanted, "cu-o_a")[:, 0]
    predicted = np.array([families[row["str3"]](inputs[k]) for k, row in enumerate(wanted)]).ravel()
    checks = [
        Check("largest difference of an apical distance from the published, Å",
              float(np.abs(predicted - published).max()), 0.0),
        Check("chosen materials", len(chosen), SIZES["super_top"]),
    ]  # fmt: skip
    for column, counts in (("layers", PLANES), ("types", CATIONS)):
        ours = Counter(wanted[row][column] for row in chosen)
        checks += [Check(f"chosen, {column} {name}", ours[name], n) for name, n in counts.items()]
    there = families["T"](np.array(NANOCOMPOSITE))
    ends = zip(("lowest", "highest"), (there.min(), there.max()), READ_THERE, strict=True)
    checks += [Check(f"{end} apical distance of the nanocomposite, Å", round(float(ours), 2), value)
               for end, ours, value in ends]  # fmt: skip
    return checks


def _strained(tables: dict[str, list[Row]]) -> list[Check]:
    checks = []
    for name, published in STRAINED.items():
        rows = tables[f"dft-{name}-all"]
        ours = least_squares(columns(rows, "c", "a"), columns(rows, "cuoa")[:, 0])
        names = ("of c", "of a", "offset, Å")
        checks += [
            Check(f"DFT {name}, {part}", number, value)
            for part, number, value in zip(names, ours, published, strict=True)
        ]
    return checks


def _trends(rows: Sequence[Row], chosen: Sequence[int]) -> dict[str, float]:
    """Slopes over the apical distance, of the chosen materials above `WARM`."""
    warm = [rows[row] for row in chosen if float(rows[row]["tc"]) > WARM]
    trends = {}
    for column in ("layers", "types"):
        for name, numbers in by_group(warm, column).items():
            apical, temperature = columns([warm[k] for k in numbers], "cu-o_a", "tc").T
            trends[f"{column} {name}"] = slope(apical.tolist(), temperature.tolist())
    return trends


def lines(results: Study) -> list[str]:
    """The study as text."""
    text = ["d = alpha c + beta a* + gamma by family (table 3.1):"]
    text.append("  family    records   alpha    beta    gamma  error  left out (Å)")
    for name, one in results.families.items():
        alpha, beta = one.weights
        text.append(
            f"  {name:<8} {one.count:>8} {alpha:>7.3f} {beta:>7.3f} {one.offset:>8.3f} "
            f"{one.error:>6.3f}  {one.left_out:.3f}"
        )
    text.append("beside the published numbers:")
    for check in results.checks:
        mark = "" if check.same else "   differs"
        text.append(f"  {check.what}: {check.ours:.4g} ({check.published:.4g}){mark}")
    text.append(f"critical temperature over apical distance above {WARM:g} K, K/Å:")
    text += [f"  {name}: {value:.0f}" for name, value in results.trends.items()]
    share = results.region.empty[results.region.y >= HIGH].mean()
    inside = "lies in it" if results.region.holds(*DRAWN) else "does not lie in it"
    text.append(
        f"unexplored: {share:.0%} of the area above {HIGH:g} Å; the centre that was drawn by eye "
        f"{inside}"
    )
    return text


@printing_errors
def main(words: Sequence[str] | None = None) -> int:
    """Print the study, and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="the tables")
    parser.add_argument("--pictures", type=Path, help="folder of figures 3.1, 3.3 and 3.4")
    parser.add_argument("--style", default="light", choices=("light", "dark"))
    parser.add_argument("--json", action="store_true", help="print numbers as JSON")
    given = parser.parse_args(words)
    tables = read_tables(given.folder)
    results = study(tables)
    if given.pictures is not None:
        from matdata_recipes.cuprate_figures import draw

        draw(tables, results, given.pictures, given.style)
    if given.json:
        families = {name: asdict(one) for name, one in results.families.items()}
        checks = [{**asdict(one), "same": one.same} for one in results.checks]
        print(json.dumps({"families": families, "checks": checks, "trends": results.trends}))
    else:
        print("\n".join(lines(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
