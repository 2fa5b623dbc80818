"""Push to and pull from a server of SFTP whose key is known."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest
from support.sftp_server import PASSWORD, USER, serving_sftp

import matdata as md
from matdata.cli import main
from matdata.sharing import retrying
from matdata.sharing.address import address_of
from matdata.sharing.connecting import open_folder

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The address of a folder on a server, and the server's key."""
    monkeypatch.setattr(retrying, "PAUSE", 0.0)
    monkeypatch.setattr(retrying, "TRIES", 2)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "served").mkdir()
    with serving_sftp(tmp_path / "served") as (port, key):
        known = paramiko.HostKeys()
        known.add(f"[127.0.0.1]:{port}", key.get_name(), key)
        (tmp_path / "home" / ".ssh").mkdir(parents=True)
        known.save(tmp_path / "home" / ".ssh" / "known_hosts")
        yield f"sftp://{USER}:{PASSWORD}@127.0.0.1:{port}/lab"


def test_all_comes_back_and_what_is_there_is_not_sent_again(place, tmp_path, capfd):
    words = ["push", "golden", place, "--features", "fractions", "--cache", str(GOLDEN)]
    assert main(words) == 0
    assert main(words) == 0
    shown = capfd.readouterr()
    assert "unchanged dataset" in shown.out
    assert "0 B sent to sftp://127.0.0.1" in shown.out
    assert PASSWORD not in shown.out + shown.err
    md.pull(f"{place}/golden", features="fractions", cache=tmp_path / "other")
    assert md.verify(cache=tmp_path / "other").faults == []
    ds = md.open(f"{place}/golden", cache=tmp_path / "third")
    assert ds.feature("fractions").dense().shape[0] == len(ds)
    assert not list((tmp_path / "served").rglob(".tmp-*"))


def test_a_record_is_never_replaced_and_reading_begins_at_any_byte(place):
    folder = open_folder(address_of(place))
    folder.put_new(b"first", "runs/x.json")
    with pytest.raises(FileExistsError):
        folder.put_new(b"second", "runs/x.json")
    with folder.opened("runs/x.json", 2) as file:
        assert file.read() == b"rst"
    folder.put_bytes(b"third", "runs/x.json")
    assert folder.sizes("runs") == {"x.json": 5}
    assert folder.sizes("nothing") == {}


def test_an_unknown_server_is_not_trusted(place, tmp_path):
    (tmp_path / "home" / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(md.StoreError, match="not found in known_hosts"):
        md.pull(f"{place}/golden", cache=tmp_path / "other")


def test_a_wrong_password_is_one_error(place, tmp_path):
    with pytest.raises(md.StoreError, match="cannot be reached") as caught:
        md.pull(place.replace(PASSWORD, "Wrong-pass-word-2") + "/golden", cache=tmp_path / "other")
    assert "credentials" in str(caught.value.cause)
    assert "Wrong-pass" not in str(caught.value)
