"""Distributions that are broken in every way are installed, and all commands go on working."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from support.distributions import CLASSES, install, whole

pytestmark = pytest.mark.slow

TARGET = "ewald_energy_per_atom"
GROUPS = ("trainers", "featurizers", "sources")
KINDS = {"trainers": "plugins", "featurizers": "features", "sources": "sources"}
LIMIT = 3
CODE = {
    "exits": "import sys; sys.exit(0)",
    "ends": "import os; os._exit(7)",
    "hangs": "import time\nwhile True: time.sleep(1)",
    "hangs-in-c": "import threading; threading.Lock().acquire(); lock = threading.Lock()\n"
    "lock.acquire(); lock.acquire()",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "raises": "raise BaseException('\x1b[2J\\nno')",
    "recurses": "def f(): return f()\nf()",
    "overflows": "import sys; sys.setrecursionlimit(10**8)\n"
    "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().a",
    "prints": "print('{}'); import os; os.write(1, b'{}\\n'); raise ValueError('printed')",
    "function": "def Thing(): pass",
    "instance": "Thing = object()",
    "not-there": "",
}
TOLD = {
    "exits": "SystemExit: 0",
    "ends": "its import ends the process with exit code 7",
    "hangs": f"its import did not return within {LIMIT} s",
    "hangs-in-c": f"its import did not return within {LIMIT} s",
    "crashes": "its import kills the process (SIGSEGV)",
    "raises": "BaseException: ",
    "recurses": "RecursionError",
    "overflows": "",
    "prints": "ValueError: printed",
    "function": "expected a subclass of",
    "instance": "expected a subclass of",
    "not-there": "has no attribute 'Thing'",
}
assert CODE.keys() == TOLD.keys()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of the path with a broken distribution for each way and group."""
    folder = tmp_path_factory.mktemp("site")
    for group in GROUPS:
        for fault, code in CODE.items():
            module = f"bad_{group}_{fault.replace('-', '_')}"
            install(folder, module, {group: {f"{fault}": f"{module}:Thing"}}, code)
        good = f"{group}_good"
        point = {group: {"good": f"{good}:{CLASSES[group]}"}}
        install(folder, good, point, "print('loud')\n" + whole(group, "good"))
        for name in ("first", "second"):
            point = {group: {"twice": f"{group}_{name}:{CLASSES[group]}"}}
            install(folder, f"{group}_{name}", point, whole(group, "twice", version=name))
        odd = {"": "a:b", "x\x1b[2J": "a:b", "no-colon": "module", "two words": "a:b"}
        install(folder, f"odd_{group}", {group: odd})
    own = {"sources": {"sample": "bad:Sample", "files": "bad:Files"}, "featurizers": {"ofm": "b:C"}}
    install(folder, "shadow", own)
    install(folder, "garbled", {})
    garbled = "[matdata.trainers]\nno equals\n[matdata.sources]\nno equals\n"
    (folder / "garbled-1.0.dist-info" / "entry_points.txt").write_text(garbled)
    install(folder, "nameless", {"trainers": {"nameless": "nameless:Thing"}})
    (folder / "nameless-1.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe\x00")
    return folder


@pytest.fixture(scope="module")
def command(site, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")

    def run(*words, code=0, **more):
        done = subprocess.run(
            [sys.executable, "-m", "matdata.cli", *words, "--cache", str(cache)],
            env={**os.environ, "PYTHONPATH": str(site), **more},
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        for text in (done.stdout, done.stderr):
            assert "\x1b" not in text
        return done

    words = ("--features", "fractions,good", "--workers", "2", "--name", "s")
    run("build", "sample:40", *words)
    return run


def test_a_build_uses_the_own_source_and_features(command):
    built = json.loads(command("build", "sample:30", "--features", "ofm", "--json").stdout)
    assert built["dataset"].startswith("sample")
    command("build", "twice:x", code=1)
    done = command("build", "exits", code=1)
    assert "source 'exits' of bad_sources_exits 1.0 (bad_sources_exits:Thing) fails on imp" in (
        done.stderr
    )
    command("build", "sample:20", "--features", "crashes-not", code=1)


def test_commands_that_ask_for_no_plugin_know_nothing_of_them(command):
    for words in (["list"], ["info", "s"], ["runs"], ["verify"], ["--help"], ["split", "s"]):
        done = command(*words)
        assert "bad_" not in done.stdout + done.stderr


def test_another_plugin_trains_and_its_run_predicts(command):
    command("train", "good", "s", "--target", TARGET, "--name", "r")
    told = command("predict", "r", "NaCl", "--json")
    (row,) = json.loads(told.stdout)["predictions"]  # what the plugin prints is no part of it
    assert row[f"prediction_{TARGET}_mean"] is not None
    assert "loud" in told.stderr
    command("evaluate", "r", "--no-pictures")
    done = command("train", "exits", "s", "--target", TARGET, code=1)
    assert "fails on import: SystemExit: 0" in done.stderr


def test_a_name_of_two_is_used_when_one_is_preferred_and_its_run_stays_with_it(command):
    words = ("train", "twice", "s", "--target", TARGET, "--name", "t")
    done = command(*words, code=1)
    assert "both register trainer 'twice'; neither is used" in done.stderr
    assert "set MATDATA_PLUGINS=trainers_" in done.stderr
    command(*words, MATDATA_PLUGINS="trainers_second")
    command("predict", "t", "NaCl")


def test_plugins_tells_what_is_wrong_and_never_hangs(command):
    start = time.monotonic()
    told = json.loads(command("plugins", "--json", "--timeout", str(LIMIT)).stdout)
    assert time.monotonic() - start < 200
    for group, key in KINDS.items():
        found = {plugin["name"]: plugin for plugin in told[key]}
        for fault, text in TOLD.items():
            assert text in found[fault]["broken"], fault
            module = f"bad_{group}_{fault.replace('-', '_')}"
            assert found[fault]["distribution"] == f"{module} 1.0"
        assert "broken" not in found["good"]
    assert "broken" not in {p["name"]: p for p in told["plugins"]}["example"]
    problems = {(one["kind"], one["name"]): one["what"] for one in told["problems"]}
    assert "matdata's own is used" in problems["source", "sample"]
    assert "matdata's own is used" in problems["source", "files"]
    assert "matdata's own is used" in problems["feature", "ofm"]
    for kind in ("trainer", "feature", "source"):
        assert "neither is used" in problems[kind, "twice"]
        assert "expected module:class" in problems[kind, "no-colon"]
        assert "that cannot be requested" in problems[kind, "x\x1b[2J"]
        assert "that cannot be requested" in problems[kind, "two words"]
    garbled = [one for one in told["problems"] if "garbled-1.0.dist-info" in one["what"]]
    assert ["cannot be read" in one["what"] for one in garbled] == [True]  # told once
    lines = command("plugins", "--timeout", str(LIMIT)).stdout
    assert "exits: broken: trainer 'exits' of bad_trainers_exits 1.0" in lines
    assert "problem: shadow 1.0 registers source 'sample', a name of matdata's own;" in lines


def test_one_that_hangs_is_an_error_of_its_own_name(command):
    done = command("plugins", "hangs", "--timeout", "1", code=1)
    assert "hangs: broken: its import did not return within 1 s (trainer of bad_tr" in done.stderr
    assert command("plugins", "good").stdout.startswith("good 1: the mean")
