"""Which precursors? Exact sets on the published folds of text-mined syntheses.

python -m matdata_recipes.precursor_folds --from random_cv1.json.gz random_cv2.json.gz

Each file holds a `train` and a `test` object of products, each with the sets of precursors that are
reported for it; a set counts if it is one of these, exactly. Printed are the share of the test
products of which a reported set is the first, or among the first five, for the ranking of
`matdata precursors` and for the most frequent precursor of each element; over all test products,
and over those whose composition is not in the train part under another formula.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matdata_reaction_graph.precursors.ranking import APART, PrecursorRanking, top_shares
from matdata_reaction_graph.precursors.records import Product, products_of

from matdata.core.errors import SourceError
from matdata_recipes.script import printing_errors

TOPS = (1, 5, 10)


def read_fold(path: Path) -> tuple[list[Product], list[Product], int]:
    """Products of the train and of the test part, and how many test products cannot be read.

    Raises
    ------
    SourceError
        If the file is no such fold.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            fold = json.load(file)
        rows = {
            part: [(formula, chosen) for formula, sets in fold[part].items() for chosen in sets]
            for part in ("train", "test")
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise SourceError(
            f"{path} is no fold of syntheses: {error}",
            next_step="name files of gzipped JSON with the keys train and test",
        ) from error
    train, _ = products_of(rows["train"])
    test, unread = products_of(rows["test"])
    return train, test, len(unread)


def scored(path: Path, apart: str, members: int) -> dict[str, Any]:
    """Shares of one fold; test products that cannot be read count as wrong."""
    train, test, unread = read_fold(path)
    ranking = PrecursorRanking(train, apart, members)
    ranked, frequent = ranking.rank(test, max(TOPS)), ranking.baseline(test)
    known = {one.key for one in train}
    new = [place for place, one in enumerate(test) if one.key not in known]
    read = len(test) / (len(test) + unread)
    of_new = top_shares([test[p] for p in new], [ranked[p] for p in new], TOPS)
    return {
        "file": path.name,
        "train": len(train),
        "test": len(test) + unread,
        "unread": unread,
        "new": len(new),
        "ranking": {k: read * share for k, share in top_shares(test, ranked, TOPS).items()},
        "of_new": of_new,
        "frequent": read * top_shares(test, frequent, (1,))[1],
    }


def line(found: dict[str, Any]) -> str:
    """One fold as text."""
    ranking, of_new = (
        ", ".join(f"top {k} {share:.1%}" for k, share in found[name].items())
        for name in ("ranking", "of_new")
    )
    return (
        f"{found['file']}: {found['train']:,} to learn from, {found['test']:,} to test\n"
        f"  ranking: {ranking}\n"
        f"  ranking, the {found['new']:,} of another composition: {of_new}\n"
        f"  most frequent precursor of each element: top 1 {found['frequent']:.1%}"
    )


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Score the folds and print their mean."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="files", nargs="+", required=True, type=Path)
    parser.add_argument("--apart", choices=APART, default="formula")
    parser.add_argument("--members", type=int, default=1, help="networks that are averaged")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the shares")
    given = parser.parse_args(arguments)
    results = []
    for path in given.files:
        results.append(scored(path, given.apart, given.members))
        print(line(results[-1]), flush=True)
    for name in ("ranking", "of_new"):
        means = {k: statistics.fmean(one[name][k] for one in results) for k in TOPS}
        print(f"mean, {name}: " + ", ".join(f"top {k} {mean:.1%}" for k, mean in means.items()))
    base = statistics.fmean(one["frequent"] for one in results)
    print(f"mean, most frequent: top 1 {base:.1%}")
    if given.json:
        text = json.dumps({"apart": given.apart, "folds": results}, indent=1)
        given.json.write_text(f"{text}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
