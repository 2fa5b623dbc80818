"""Push to and pull from a server that speaks the protocol of Google Cloud Storage."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.faulty_proxy import proxied

import matdata as md
from matdata.sharing.address import address_of
from matdata.sharing.connecting import open_folder

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def proxy(monkeypatch, caplog):
    """What clients see of an emulator in memory, and the requests that they made."""
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    caplog.set_level("ERROR")
    server = emulator.create_server("127.0.0.1", 0, in_memory=True, default_bucket="lab")
    server.start()
    try:
        host, port = server._api._httpd.server_address
        with proxied(f"{host}:{port}") as proxy:
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
            yield proxy
    finally:
        server.stop()


def test_files_are_written_listed_read_from_any_byte_and_removed(proxy, tmp_path):
    folder = open_folder(address_of("gs://lab/x"))
    folder.put_bytes(b"first", "runs/x.json")
    with folder.opened("runs/x.json", 2) as file:
        assert file.read() == b"rst"
    assert folder.read_range("runs/x.json", 1, 3) == b"ir"
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (72 << 10))  # 18 MiB: an upload in parts
    folder.put(large, "blobs/large")
    assert folder.sizes("blobs") == {"large": large.stat().st_size}
    with folder.opened("blobs/large") as file:
        assert file.read() == large.read_bytes()
    assert folder.folders("") == ["blobs", "runs"]
    assert folder.sizes("nothing") == {}
    folder.remove("runs/x.json")
    assert folder.sizes("runs") == {}


def test_a_record_is_written_on_the_condition_that_there_is_none(proxy):
    folder = open_folder(address_of("gs://lab/x"))
    proxy.requests.clear()
    folder.put_new(b"first", "runs/x.json")
    # the emulator does not heed the condition, so that its request alone can be looked at
    assert [path for _, path, _ in proxy.requests if "ifGenerationMatch=0" in path]


def test_all_comes_back_and_streams(proxy, tmp_path):
    md.push("golden", "gs://lab/y", features="fractions", cache=GOLDEN)
    again = md.push("golden", "gs://lab/y", features="fractions", cache=GOLDEN)
    assert {one.state for one in again} == {"unchanged"}
    md.pull("gs://lab/y/golden", features="fractions", cache=tmp_path / "other")
    assert md.verify(cache=tmp_path / "other").faults == []
    ds = md.open("gs://lab/y/golden", cache=tmp_path / "third")
    assert ds.feature("fractions").dense().shape[0] == len(ds)
