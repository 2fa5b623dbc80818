"""Runs some sections in this process: ``python -m gpu.child OUTPUT CACHE gpu|rehearse NAME=SECONDS``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from gpu.crystals import Place
from gpu.record import Record, Section

#: Exit status where the device does not answer any more.
LOST = 3


def main() -> int:
    """Run the sections that were asked for, one after another."""
    output, cache, kind, *sections = sys.argv[1:]
    place = Place(Path(cache), kind == "rehearse")
    record = Record(Path(output))
    device = "cpu" if place.rehearsal else "cuda"
    if [name.partition("=")[0] for name in sections] == ["facts"]:
        from gpu.facts import facts_of

        facts = facts_of(place, device)
        record.content["facts"] = facts
        record.save()
        return 0 if facts["device"] else 2
    for text in sections:
        name, _, seconds = text.partition("=")
        section = Section(record, name, float(seconds))
        with section.timed():
            module = importlib.import_module(f"gpu.{name}")
            module.run(section, place, device)
        if device == "cuda" and name != "data" and not _answers():
            return LOST
    return 0


def _answers() -> bool:
    import torch

    try:
        torch.cuda.synchronize()
    except RuntimeError as error:
        print(f"the device does not answer: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
