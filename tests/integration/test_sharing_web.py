"""Pulling from plain web servers: with and without listings, ranges and a password."""

from __future__ import annotations

import base64
import re
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from support.serving import Server, running

import matdata as md
from matdata.cli import main
from matdata.sharing import record, remote_file, retrying

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
USER = "reader:Sentinel-pass-word-1"


class Web(Server):
    """A web server of a folder."""

    def __init__(self, folder, *, lists=True, ranges=False, secret=None):
        super().__init__(partial(_Handler, directory=str(folder)))
        self.lists, self.ranges, self.secret = lists, ranges, secret
        self.paths = []
        self.authorizations = []
        self.elsewhere = None


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def send_head(self):
        self.server.paths.append((self.path, self.headers.get("Range")))
        self.server.authorizations.append(self.headers.get("Authorization"))
        if self.server.elsewhere:
            self.send_response(302)
            self.send_header("Location", f"{self.server.elsewhere}{self.path}")
            self.end_headers()
            return None
        secret = self.server.secret
        if secret and self.headers.get("Authorization") != secret:
            self.send_error(401)
            return None
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not self.server.ranges or not asked:
            return super().send_head()
        data = Path(self.translate_path(self.path)).read_bytes()
        start, stop = int(asked[1]), min(int(asked[2]) + 1, len(data))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[start:stop])
        return None

    def list_directory(self, path):
        if self.server.lists:
            return super().list_directory(path)
        self.send_error(404)
        return None


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A folder with a dataset and its features."""
    monkeypatch.setattr(retrying, "PAUSE", 0.0)
    md.push("runs/golden", tmp_path / "shared" / "lab", cache=GOLDEN)
    return tmp_path / "shared"


@pytest.mark.parametrize("ranges", [False, True])
def test_a_server_with_listings_gives_all(shared, tmp_path, ranges):
    with running(Web(shared, ranges=ranges)) as server:
        md.pull(f"{server.url}/lab/golden", features="all", cache=tmp_path / "other")
        md.pull(f"{server.url}/lab/runs/golden", cache=tmp_path / "other")
    assert md.verify(cache=tmp_path / "other").faults == []
    assert md.open_run("golden", tmp_path / "other").finished


def test_a_server_without_listings_gives_what_is_named(shared, tmp_path):
    other = tmp_path / "other"
    with running(Web(shared, lists=False)) as server:
        lab = f"{server.url}/lab"
        with pytest.raises(md.StoreError, match="cannot be listed") as caught:
            md.pull(f"{lab}/golden", cache=other)
        assert "--splits" in str(caught.value)
        with pytest.raises(md.StoreError, match="cannot be listed"):
            md.pull(lab, cache=other)
        done = md.pull(f"{lab}/golden", splits="70-15-15-seed0", cache=other)
        assert [one.kind for one in done] == ["dataset", "split"]
        done = md.pull(f"{lab}/golden@local-5ca89036/features/fractions-57de9998", cache=other)
        assert [one.state for one in done] == ["unchanged", "pulled"]
        assert len(md.pull(f"{lab}/runs/golden", cache=other)) == 4
    assert md.verify(cache=other).faults == []


def test_features_stream_by_range(shared, tmp_path, monkeypatch):
    for module in (record, remote_file):
        monkeypatch.setattr(module, "BLOCK", 1 << 20)
    with running(Web(shared, ranges=True)) as server:
        ds = md.open(f"{server.url}/lab/golden", cache=tmp_path / "other")
        dense = ds.feature("fractions").dense()
    np.testing.assert_array_equal(dense, md.open("golden", GOLDEN).feature("fractions").dense())


def test_a_password_goes_to_its_own_server_and_is_shown_nowhere(shared, tmp_path, capfd):
    secret = f"Basic {base64.b64encode(USER.encode()).decode()}"
    with running(Web(shared, secret=secret)) as server:
        url = server.url.replace("http://", f"http://{USER}@")
        other = ["--cache", str(tmp_path / "other")]
        assert main(["pull", f"{url}/lab/golden", "--json", *other]) == 0
        assert main(["pull", f"{url}/lab/nosuch", *other]) == 1
        assert main(["pull", f"{server.url}/lab/golden", *other]) == 1
    shown = capfd.readouterr()
    assert "likely cause: missing, wrong or expired credentials" in shown.err
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "Sentinel" not in shown.out + shown.err
    assert b"Sentinel" not in written


def test_a_password_does_not_follow_to_another_server(shared, tmp_path):
    with running(Web(shared)) as other, running(Web(shared)) as server:
        server.elsewhere = other.url
        url = server.url.replace("http://", f"http://{USER}@")
        md.pull(f"{url}/lab/golden", splits="none", cache=tmp_path / "other")
    assert set(server.authorizations) != {None}
    assert set(other.authorizations) == {None}


def test_nothing_is_pushed_to_a_web_server(tmp_path):
    with pytest.raises(md.ConfigError, match="can be pulled from, and not pushed to"):
        md.push("golden", "https://example.org/lab", cache=GOLDEN)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.org/x", "begins with ftp://"),
        ("s4://bucket/x", "did you mean 's3'"),
        ("https://example.org/x?token=Sentinel-123", "has parameters"),
        ("gs://user:Sentinel-pass@bucket/x", "which gs:// does not take"),
        ("s3://KEY-of-mine:Sentinel/pass@bucket/x", "credentials with a slash"),
        ("https://me:Sentinel/pass@host/x", "credentials with a slash"),
        ("s3://", "names no place"),
        ("s3://bucket/../x", r"has \. or \.\."),
        ("sftp://host:port/x", "no number as its port"),
    ],
)
def test_addresses_that_cannot_be_are_refused_and_not_shown(tmp_path, url, message):
    with pytest.raises(md.ConfigError, match=message) as caught:
        md.pull(url, cache=tmp_path)
    assert "Sentinel" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(retrying, "PAUSE", 0.0)
    with running(Web(tmp_path)) as server:
        url = server.url
    with pytest.raises(md.StoreError, match="cannot be read") as caught:
        md.pull(f"{url}/lab/golden", cache=tmp_path / "other")
    assert "5 attempts" in str(caught.value)
    shutil.rmtree(tmp_path / "other", ignore_errors=True)
