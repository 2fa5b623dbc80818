"""Downloads in bad weather: nothing half-downloaded is ever taken for whole."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from support.file_server import Fault, serving_files

import matdata as md
from matdata.sources import download
from matdata.sources.download import Remote, fetch

BODY = b"PK" + bytes(range(256)) * 40


def _remote(server, **options):
    return Remote(f"{server.url}/a", "a.zip", **options)


def _left(cache):
    return sorted(p.name for p in (cache / "downloads").iterdir() if not p.name.startswith(".lock"))


def test_a_file_is_fetched_once_and_read_from_the_cache_later(tmp_path):
    with serving_files({"/a": BODY}) as server:
        path, digest = fetch(_remote(server), tmp_path)
        assert fetch(_remote(server), tmp_path) == (path, digest)
        assert len(server.ranges) == 1
    assert path.read_bytes() == BODY
    assert digest == hashlib.sha256(BODY).hexdigest()
    assert _left(tmp_path) == ["a.zip", "a.zip.receipt.json"]


def test_changed_bytes_are_noticed_and_fetched_again(tmp_path):
    with serving_files({"/a": BODY}) as server:
        path, _ = fetch(_remote(server), tmp_path)
        path.write_bytes(BODY[:-1] + b"!")
        assert fetch(_remote(server), tmp_path)[0].read_bytes() == BODY


def test_a_cut_download_goes_on_at_the_byte_it_lost(tmp_path):
    with serving_files({"/a": BODY}) as server:
        server.faults = [Fault(cut=1000)]
        with pytest.raises(md.SourceError, match=r"1,000 of 10,242 bytes"):
            fetch(_remote(server), tmp_path)
        assert not (tmp_path / "downloads" / "a.zip").exists()
        path, _ = fetch(_remote(server), tmp_path)
        assert server.ranges == [None, "bytes=1000-"]
    assert path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(500, b"no"), "answers 500"),
        (Fault(404, b"no"), "answers 404"),
        (Fault(200, b"<html>log in</html>"), r"did not send a \.zip file"),
    ],
)
def test_faults_are_clear_errors_and_the_next_attempt_works(fault, words, tmp_path):
    with serving_files({"/a": BODY}) as server:
        server.faults = [fault]
        with pytest.raises(md.SourceError, match=words) as caught:
            fetch(_remote(server), tmp_path)
        assert caught.value.next_step
        assert fetch(_remote(server), tmp_path)[0].read_bytes() == BODY


def test_another_digest_than_the_published_one_is_refused(tmp_path):
    with serving_files({"/a": BODY}) as server:
        with pytest.raises(md.SourceError, match="expected 000000000000"):
            fetch(_remote(server, sha256="0" * 64), tmp_path)
        assert _left(tmp_path) == []


def test_part_of_another_length_than_the_server_knows_is_dropped(tmp_path):
    with serving_files({"/a": BODY}) as server:
        server.faults = [Fault(cut=10), Fault(416, b"")]
        with pytest.raises(md.SourceError):
            fetch(_remote(server), tmp_path)
        assert fetch(_remote(server), tmp_path)[0].read_bytes() == BODY


def test_an_unreachable_host_and_a_foreign_scheme(tmp_path):
    with pytest.raises(md.SourceError, match="cannot be reached"):
        fetch(Remote("http://127.0.0.1:9/a", "a.zip"), tmp_path)
    with pytest.raises(md.SourceError, match="not a web address"):
        fetch(Remote("file:///etc/hostname", "a.zip"), tmp_path)


def test_a_full_disk_is_no_fault_of_the_network(tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "open", lambda *a, **k: Full(open(*a, **k)), raising=False)  # noqa: SIM115
    with serving_files({"/a": BODY}) as server:
        with pytest.raises(md.StoreError, match="no space is left"):
            fetch(_remote(server), tmp_path)
        monkeypatch.undo()
        assert fetch(_remote(server), tmp_path)[0].read_bytes() == BODY


@pytest.mark.slow
def test_several_processes_fetch_a_file_once(tmp_path):
    code = (
        "import sys, pathlib; from matdata.sources.download import Remote, fetch; "
        "print(fetch(Remote(sys.argv[1], 'a.zip'), pathlib.Path(sys.argv[2]))[1])"
    )
    with serving_files({"/a": BODY}) as server:
        command = [sys.executable, "-c", code, f"{server.url}/a", str(tmp_path)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
        told = {process.communicate()[0].decode().strip() for process in started}
        assert len(server.ranges) == 1
    assert told == {hashlib.sha256(BODY).hexdigest()}
