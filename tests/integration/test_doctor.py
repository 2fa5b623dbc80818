"""``matdata doctor``: what is there, absent and broken, and what to do about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from matdata.checks import machine
from matdata.checks.cache_state import cache_state, file_system
from matdata.checks.installation import extras, kernels, requirements, versions
from matdata.cli import main
from matdata.store.locks import LOCK, holder_of, holding


def _doctor(capsys, *arguments):
    code = main(["doctor", "--json", *arguments])
    record = json.loads(capsys.readouterr().out)
    return code, record["healthy"], {(f["section"], f["name"]): f for f in record["findings"]}


@pytest.mark.slow
def test_a_sound_installation(tmp_path, capsys):
    (tmp_path / "c").mkdir()
    code, healthy, findings = _doctor(capsys, "--cache", str(tmp_path / "c"))
    assert (code, healthy) == (0, True)
    assert findings["versions", "numpy"]["state"] == "ok"
    assert findings["extras", "train"]["text"].startswith("matplotlib")
    assert findings["cache", "writable"]["state"] == "ok"
    assert findings["plugins", "trainer example"]["text"].isdigit()
    assert all(f["next_step"] for f in findings.values() if f["state"] == "broken")
    assert main(["doctor", "--cache", str(tmp_path / "none")]) == 0
    out = capsys.readouterr().out
    assert "does not exist yet" in out
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_torch_is_not_imported_unless_asked(tmp_path):
    code = (
        "import sys; from matdata.cli import main; main(['doctor', '--cache', sys.argv[1]]); "
        "sys.exit('torch' in sys.modules or 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_is_broken(tmp_path, capsys):
    tmp_path.chmod(0o500)
    code, healthy, findings = _doctor(capsys, "--cache", str(tmp_path))
    assert (code, healthy) == (1, False)
    assert findings["cache", "writable"]["next_step"]


@pytest.mark.slow
def test_a_cache_that_is_a_file_is_broken(tmp_path, capsys):
    (tmp_path / "c").write_text("no folder")
    code, healthy, findings = _doctor(capsys, "--cache", str(tmp_path / "c"))
    assert (code, healthy) == (1, False)
    assert findings["cache", "writable"]["state"] == "broken"
    assert findings["cache", "writable"]["next_step"]


def test_held_locks_and_leftovers(tmp_path):
    lock = tmp_path / "datasets" / f"{LOCK}a"
    staging = tmp_path / "features" / "x@1" / ".building-feature-0123456789abcdef"
    staging.mkdir(parents=True)
    (staging / "part").write_bytes(b"x" * 1500)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / ".part-a.csv").write_bytes(b"x")
    with holding(lock) as held:
        assert holder_of(lock) == held.holder
        findings = {(f.section, f.name): f for f in cache_state(tmp_path)}
        assert f"process {os.getpid()}" in findings["locks", f"datasets/{LOCK}a"].text
        left = findings["leftovers", "features/x@1/.building-feature-0123456789abcdef"]
        assert left.text.startswith("1.5 kB of something unfinished, perhaps")
        assert ("leftovers", "downloads/.part-a.csv") in findings
    removed = tmp_path / "features" / "x@1" / ".removing-0123abcd-ofm-01234567"
    removed.mkdir()
    (removed / "part").write_bytes(b"x" * 1500)
    findings = {(f.section, f.name): f for f in cache_state(tmp_path)}
    left = findings["leftovers", f"features/x@1/{removed.name}"]
    assert left.text == "1.5 kB of a removal that was stopped"
    assert left.next_step == "`matdata gc` finishes it"
    unfinished = findings["leftovers", "features/x@1/.building-feature-0123456789abcdef"]
    assert unfinished.next_step.endswith("else `matdata gc` removes it")
    assert holder_of(lock) is None
    assert not [f for f in cache_state(tmp_path) if f.section == "locks"]
    lock.touch()  # as other programs lock
    (finding,) = (f for f in cache_state(tmp_path) if f.section == "locks")
    assert (finding.state, finding.name) == ("broken", f"datasets/{LOCK}a")
    assert finding.text.startswith("a file, where locks are folders")
    lock.unlink()
    foreign = held.holder._replace(host="node17", machine="0123456789ab")
    lock.mkdir()
    (lock / foreign.name).touch()
    (finding,) = (f for f in cache_state(tmp_path) if f.section == "locks")
    assert finding.text == f"held by process {os.getpid()} on node17"
    assert "after 120 s without a sign of life" in finding.next_step


def test_a_broken_plugin_is_named(tmp_path, capsys, monkeypatch):
    from matdata.cli import doctor

    monkeypatch.setattr(
        doctor, "probe", lambda names: [{"kind": "trainer", "name": "x", "broken": "no module y"}]
    )
    code, healthy, findings = _doctor(capsys, "--cache", str(tmp_path))
    assert (code, healthy) == (1, False)
    assert findings["plugins", "trainer x"]["text"] == "no module y"
    assert findings["plugins", "trainer x"]["next_step"]


def test_a_driver_that_fails_and_a_torch_that_does_not_see_it(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho driver mismatch >&2\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    driver, torch = machine.accelerators(full=False)
    assert (driver.state, driver.text) == ("broken", "driver mismatch")
    assert "not imported" in torch.text
    monkeypatch.setattr(machine, "_TORCH", 'print(\'["2.9", "12.4", [], false]\')')
    _, torch = machine.accelerators(full=True)
    assert torch.state == "broken"
    assert "torch does not see it" in torch.text
    monkeypatch.setattr(machine, "_TORCH", "raise SystemExit('libcuda is missing')")
    _, torch = machine.accelerators(full=True)
    assert "libcuda is missing" in torch.text


def test_missing_packages_name_what_installs_them(monkeypatch):
    from matdata.checks import installation

    monkeypatch.setattr(installation, "version_of", lambda name: None)
    assert all(one.state == "broken" for one in versions() if one.name == "numpy")
    found = {one.name: one for one in extras()}
    assert found["train"].next_step == 'pip install "matdata[train]"'
    assert {"numpy", "pandas"} <= {*requirements()[""]}
    assert [one.state for one in kernels()] == ["note"]


def test_the_file_system_of_a_path(tmp_path):
    assert file_system(tmp_path) == file_system(tmp_path / "none" / "below")


@pytest.mark.slow
def test_all_of_it(tmp_path, capsys):
    code, healthy, findings = _doctor(capsys, "--full", "--cache", str(tmp_path))
    assert (code, healthy) == (0, True)
    assert findings["kernels", "first use"]["state"] == "ok"
    assert "imported in" in findings["gpu", "torch"]["text"]
