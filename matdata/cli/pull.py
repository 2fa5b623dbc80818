"""``matdata pull URL`` and ``matdata pull REF``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from matdata.cli.common import cache_of, console_of, print_json, print_line
from matdata.cli.push import choice_of
from matdata.core.printable import human_bytes
from matdata.sharing.install import Pulled
from matdata.sharing.workflow import pull_artefacts


def run(given: argparse.Namespace) -> int:
    """Pull artefacts into the cache; what is there already does not come again."""
    cache, console = cache_of(given), console_of(given)
    print_pulled(pull_artefacts(given.what, choice_of(given), given.workers, cache, console), given)
    return 0


def print_pulled(pulled: Sequence[Pulled], given: argparse.Namespace, word: str = "pulled") -> None:
    """Print what became of each artefact; `word` says how those came that were not there."""
    received = sum(one.received for one in pulled)
    if given.json:
        artefacts = [
            {
                "ref": one.ref,
                "kind": one.kind,
                "folder": str(one.folder),
                "state": one.state,
                "files": one.files,
                "bytes": one.size,
                "received_bytes": one.received,
            }
            for one in pulled
        ]
        unchanged = all(one.state == "unchanged" for one in pulled)
        print_json({"artefacts": artefacts, "received_bytes": received, "unchanged": unchanged})
    elif not given.quiet:
        for one in pulled:
            state = word if one.state == "pulled" else one.state
            print_line(f"{state} {one.kind} {one.ref}, {human_bytes(one.size)}")
        print_line(f"{human_bytes(received)} {'received' if word == 'pulled' else word}")
