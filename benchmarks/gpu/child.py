"""Runs some sections in this process.

python -m gpu.child OUTPUT CACHE gpu|rehearse NAME=SECONDS …
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from gpu.crystals import Place
from gpu.facts import facts_of
from gpu.record import Record, Section

#: Exit status: where the device does not answer any more.
LOST = 3
#: Where there is none.
NO_DEVICE = 2


def main() -> int:
    """Run the sections that were asked for, one after another."""
    output, cache, kind, *sections = sys.argv[1:]
    place = Place(Path(cache), kind == "rehearse")
    record = Record(Path(output))
    device = "cpu" if place.rehearsal else "cuda"
    if place.rehearsal:
        os.environ["OMP_NUM_THREADS"] = "1"  # tiny tensors; before torch is imported
    for text in sections:
        name, _, seconds = text.partition("=")
        if name == "facts":
            record.content["facts"] = facts_of(place)
            record.save()
            if not record.content["facts"]["device"]:
                return NO_DEVICE
            continue
        section = Section(record, name, float(seconds))
        with section.timed():
            importlib.import_module(f"gpu.{name}").run(section, place, device)
        if device == "cuda" and not _answers():
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
