"""`benchmarks/gpu/run.sh`: rehearsed on a CPU, on a machine that has few packages and no plugin."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from support.bare import bare_machine

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu" / "run.sh"
PLUGINS = (
    *("alignn", "cgcnn", "crabnet", "elemnet", "example", "finder", "geocgnn", "lgdcnn"),
    *("megnet", "ocrystalnet", "ogcnn", "quotient", "rescnn", "roost", "schnet", "wren"),
)
#: Sections in which each plugin has results, and those in which a few have.
ALL, FEW = ("steps", "waits"), ("exact", "speed", "members")


@pytest.fixture
def gpu(monkeypatch):
    """The script's modules."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield lambda name: importlib.import_module(f"gpu.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "gpu"]:
        del sys.modules[name]


def _started(output: Path, *arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(path)}
    return subprocess.run(
        [str(SCRIPT), "--output", str(output), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=290,
        check=False,
    )


@pytest.mark.slow
def test_the_rehearsal_passes_with_few_packages(tmp_path):
    done = _started(tmp_path / "out", "--rehearse", path=bare_machine(tmp_path / "site"))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    sections = {entry["name"]: entry["checks"] for entry in results["sections"]}
    failed = [one for checks in sections.values() for one in checks if one["status"] == "failed"]
    assert not failed, failed
    assert done.returncode == 0, done.stderr
    assert "CPU" in results["facts"]["device"]
    assert done.stdout.endswith("0 missed\n")
    assert (tmp_path / "out" / "table.txt").read_text() in done.stdout
    for name in PLUGINS:
        for section in ALL:
            own = [one for one in sections[section] if name in one["name"].split()]
            assert any(one["status"] == "passed" for one in own), (section, name)
    for section in FEW:
        assert any(one["status"] in ("passed", "measured") for one in sections[section])
    skipped = {
        (section, one["name"]): one["reason"]
        for section, checks in sections.items()
        for one in checks
        if one["status"] == "skipped"
    }
    assert "time" not in " ".join(skipped.values()).replace("takes minutes", "")
    assert (
        skipped["loaders", "graphs, PyG with pinned workers"] == "torch_geometric is not installed"
    )
    assert (
        skipped["data", "space-group"]
        == "moyopy is not installed; it is needed for the feature space-group"
    )
    assert skipped["loaders", "formulas, aviary"] == "aviary is not installed"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.slow
def test_without_a_gpu_it_says_so(tmp_path):
    done = _started(tmp_path, path=tmp_path)
    assert done.returncode == 2
    assert "there is no GPU; --rehearse" in done.stderr


@pytest.mark.parametrize(("option", "wrong"), [("--only", "froms"), ("--plugins", "Roost")])
def test_a_section_or_plugin_that_there_is_not_is_refused(tmp_path, option, wrong):
    done = _started(tmp_path, "--rehearse", option, wrong, path=tmp_path)
    assert done.returncode == 2
    assert f"invalid choice: '{wrong}'" in done.stderr
    assert not (tmp_path / "results.json").exists()


def test_orbits_of_the_crystals_are_those_that_are_found(gpu, tmp_path):
    import matdata as md

    crystals = gpu("crystals")
    path = tmp_path / "ideal.jsonl"
    records = crystals.drawn(40, moved=0.0)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    made = md.build(path, features=["wyckoff"], cache=tmp_path, workers=1, dedupe="none", name="i")
    feature = made.feature("wyckoff")
    fields = feature.arrays.read(["elements", "positions"])
    species = crystals._species(made.crystals)
    found: dict[str, set[frozenset[tuple[int, int]]]] = {}
    for k, name in enumerate(made.ids.tolist()):
        kinds = {number: kind for kind, number in species[k].items()}
        pairs = zip(fields["elements"][k], fields["positions"][k], strict=True)
        orbits = frozenset((kinds[int(number)], int(row)) for number, row in pairs)
        found.setdefault(name.partition("-")[0], set()).add(orbits)
    assert found.keys() == crystals.PROTOTYPES.keys()
    for name, prototype in crystals.PROTOTYPES.items():
        assert frozenset(prototype.orbits) in found[name]


def test_a_check_is_written_down_whatever_it_does(gpu, tmp_path):
    record = gpu("record")
    kept = record.Record(tmp_path)
    section = record.Section(kept, "one", 100.0)
    section.check("good", lambda: {"number": 2.0})
    section.check("wrong", lambda: record.require(False, "3 in place of 4"))
    section.check("broken", lambda: 1 / 0)

    def absent():
        raise record.Skip("aviary is not installed")

    section.check("absent", absent)
    section.check("slow", lambda: record.aimed(3.0, 2.0, True, "at most 2x"))
    record.Section(kept, "two", 0.0).check("late", lambda: None)
    sections = record.Record(tmp_path).content["sections"]
    checks = [one for entry in sections for one in entry["checks"]]
    assert [one["status"] for one in checks] == [
        *("passed", "failed", "failed", "skipped", "missed", "skipped")
    ]
    assert "ZeroDivisionError" in checks[2]["trace"]
    text = record.table(kept.content)
    assert "3 in place of 4" in text
    assert "aim: at most 2x" in text
    assert kept.count("failed") == 2


def test_what_differs_from_the_cpu_is_seen(gpu):
    leaves, record = gpu("leaves"), gpu("record")
    wanted = torch.linspace(0.0, 1.0, 5)
    assert leaves.same(wanted.clone(), wanted, "x") == 0.0
    for wrong in (wanted + 1e-3, wanted.double(), wanted[:4], wanted * torch.nan):
        with pytest.raises(record.CheckError, match="x "):
            leaves.same(wrong, wanted, "x")
    whole = torch.arange(3)
    with pytest.raises(record.CheckError, match="differs"):
        leaves.same(whole + 1, whole, "whole")


def test_a_process_that_dies_takes_one_section_with_it(gpu, tmp_path, monkeypatch):
    run, record = gpu("run"), gpu("record")
    calls = []

    def child(options, here, sections, limit):
        calls.append([name for name, _ in sections])
        kept = record.Record(tmp_path)
        for name, _ in sections:
            kept.section(name)
            kept.save()
            if name == "modes":
                return -11
        return 0

    monkeypatch.setattr(run, "_child", child)
    options = type("Options", (), {"output": tmp_path})()
    run._group(options, tmp_path, [("forms", 1.0), ("modes", 1.0), ("waits", 1.0)], 60.0)
    assert calls == [["forms", "modes", "waits"], ["waits"]]
    checks = {
        entry["name"]: entry["checks"] for entry in record.Record(tmp_path).content["sections"]
    }
    assert checks["modes"][0]["status"] == "failed"
    assert "-11" in checks["modes"][0]["reason"]
    assert not checks["waits"]


def test_plugins_of_the_checkout_are_registered_as_if_installed(gpu, tmp_path, monkeypatch):
    import importlib.metadata as metadata

    at_hand = gpu("at_hand")

    def none(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(at_hand.importlib.metadata, "distribution", none)
    paths = at_hand.register(tmp_path)
    assert {path.name for path in paths[1:]} == {p.name for p in (ROOT / "plugins").iterdir()}
    names = {
        point.name
        for found in metadata.distributions(path=[str(tmp_path)])
        for point in found.entry_points
        if point.group == "matdata.trainers"
    }
    assert names >= set(PLUGINS)


def test_sites_of_crystals_are_moved_and_reproducible(gpu):
    crystals = gpu("crystals")
    one, other = crystals.drawn(5), crystals.drawn(5)
    assert one == other
    ideal = crystals.drawn(5, moved=0.0)
    off = np.array(one[0]["atoms"]["coords"]) - np.array(ideal[0]["atoms"]["coords"])
    assert np.abs(off).max() > 0
