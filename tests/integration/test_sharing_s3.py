"""Push to and pull from a server that speaks S3, in good and in bad weather."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.faulty_proxy import proxied

import matdata as md
from matdata.cli import main
from matdata.sharing import retrying

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
KEY, SECRET = "SENTINELKEY0123456", "Sentinel/Secret+0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_log_of_the_server(caplog):
    caplog.set_level("ERROR", "werkzeug")


@pytest.fixture(scope="module")
def server():
    """``host:port`` of a server that speaks S3."""
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    yield "{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def proxy(server, monkeypatch):
    """What clients see of it: a proxy with weather."""
    with proxied(server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setattr(retrying, "PAUSE", 0.01)
        yield proxy


@pytest.fixture
def bucket(proxy, tmp_path):
    """The address of a bucket of its own."""
    import s3fs

    name = f"b{abs(hash(tmp_path)):x}"
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(name)
    proxy.requests.clear()
    return f"s3://{name}/lab"


@pytest.fixture
def cache(tmp_path):
    """A cache with datasets, splits, features and a run."""
    copy = Path(shutil.copytree(GOLDEN, tmp_path / "cache"))
    shutil.rmtree(copy / "files")
    return copy


def whole(other):
    assert md.verify(cache=other).faults == []
    return md.open("golden", other)


def test_all_comes_back_and_what_is_there_costs_a_look(cache, bucket, proxy, tmp_path):
    md.push("runs/golden", bucket, cache=cache)
    proxy.requests.clear()
    again = md.push("runs/golden", bucket, cache=cache)
    assert {one.state for one in again} == {"unchanged"}
    assert not any("/blobs/" in path for _, path, _ in proxy.requests)
    other = tmp_path / "other"
    md.pull(f"{bucket}/runs/golden", cache=other)
    first, second = (md.open("golden", one).feature("fractions") for one in (cache, other))
    np.testing.assert_array_equal(first.dense(), second.dense())
    assert whole(other).ref == "golden@local-5ca89036"
    assert md.open_run("golden", other).finished


def befalling(*faults, method="", inside="/blobs/"):
    """Weather that befalls the first requests for each path; if it is one fault, all of them."""
    seen, lock = Counter(), threading.Lock()

    def weather(asked, path):
        if inside not in path or method not in asked or asked == "HEAD":
            return None
        with lock:
            seen[path] += 1
            turn = 1 if len(faults) == 1 else seen[path]
            return faults[turn - 1] if turn <= len(faults) else None

    return weather


def clear(asked, path):
    """No faults."""


@pytest.mark.parametrize("inside", ["/blobs/", "/datasets/"])
def test_passing_faults_are_survived(cache, bucket, proxy, tmp_path, inside):
    bytes_that_change = ["flip"]  # of a record twice in a row is damage there
    proxy.weather = befalling("error", "drop", *bytes_that_change, "cut", inside=inside)
    md.push("golden", bucket, cache=cache)
    proxy.weather = befalling(*bytes_that_change, "error", "cut", "drop", inside=inside)
    md.pull(f"{bucket}/golden", cache=tmp_path / "other")
    proxy.weather = clear
    whole(tmp_path / "other")


def test_bytes_that_change_on_the_way_there_are_found_and_sent_again(
    cache, bucket, proxy, tmp_path
):
    proxy.weather = befalling("flip_sent", None, method="PUT")
    md.push("golden", bucket, cache=cache)
    proxy.weather = clear
    md.pull(f"{bucket}/golden", cache=tmp_path / "other")
    whole(tmp_path / "other")


@pytest.mark.parametrize("fault", ["error", "stall"])
def test_a_fault_that_stays_is_one_error_and_the_same_command_goes_on(
    cache, bucket, proxy, tmp_path, monkeypatch, fault
):
    other = tmp_path / "other"
    monkeypatch.setattr(retrying, "TIMEOUT", 1.0 if fault == "stall" else 60.0)
    monkeypatch.setattr(retrying, "TRIES", 2)
    proxy.weather = befalling(fault, method="PUT")
    with pytest.raises(md.StoreError, match="cannot be written") as caught:
        md.push("golden", bucket, cache=cache)
    assert "run the same command again; it goes on" in str(caught.value)
    with pytest.raises(md.StoreError, match="holds no dataset"):
        md.pull(f"{bucket}/golden", cache=other)
    monkeypatch.setattr(retrying, "TIMEOUT", 60.0)
    proxy.weather = clear
    md.push("golden", bucket, cache=cache)


@pytest.mark.parametrize("fault", ["cut", "flip", "drop"])
def test_nothing_is_installed_that_did_not_come_as_it_was_sent(
    cache, bucket, proxy, tmp_path, monkeypatch, fault
):
    other = tmp_path / "other"
    monkeypatch.setattr(retrying, "TRIES", 2)
    md.push("golden", bucket, cache=cache)
    proxy.weather = befalling(fault, method="GET")
    with pytest.raises(md.StoreError, match="cannot be read"):
        md.pull(f"{bucket}/golden", cache=other)
    assert not list(other.glob("datasets/golden/[!.]*"))
    proxy.weather = clear
    md.pull(f"{bucket}/golden", cache=other)
    whole(other)


def test_features_stream_from_it(cache, bucket, proxy, tmp_path):
    md.push("golden", bucket, features="fractions", splits="none", cache=cache)
    proxy.requests.clear()
    ds = md.open(f"{bucket}/golden", cache=tmp_path / "other")
    proxy.weather = befalling("error", "flip", "cut", method="GET")
    one, two = (each.feature("fractions").dense() for each in (md.open("golden", cache), ds))
    np.testing.assert_array_equal(one, two)
    assert any(asked for _, path, asked in proxy.requests if "/blobs/" in path)
    assert not list((tmp_path / "other").glob("features/*/*/manifest.json"))


def test_a_training_pulls_what_it_reads(cache, bucket, proxy, tmp_path, capsys):
    md.featurize("golden", ["magpie", "lattice"], cache=cache)
    target = md.open("golden", cache).manifest["targets"]
    name = next(iter(target))
    md.push("golden", bucket, features="magpie,lattice", cache=cache)
    proxy.weather = befalling("error", "cut", method="GET")
    options = {"name": "far", "split": md.open("golden", cache).split_names()[0]}
    hypers = {"hyper": {"trees": 5}}
    own = md.train("rf-magpie", "golden", name, cache=cache, quiet=True, **options, **hypers)
    one, other = tmp_path / "one", tmp_path / "other"
    run = md.train(
        "rf-magpie", f"{bucket}/golden", name, cache=one, quiet=True, **options, **hypers
    )
    assert run.result()["validation"] == own.result()["validation"]
    words = [
        "--target",
        name,
        "--name",
        "far",
        "--split",
        options["split"],
        "--set",
        "hyper.trees=5",
    ]
    address = f"{bucket}/golden"
    assert main(["train", "rf-magpie", address, *words, "--cache", str(other)]) == 0
    assert "pulling magpie of golden@" in capsys.readouterr().out
    for place in (one, other):
        pulled = [path.parent.name for path in place.glob("features/*/*/manifest.json")]
        assert [name.partition("-")[0] for name in pulled] == ["magpie"]  # and not what is not read
        assert md.verify(cache=place).faults == []
    proxy.requests.clear()
    assert main(["evaluate", "far", "--cache", str(other)]) == 0
    assert not proxy.requests  # what comes after needs the store no more
    assert main(["train", "elemnet", address, *words[:2], "--cache", str(other)]) == 1
    assert "holds no feature" in capsys.readouterr().err


def test_the_record_is_written_once_by_whoever_comes_first(cache, bucket, tmp_path):
    failures = []

    def push():
        try:
            md.push("golden", bucket, features="fractions", cache=cache)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=push) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    md.pull(f"{bucket}/golden", features="all", cache=tmp_path / "other")
    whole(tmp_path / "other")


def test_an_existing_record_is_never_replaced(bucket):
    from matdata.sharing.address import address_of
    from matdata.sharing.connecting import open_folder

    folder = open_folder(address_of(bucket))
    folder.put_new(b"first", "runs/x.json")
    with pytest.raises(FileExistsError):
        folder.put_new(b"second", "runs/x.json")
    with folder.opened("runs/x.json") as file:
        assert file.read() == b"first"


def test_a_bucket_that_does_not_exist_is_one_error(cache, proxy, tmp_path):
    with pytest.raises(md.StoreError, match="there is no such place"):
        md.push("golden", "s3://no-such-bucket-here/lab", cache=cache)
    with pytest.raises(md.StoreError, match="nothing was pushed to"):
        md.pull("s3://no-such-bucket-here/lab/golden", cache=tmp_path / "other")


def test_credentials_are_in_nothing_that_is_printed_or_stored(
    cache, bucket, proxy, tmp_path, capfd, monkeypatch
):
    quoted = "Sentinel%2FSecret%2B0123456789abcdef"
    url = bucket.replace("s3://", f"s3://{KEY}:{quoted}@")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    other = ["--cache", str(tmp_path / "other")]
    assert main(["push", "golden", url, "--json", "--cache", str(cache)]) == 0
    assert main(["pull", f"{url}/golden", "--json", *other]) == 0
    assert main(["pull", f"{url}/nosuch", *other]) == 1
    proxy.weather = lambda method, path: "error"
    monkeypatch.setattr(retrying, "TRIES", 1)
    assert main(["pull", f"{url}/golden", "--verbose", *other]) == 1
    shown = capfd.readouterr()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in ("Sentinel/Secret", "Sentinel%2FSecret"):
        assert secret not in shown.out + shown.err
        assert secret.encode() not in written
