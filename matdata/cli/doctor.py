"""``matdata doctor``: exit code 1 if something does not work, with the next step of each."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator

from matdata.checks.cache_state import cache_state
from matdata.checks.finding import Finding
from matdata.checks.installation import extras, kernels, versions
from matdata.checks.machine import accelerators, compiled_kernel, processor
from matdata.cli.common import cache_of, print_json, print_line
from matdata.cli.plugin_probe import probe, registries
from matdata.core.exit_codes import ExitCode
from matdata.core.offers import UNINSTALL

MARKS = {"ok": "ok", "note": "note", "broken": "BROKEN"}


def run(given: argparse.Namespace) -> int:
    """Print what is there, what is absent, and what is broken."""
    findings = []
    for finding in _findings(given):
        findings.append(finding)
        if not given.json and not (given.quiet and finding.state == "ok"):
            _print(finding)
    broken = [one for one in findings if one.state == "broken"]
    if given.json:
        print_json({"healthy": not broken, "findings": [one.to_json() for one in findings]})
    else:
        print_line(f"{len(broken)} broken" if broken else "all that is installed works")
    return ExitCode.FAILED if broken else ExitCode.DONE


def _findings(given: argparse.Namespace) -> Iterator[Finding]:
    yield from itertools.chain(versions(), extras(), kernels())
    if given.full:
        yield from compiled_kernel()
    yield from itertools.chain(processor(), accelerators(given.full), cache_state(cache_of(given)))
    yield from _plugins()


def _plugins() -> Iterator[Finding]:
    """Plugins with their versions; each is imported, in a process of its own."""
    names = [(kind, name) for kind, one in registries().items() for name in one.plugins()]
    for plugin in probe(names):
        name = f"{plugin['kind']} {plugin['name']}"
        broken = plugin.get("broken")
        if broken:
            yield Finding("plugins", name, "broken", str(broken), UNINSTALL)
        else:
            yield Finding("plugins", name, "ok", str(plugin.get("version", "registered")))
    faults = {fault for one in registries().values() for fault in one.faults()}
    for fault in sorted(faults, key=str):
        yield Finding("plugins", fault.maker, "broken", fault.what, fault.next_step)


def _print(finding: Finding) -> None:
    name = f"{finding.section}: {finding.name}"
    print_line(f"{MARKS[finding.state]:<7} {name}: {finding.text}")
    if finding.next_step and finding.state != "ok":
        print_line(f"        next step: {finding.next_step}")
