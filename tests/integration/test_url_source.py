"""Files at web addresses: kept, resumed, checked; and what a download must not follow."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import pytest
from support.file_server import Fault, serving_files
from support.serving import Handler, Server, running

import matdata as md
from matdata.checks.cache import verify
from matdata.cli import main
from matdata.core.errors import ConfigError, SourceError
from matdata.sources import find_source
from matdata.sources.base import Request
from matdata.sources.receiving import require_public

pytestmark = pytest.mark.slow

TABLE = b"formula,gap\n" + b"".join(b"NaCl,%d\n" % k for k in range(200))
LOCAL = {"local": True}


def _build(url, tmp_path, **query):
    return md.build(url, cache=tmp_path / "cache", query={**LOCAL, **query}, symmetry="none")


def test_a_file_is_downloaded_once_and_kept_with_its_digest(tmp_path):
    with serving_files({"/sets/gaps.csv": TABLE}) as server:
        dataset = _build(f"{server.url}/sets/gaps.csv", tmp_path)
        again = _build(f"{server.url}/sets/gaps.csv", tmp_path)
        assert server.paths == ["/sets/gaps.csv"]
        url = server.url
    assert len(dataset) == 200
    assert dataset.ids[0] == "gaps-0000000"
    assert again.digest == dataset.digest
    assert dataset.manifest["name"] == "gaps"
    assert _build(f"{url}/sets/gaps.csv", tmp_path).digest == dataset.digest  # no server any more
    report = verify(tmp_path / "cache")
    assert report.faults == []


def test_a_cut_download_goes_on(tmp_path):
    with serving_files({"/t.csv": TABLE}) as server:
        server.faults = [Fault(cut=1000)]
        with pytest.raises(SourceError, match="1,000 of"):
            _build(f"{server.url}/t.csv", tmp_path)
        assert len(_build(f"{server.url}/t.csv", tmp_path)) == 200
        assert server.ranges == [None, "bytes=1000-"]


def test_the_digest_and_the_size_that_the_user_states(tmp_path):
    digest = hashlib.sha256(TABLE).hexdigest()
    with serving_files({"/t.csv": TABLE}) as server:
        url = f"{server.url}/t.csv"
        with pytest.raises(SourceError, match=r"at most 1\.0 kB are downloaded"):
            _build(url, tmp_path, max_gb=1e-6)
        with pytest.raises(SourceError, match="SHA-256"):
            _build(url, tmp_path, sha256="0" * 64)
        with pytest.raises(ConfigError, match="64 hexadecimal digits"):
            _build(url, tmp_path, sha256="abc")
        assert len(_build(url, tmp_path, sha256=digest)) == 200


def test_a_name_without_an_ending_must_be_given(tmp_path):
    with serving_files({"/download/17": TABLE}) as server:
        with pytest.raises(SourceError, match="does not say which kind") as error:
            _build(f"{server.url}/download/17", tmp_path)
        assert "--query name=table.csv.gz" in str(error.value)
        assert server.paths == []
        assert len(_build(f"{server.url}/download/17", tmp_path, name="a.csv")) == 200


def test_a_file_can_stand_in(tmp_path):
    (tmp_path / "saved.csv").write_bytes(TABLE)
    dataset = md.build("https://example.org/t.csv", from_=tmp_path / "saved.csv",
                       cache=tmp_path / "cache", symmetry="none")  # fmt: skip
    assert len(dataset) == 200


def test_local_addresses_are_not_read_unless_asked(tmp_path, capsys):
    with serving_files({"/t.csv": TABLE}) as server:
        code = main(["build", f"{server.url}/t.csv", "--cache", str(tmp_path)])
        assert code == 1
        assert "no https address" in capsys.readouterr().err
        assert server.paths == []
        ask = ["build", f"{server.url}/t.csv", "--cache", str(tmp_path), "--query", "local=true"]
        assert main(ask) == 0


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "[::1]", "0.0.0.0",
     "[::ffff:127.0.0.1]", "printer.local", "metadata.google.internal"],
)  # fmt: skip
def test_names_and_numbers_of_local_hosts(host):
    with pytest.raises(SourceError, match="this machine or its network"):
        require_public(f"https://{host}/x.csv")
    require_public(f"https://{host}/x.csv", local=True)
    require_public("https://example.org/x.csv")


def test_a_name_that_leads_to_a_local_address_is_left_before_anything_is_asked(
    tmp_path, monkeypatch
):
    from http.client import HTTPSConnection

    asked = []

    def connect(self):  # the name resolved to this machine, and TLS was agreed upon
        self.sock = _Peer(asked)

    monkeypatch.setattr(HTTPSConnection, "connect", connect)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    request = Request("https://example.org/t.csv", cache=tmp_path)
    with pytest.raises(SourceError, match=r"https://example\.org is an address of this machine"):
        find_source("https://example.org/t.csv", request)
    assert asked == []


class _Peer:
    """A connected socket whose other end is a service of this machine."""

    def __init__(self, asked):
        self._asked = asked

    def getpeername(self):
        return ("127.0.0.1", 443)

    def sendall(self, data):
        self._asked.append(data)

    def close(self):
        pass


class _Redirecting(Handler):
    def do_GET(self):
        self.server.count += 1
        self.send_bytes(302, b"", {"Location": self.server.target or self.path})


@contextmanager
def _redirecting(target):
    server = Server(_Redirecting)
    server.count, server.target = 0, target
    with running(server):
        yield server


def test_redirects_are_few_and_lead_nowhere_else(tmp_path):
    with _redirecting("") as server:
        with pytest.raises(SourceError, match="redirect"):
            _build(f"{server.url}/t.csv", tmp_path)
        assert server.count <= 6
    with _redirecting("ftp://example.org/t.csv") as server, pytest.raises(SourceError):
        _build(f"{server.url}/t.csv", tmp_path)
    with _redirecting("file:///etc/passwd.csv") as server, pytest.raises(SourceError):
        _build(f"{server.url}/t.csv", tmp_path)


def test_credentials_of_the_address_are_not_written_anywhere(tmp_path):
    with serving_files({"/t.csv?token=sesame-sesame": TABLE}) as server:
        dataset = _build(f"{server.url}/t.csv?token=sesame-sesame", tmp_path)
    assert len(dataset) == 200
    texts = [path.read_bytes() for path in (tmp_path / "cache").rglob("*.json")]
    assert texts
    assert not any(b"sesame" in text for text in texts)


@pytest.mark.parametrize("place", ["s3://bucket/cache", "gs://b", "http://host/x", "abfs://x@y/z"])
def test_caches_and_outputs_elsewhere_are_refused_in_one_line(tmp_path, place, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build", "sample", "--cache", place]) == 1
    assert main(["export", "x", f"{place}/a.csv", "--cache", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("files of this machine") == 2
    with pytest.raises(ConfigError, match="files of this machine"):
        md.build("sample", cache=place)
    monkeypatch.setenv("MATDATA_CACHE", place)
    with pytest.raises(ConfigError, match=r"\$MATDATA_CACHE is"):
        md.open("sample")
    assert list(tmp_path.iterdir()) == []
