"""A cache that may be read alone: what is there is found, and what is not is refused at once."""

from __future__ import annotations

import json
import sys

import pytest
from support.read_only import forbid_writing, run_obeying, run_python_obeying

from matdata.cli import main

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="drops a right of Linux"),
    pytest.mark.slow,
]


#: Gaps as if they were formation energies.
HULL = ("two", "--energy", "gap/atom", "--formation")


TRAIN = ("train", "dummy", "one", "--target", "gap", "--split", "70-15-15-seed0")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    cache = tmp_path_factory.mktemp("read-only")
    table = cache.parent / "rows.csv"
    table.write_text(
        "material_id,formula,gap\n" + "".join(f"m{k},Na{k}Cl,{k}\n" for k in range(1, 60))
    )
    asked = ["build", str(table), "--features", "fractions,magpie", "--cache", str(cache)]
    for name in ("one", "two"):
        assert main([*asked, "--name", name, "--quiet", "--workers", "1"]) == 0
    assert main(["hull", *HULL, "--cache", str(cache), "--quiet"]) == 0
    assert main([*TRAIN, "--name", "mean", "--cache", str(cache), "--quiet"]) == 0
    forbid_writing(cache)
    yield cache
    for path in [cache, *cache.rglob("*")]:
        path.chmod(0o755)


def arguments(cache, *more):
    table = cache.parent / "rows.csv"
    return ["build", str(table), "--cache", str(cache), "--json", "--workers", "1", *more]


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("features", ["fractions", "fractions,magpie", "magpie,fractions"])
def test_an_unchanged_build_answers_unchanged(cache, name, features):
    done = run_obeying(arguments(cache, "--name", name, "--features", features))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unchanged"] is True


def test_an_unchanged_featurize_answers_unchanged(cache):
    done = run_obeying(["featurize", "one", "fractions", "--cache", str(cache), "--json"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unchanged"] is True


def test_an_unchanged_hull_answers_unchanged(cache):
    done = run_obeying(["hull", *HULL, "--cache", str(cache)])
    assert done.returncode == 0, done.stderr
    assert ", unchanged" in done.stdout + done.stderr


def test_a_finished_training_answers_unchanged_and_another_is_refused(cache):
    words = [*TRAIN, "--name", "mean", "--cache", str(cache)]
    done = run_obeying([*words, "--json"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unchanged"] is True
    shown = run_obeying(words)
    assert "run mean is finished, unchanged" in shown.stdout
    assert "validation of gap" in shown.stdout
    for more in (["--set", "hyper.statistic=median"], ["--name", "other"]):
        done = run_obeying([*words, *more])
        assert done.returncode == 1
        assert "cannot write to" in done.stderr or "something else" in done.stderr


def test_another_hull_is_refused_with_the_remedy(cache):
    before = sorted(cache.rglob("*"))
    for more in (("--prefix", "x_"), ("--energy", "gap/atom", "--scheme", "mine")):
        done = run_obeying(["hull", *HULL, *more, "--cache", str(cache)])
        assert done.returncode == 1
        assert f"error: cannot write to {cache}" in done.stderr
    assert sorted(cache.rglob("*")) == before


@pytest.mark.parametrize(
    "more",
    [
        ("--name", "three"),
        ("--name", "one", "--limit", "40"),
        ("--name", "one", "--features", "composition-set"),
        ("--name", "one", "--split", "60/20/20"),
    ],
    ids=["dataset", "snapshot", "feature", "split"],
)
def test_what_must_be_written_is_refused_with_the_remedy(cache, more):
    before = sorted(cache.rglob("*"))
    done = run_obeying(arguments(cache, *more))
    assert done.returncode == 1
    assert f"error: cannot write to {cache}" in done.stderr
    assert "next step: choose another folder with --cache" in done.stderr
    assert sorted(cache.rglob("*")) == before


def test_nothing_is_requested_that_cannot_be_kept(cache):
    code = (
        "import sys, pathlib; from matdata.sources.download import Remote, fetch; "
        "fetch(Remote('http://127.0.0.1:1/x.csv', 'x.csv'), pathlib.Path(sys.argv[1]))"
    )
    done = run_python_obeying(["-c", code, str(cache)])
    assert f"StoreError: cannot write to {cache}" in done.stderr
