"""Addresses, references and names of shared folders, and what is repeated."""

from __future__ import annotations

import errno

import pytest

import matdata as md
from matdata.sharing import retrying
from matdata.sharing.address import address_of, is_address
from matdata.sharing.layout import Key, blob, digest_of_blob, fault_of_names, is_latest, latest
from matdata.sharing.object_folder import ObjectFolder
from matdata.sharing.references import Reference, parse
from matdata.sharing.retrying import retried


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retrying, "PAUSE", 0.0)


def test_an_address_shows_no_credentials():
    for text, shown in (
        ("s3://KEY-of-mine:se%2Fcret@bucket/lab/", "s3://bucket/lab"),
        ("sftp://me@host:2222/srv/lab", "sftp://host:2222/srv/lab"),
        ("HTTPS://me:p%40ss-word@host/lab", "https://host/lab"),
        ("hf://datasets/me/name@main/lab", "hf://datasets/me/name@main/lab"),
        ("memory://lab", "memory://lab"),
    ):
        address = address_of(text)
        assert str(address) == shown
        assert "cret" not in repr(address)
        assert "p@ss" not in repr(address)
    assert address_of("s3://KEY-of-mine:se%2Fcret@bucket/lab").password == "se/cret"


def test_addresses_of_this_machine_are_paths(tmp_path):
    assert str(address_of(tmp_path)) == str(address_of(f"file://{tmp_path}")) == str(tmp_path)


def test_a_path_is_distinguished_from_a_name_without_a_look_at_the_disk(tmp_path):
    for place in (
        "s3://lab/a", "./shared/a", "../shared", "~/shared/a", "/srv/shared/a", "shared/a",
        "shared/", "shared/runs/gap", "shared/a/features/ofm", ".", tmp_path,
    ):  # fmt: skip
        assert is_address(place), place
    for name in (
        "a", "a@v-1", "runs/gap", "snapshots/mp/2025", "a/features/ofm", "a@v/splits/s", None,
    ):  # fmt: skip
        assert not is_address(name), name


@pytest.mark.parametrize(
    ("text", "steps"),
    [("s3://bucket/a/b", 2), ("hf://datasets/me/name/a", 1), ("hf://me/name/a", 1),
     ("s3://bucket", 0)],
)  # fmt: skip
def test_the_way_up_ends_at_the_top_of_the_store(text, steps):
    address, count = address_of(text), 0
    while (parent := address.parent()) is not None:
        address, count = parent[0], count + 1
    assert count == steps


def test_references_are_taken_apart():
    assert parse("a@v-1") == Reference("dataset", "", "a@v-1")
    assert parse("a@v/features/ofm@12345678") == Reference("feature", "a@v", "ofm@12345678")
    assert parse("a/splits/s") == Reference("split", "a", "s")
    assert parse("runs/r") == Reference("run", "", "r")
    assert parse("snapshots/mp/2025.4") == Reference("snapshot", "mp", "2025.4")
    for text in ("", "a/b", "runs/a/b", "a/runs/b", "x/y/z/w"):
        with pytest.raises(md.ConfigError):
            parse(text)


def test_keys_and_their_paths_name_each_other():
    for key in (
        Key("dataset", "a", "v-12345678"),
        Key("split", "a@v-12345678", "70-15-15"),
        Key("feature", "a@v-12345678", "column-b-12345678"),
        Key("run", "", "gap"),
        Key("snapshot", "mp", "2025.4-12345678"),
    ):
        assert Key.of_path(key.path) == key
        assert parse(key.ref).kind == key.kind
    for path in ("a.json", "blobs/a/b.json", "datasets/a/b/c.json", "runs/a/b.json",
                 "datasets/../x.json", latest("a"), "datasets/a/b"):  # fmt: skip
        assert Key.of_path(path) is None
    digest = "ab" + "0" * 62
    assert digest_of_blob(blob(digest)) == digest
    assert digest_of_blob(blob(digest).upper()) is None
    assert is_latest(latest("a"))


def test_names_side_by_side():
    assert fault_of_names(["a/b", "a/c", "b"]) is None
    for names in (["a", "A"], ["\u00e9", "e\u0301"], ["a", "a/b"], ["A", "a/b"], ["a b "], ["a:b"]):
        assert fault_of_names(names) is not None


def failing(*errors):
    """An action that fails in these ways, then returns the number of attempts."""
    left = list(errors)
    count = 0

    def action():
        nonlocal count
        count += 1
        if left:
            raise left.pop(0)
        return count

    return action


def test_passing_failures_are_repeated_a_bounded_number_of_times():
    assert retried(failing(OSError("cut"), TimeoutError(), EOFError()), "it fails") == 4
    with pytest.raises(md.StoreError, match=r"it fails: cut \(5 attempts\)") as caught:
        retried(failing(*[OSError("cut")] * 9), "it fails")
    assert "run the same command again" in str(caught.value)


@pytest.mark.parametrize(
    "error", [PermissionError("no"), OSError(errno.ENOSPC, "full"), IsADirectoryError("x")]
)
def test_lasting_failures_are_not_repeated(error):
    action = failing(error, error)
    with pytest.raises(md.StoreError, match="it fails"):
        retried(action, "it fails")
    with pytest.raises(md.StoreError):  # the second of the two: there was one attempt
        retried(action, "it fails")
    assert action() == 3


def test_answers_and_mistakes_are_no_failures():
    for error in (FileNotFoundError(), FileExistsError(), KeyError(), md.DamageError("x")):
        with pytest.raises(type(error)):
            retried(failing(error), "it fails")


def test_an_older_server_is_asked_before_a_record_is_written():
    class Older:
        """A store that knows no condition."""

        def __init__(self):
            self.held = {}

        def invalidate_cache(self):
            pass

        def exists(self, path):
            return path in self.held

        def pipe_file(self, path, data, mode="overwrite"):
            if mode == "create":
                raise OSError(errno.ENOSYS, "If-None-Match")
            self.held[path] = data

    older = Older()
    folder = ObjectFolder(address_of("s3://bucket/lab"), older)
    folder.put_new(b"first", "x")
    with pytest.raises(FileExistsError):
        folder.put_new(b"second", "x")
    assert older.held == {"bucket/lab/x": b"first"}
