"""Trainings in processes of their own: killed, two at once, and without chemistry packages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support.runs import QUICK, TARGET, equal, train, weights

from matdata.store.safetensors import read_tensors
from matdata.training import data

pytestmark = pytest.mark.slow

REFUSED = {
    *("pymatgen", "ase", "matminer", "mp_api", "moyopy", "spglib", "sklearn", "pydantic"),
    *("safetensors", "matplotlib"),
}


@pytest.mark.parametrize("ensemble", ["1", "3"])
def test_a_killed_training_ends_in_the_same_bytes(cache, ensemble, tmp_path):
    settings = ["--epochs", "80", "--ensemble", ensemble, "--set", "train.schedule=cosine"]
    settings += ["--threads", "1", "--clip", "1"]
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "a"]
    command = [sys.executable, "-m", "matdata.cli", *arguments, *settings, "--quiet"]
    command += ["--set", "train.checkpoint_seconds=0"]
    process = subprocess.Popen([*command, "--cache", str(cache)])
    log = cache / "runs" / "a" / "log.jsonl"
    while process.poll() is None and not (log.exists() and log.read_text().count("\n") >= 5):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the training was over before it was killed"
    last = read_tensors(cache / "runs" / "a" / "last.safetensors")[1]
    assert 0 < last["progress"]["epoch"] < 80
    # the rest in this process, against an uninterrupted one
    assert train(cache, *settings) == 0
    assert train(cache, *settings, name="whole") == 0
    for file in ("best", "last"):
        equal(weights(cache, "a", file), weights(cache, "whole", file))
    best = [cache / "runs" / name / "best.safetensors" for name in ("a", "whole")]
    assert best[0].read_bytes() == best[1].read_bytes()
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 81))


KILLED = """
import functools, os, signal, sys
from matdata.cli import main
from matdata.training import data
from matdata.training import fit_networks as job

def killed(loop, folder, run, save=job.save_checkpoint):
    save(loop, folder, run)
    if (loop.progress.epoch, loop.progress.batch) == (1, 5):
        os.kill(os.getpid(), signal.SIGKILL)

job.save_checkpoint = killed
data.make_loader = functools.partial(data.make_loader, window=24)
main(sys.argv[1:])
"""


@pytest.mark.parametrize("mode", ["ram", "stream"])
def test_a_training_killed_inside_an_epoch_ends_in_the_same_bytes(cache, mode, monkeypatch):
    """Columns in memory, or read window by window; against a training with resident columns."""
    more = ["--epochs", "3", "--batch-size", "8", "--threads", "1"]
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "a"]
    command = [sys.executable, "-c", KILLED, *arguments, *more, "--cache", str(cache), "--quiet"]
    command += ["--set", "train.checkpoint_seconds=0", "--set", f"train.loader={mode}"]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    _, last = read_tensors(cache / "runs" / "a" / "last.safetensors")
    assert (last["progress"]["epoch"], last["loader"]["position"]) == (1, 5)
    assert last["progress"]["batch"] == 5
    made = []

    def make_loader(*given, make=data.make_loader, **options):
        made.append(make(*given, window=24, **options))
        return made[-1]

    monkeypatch.setattr(data, "make_loader", make_loader)
    for name, chosen in (("a", mode), ("whole", "resident")):
        assert train(cache, *more, "--set", f"train.loader={chosen}", name=name) == 0
    assert {loader.mode for loader in made} == {mode, "resident"}
    best = [cache / "runs" / name / "best.safetensors" for name in ("a", "whole")]
    assert best[0].read_bytes() == best[1].read_bytes()
    equal(weights(cache, "a", "last"), weights(cache, "whole", "last"))


SCARCE = """
import sys
from matdata.cli import main
from matdata.core import memory_limit

most = []

def free():
    held = memory_limit.own_memory().held
    most.append(held + (16 << 20))  # the first one counts: when the training begins
    return max(0, most[0] - held)

memory_limit.memory_free = free
memory_limit.swap_free = lambda: 0
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone limits what a process maps")
def test_a_training_without_enough_memory_keeps_its_checkpoint_and_goes_on_with_more(cache):
    more = ["--threads", "1", "--set", "hyper.width=20000"]
    assert train(cache, *more, "--epochs", "1") == 0
    before = (cache / "runs" / "a" / "last.safetensors").read_bytes()
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "a"]
    command = [sys.executable, "-c", SCARCE, *arguments, *more, "--epochs", "3"]
    done = subprocess.run([*command, "--cache", str(cache)], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "the memory of this machine does not suffice" in done.stderr
    assert "batch_size" in done.stderr
    assert "the last checkpoint is whole, and the same command goes on from it" in done.stderr
    assert "Traceback" not in done.stderr
    assert (cache / "runs" / "a" / "last.safetensors").read_bytes() == before
    for name in ("a", "whole"):
        assert train(cache, *more, "--epochs", "3", name=name) == 0
    for file in ("best", "last"):
        equal(weights(cache, "a", file), weights(cache, "whole", file))


def test_two_processes_equal_one_with_the_whole_batch(cache, tmp_path):
    more = ["--epochs", "3", "--batch-size", "20", "--clip", "1", "--threads", "1"]
    assert train(cache, *more, name="one") == 0
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "two"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command = [*launch, "-m", "matdata.cli", *arguments, *more, "--cache", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("  epoch 3:") == 1, "one process speaks"
    one, two = weights(cache, "one"), weights(cache, "two")
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-5)
    logs = [
        json.loads((cache / "runs" / name / "log.jsonl").read_text().splitlines()[-1])
        for name in ("one", "two")
    ]
    assert logs[0]["train_loss"] == pytest.approx(logs[1]["train_loss"], rel=1e-4)
    assert done.stdout.count("next: ") == done.stdout.count("validation of ") == 1
    # both go on from the checkpoint that the first one wrote
    command[command.index("--epochs") + 1] = "5"
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert train(cache, *more[2:], "--epochs", "5", name="one") == 0
    one, two = weights(cache, "one"), weights(cache, "two")
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-5)


def test_a_process_that_fails_does_not_wait_for_the_others(cache, tmp_path):
    """One that does would wait for these, and they for its gradients, until a timeout."""
    assert train(cache, "--epochs", "1") == 0
    broken = """
import os, sys
from matdata.cli import main
from matdata.core.errors import TrainError
from matdata.training import fit_networks

def failing(loop, folder, runs, load=fit_networks.load_checkpoint):
    if os.environ["RANK"] == "1":
        raise TrainError("the second process fails")
    return load(loop, folder, runs)

fit_networks.load_checkpoint = failing
sys.exit(main(sys.argv[1:]))
"""
    script = tmp_path / "broken.py"
    script.write_text(broken)
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "a"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command = [*launch, str(script), *arguments, "--epochs", "3", "--threads", "1"]
    command += ["--cache", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode != 0
    assert "the second process fails" in done.stderr


def test_training_needs_no_chemistry(cache):
    """A GPU node has torch, NumPy, pandas, pyarrow, h5py and numba."""
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", *QUICK]
    arguments += ["--cache", str(cache), "--name", "a", "--quiet"]
    script = f"""
import json, sys
from matdata.cli import main
assert main({arguments}) == 0
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & REFUSED == set()
