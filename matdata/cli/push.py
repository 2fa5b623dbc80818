"""``matdata push REF URL``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, console_of, print_json, print_line
from matdata.core.documents import JsonObject
from matdata.core.printable import human_bytes
from matdata.sharing.references import Choice
from matdata.sharing.workflow import names_of, push_artefacts


def run(given: argparse.Namespace) -> int:
    """Push artefacts; what is there already is not sent again."""
    from matdata.sharing.address import address_of

    choice = choice_of(given)
    done = push_artefacts(
        given.ref, given.url, choice, given.check, given.workers, cache_of(given), console_of(given)
    )
    artefacts: list[JsonObject] = [
        {
            "ref": one.ref,
            "kind": one.kind,
            "state": one.state,
            "files": one.files,
            "bytes": one.size,
            "sent_files": one.sent_files,
            "sent_bytes": one.sent,
        }
        for one in done
    ]
    sent = sum(one.sent for one in done)
    if given.json:
        url = str(address_of(given.url))
        unchanged = all(one.state == "unchanged" for one in done)
        record = {"url": url, "artefacts": artefacts, "sent_bytes": sent, "unchanged": unchanged}
        print_json(record)
    elif not given.quiet:
        for one in done:
            print_line(f"{one.state} {one.kind} {one.ref}, {human_bytes(one.size)}")
        print_line(f"{human_bytes(sent)} sent to {address_of(given.url)}")
    return 0


def choice_of(given: argparse.Namespace) -> Choice:
    """What goes with what was named."""
    return Choice(names_of(given.features), names_of(given.splits), given.snapshot, given.alone)
