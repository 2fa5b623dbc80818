"""``matdata import-run IMPORTER:PLACE --name NAME``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, console_of, print_json
from matdata.core.elements import symbols
from matdata.core.packages import need_torch
from matdata.core.units import with_unit

#: Arguments that are fields of a request.
FIELDS = ("name", "target", "unit", "dataset", "split", "licence", "citation", "description")


def run(given: argparse.Namespace) -> int:
    """Make a run of published weights."""
    need_torch()
    from matdata.training.import_run import ImportRequest, import_run

    asked = {name: getattr(given, name) for name in FIELDS}
    run = import_run(ImportRequest(source=given.source, **asked), cache_of(given))
    imported, (target,) = run.imported or {}, run.schema.targets
    elements = [symbols()[number] for number in run.elements or ()]
    console = console_of(given)
    console.say(
        f"run {run.name}: {run.trainer.name} predicts {with_unit(target.name, target.unit)} for "
        f"crystals of {len(elements)} elements" + ("; unchanged" if run.unchanged else "")
    )
    licence = imported.get("licence")
    console.say(f"  licence of the weights: {licence or 'not known; --licence records it'}")
    console.say(f"next: `matdata predict {run.name} FILE`")
    if given.json:
        print_json(
            {
                "run": run.name,
                "folder": str(run.folder),
                "plugin": run.trainer.name,
                "target": target.name,
                "unit": target.unit,
                "elements": elements,
                "imported": imported,
                "unchanged": run.unchanged,
            }
        )
    return 0
