"""Schedulers by the names that a user types."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.executors import InCaller

from matdata.adapters.schedulers import workers_on
from matdata.core.errors import ConfigError, MatdataError
from matdata.core.executors import ordered_map
from matdata.core.scheduler_names import check_scheduler


@pytest.mark.parametrize("name", [None, "threads", "processes", "dask", "tcp://10.0.0.7:8786",
                                  "tls://node-1.lab:8786", "tcp://[fe80::1]:8786"])  # fmt: skip
def test_names_of_schedulers(name):
    check_scheduler(name)


@pytest.mark.parametrize(
    "name",
    ["", "thread", "slurm", "10.0.0.7:8786", "tcp://host", "tcp://me:secret@host:1", "tcp://h:1/x"],
)
def test_what_is_no_scheduler_is_refused(name):
    with pytest.raises(ConfigError, match="unknown scheduler") as refused, workers_on(name):
        pass
    assert "tcp://host:port" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("name", "kind"), [("threads", "thread"), ("processes", "process")])
def test_workers_of_this_machine_are_of_the_kind_that_is_named(name, kind):
    with workers_on(name, 3) as workers:
        assert (workers.count, workers.kind, workers.executor) == (3, kind, None)


def test_the_kind_that_is_named_wins_over_that_of_a_stage():
    with workers_on("threads", 2) as workers:  # processes could not be handed a lambda
        assert list(ordered_map(lambda k: k + 1, range(3), workers, "process")) == [1, 2, 3]


def test_a_scheduler_and_an_executor_are_two():
    with pytest.raises(ConfigError, match="leave out one"), workers_on("threads", 1, InCaller()):
        pass


@pytest.mark.slow
def test_patience_is_a_number(monkeypatch):
    monkeypatch.setenv("MATDATA_WORKER_PATIENCE", "soon")
    with pytest.raises(ConfigError, match="'soon'; expected seconds"), workers_on("dask"):
        pass


@pytest.mark.slow
def test_dask_is_imported_when_it_is_asked_for_and_named_where_it_is_missing():
    script = """
import sys
from matdata.core.packages import MissingPackageError
from matdata.adapters.schedulers import workers_on
import matdata.building.pipeline, matdata.cli.arguments

with workers_on("threads", 2):
    assert not {"dask", "distributed"} & {*sys.modules}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("dask", "distributed"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
try:
    with workers_on("tcp://localhost:1"):
        pass
except MissingPackageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 'pip install "matdata[dask]"' in done.stdout, done.stderr


@pytest.mark.slow
def test_a_cluster_of_this_machine_whose_workers_never_start_is_given_up(monkeypatch):
    dask = pytest.importorskip("matdata.adapters.dask")
    monkeypatch.setattr(dask.LocalCluster, "scale", lambda cluster, n: None)
    monkeypatch.setattr(dask, "POLL", 0.1)
    with (
        dask.local_cluster(1, 0.5) as executor,
        pytest.raises(MatdataError, match="has had no worker for"),
    ):
        executor.submit(abs, -1).result()
