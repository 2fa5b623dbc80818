"""Archives that somebody else packed: refused with one error, and nothing left behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

import matdata as md
from matdata.core.digest import digest_json
from matdata.sharing import archive, record
from matdata.sharing.record import Record, marker, sealed
from matdata.sources import limits

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
RECORD = "datasets/golden/local-5ca89036.json"
DIGEST = hashlib.sha256(b"content").hexdigest()
BLOB = f"blobs/{DIGEST[:2]}/{DIGEST}"


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The files of a pushed folder, by name."""
    shared = tmp_path_factory.mktemp("shared")
    md.push("golden", shared, features="fractions", cache=GOLDEN)
    return {
        path.relative_to(shared).as_posix(): path.read_bytes()
        for path in sorted(shared.rglob("*"))
        if path.is_file()
    }


def tar(path, members, packing="gz"):
    """An archive of names and bytes, or of headers."""
    with tarfile.open(path, f"w:{packing}") as file:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data) if info.isreg() else 0
            file.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return path


def zipped(path, members, packing=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", packing) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def header(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(path, cache, message):
    """The error of an import, which left nothing behind."""
    before = sorted(path.parent.rglob("*")) if path.is_file() else []
    with pytest.raises(md.StoreError, match=message) as caught:
        md.import_(path, cache=cache)
    left = [
        one for one in cache.rglob("*") if not one.is_dir() and not one.name.startswith(".lock-")
    ]
    assert left == []
    assert not list(cache.rglob(".tmp-*"))
    assert not list(cache.rglob(".building-*"))
    if path.is_file():
        assert [one for one in sorted(path.parent.rglob("*")) if one not in before
                and cache not in (one, *one.parents)] == []  # fmt: skip
    return caught.value


NAMES = [
    ("../outside", "leads out"),
    ("/etc/outside", "leads out"),
    ("blobs/../../outside", "leads out"),
    ("blobs\\..\\outside", "character"),
    ("C:/outside", "character"),
    ("blobs//x", "empty or hidden"),
    ("blobs/.hidden", "empty or hidden"),
    ("a\x1b[2Jb", "character"),
    ("script.sh", "no file that a push writes"),
    ("blobs/zz/" + "0" * 64, "no file that a push writes"),
    (f"blobs/00/{DIGEST}", "no file that a push writes"),
    ("datasets/golden/x/y.json", "no file that a push writes"),
    ("x" * 2000, "too long"),
]


@pytest.mark.parametrize(("name", "message"), NAMES, ids=[repr(name[:20]) for name, _ in NAMES])
@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
def test_names_that_no_push_writes_are_refused(packed, tmp_path, name, message, ending):
    if ending == "zip" and "\\" in name and os.sep == "\\":
        pytest.skip("zipfile replaces it")
    write = zipped if ending == "zip" else tar
    path = write(tmp_path / f"a.{ending}", [*packed.items(), (name, b"content")])
    message = "leads out|not in the folder" if message == "leads out" else message
    refused(path, tmp_path / "cache", message)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "info",
    [
        header(BLOB, tarfile.SYMTYPE, "/etc/passwd"),
        header(BLOB, tarfile.LNKTYPE, "../../outside"),
        header(BLOB, tarfile.FIFOTYPE),
        header(BLOB, tarfile.CHRTYPE),
        header(BLOB, tarfile.BLKTYPE),
    ],
    ids=["symlink", "hard link", "pipe", "device", "block device"],
)
def test_links_pipes_and_devices_are_refused(packed, tmp_path, info):
    path = tar(tmp_path / "a.tar.gz", [*packed.items(), (info, b"")])
    refused(path, tmp_path / "cache", "is no regular file")


def test_links_of_a_zip_are_refused(packed, tmp_path):
    info = zipfile.ZipInfo(BLOB)
    info.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "a.zip", [*packed.items(), (info, b"/etc/passwd")])
    refused(path, tmp_path / "cache", "is no regular file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "name", ["matdata.json", "Datasets/golden/x.json", RECORD.replace("g", "G")]
)
def test_names_that_collide_are_refused(packed, tmp_path, name):
    path = zipped(tmp_path / "a.zip", [*packed.items(), (name, packed["matdata.json"])])
    refused(path, tmp_path / "cache", "twice, or differs in case|no file that a push writes")


def test_a_blob_with_other_bytes_than_its_name_says_is_refused(packed, tmp_path):
    path = tar(tmp_path / "a.tar.gz", [*packed.items(), (BLOB, b"other")])
    refused(path, tmp_path / "cache", "has other bytes than its name says")


@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
def test_bombs_are_refused_while_they_unpack(packed, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(limits, "FREE_BYTES", 1 << 20)
    zeros = bytes(64 << 20)
    digest = hashlib.sha256(zeros).hexdigest()
    write = zipped if ending == "zip" else tar
    members = [("matdata.json", marker()), (f"blobs/{digest[:2]}/{digest}", zeros)]
    error = refused(write(tmp_path / f"a.{ending}", members), tmp_path / "cache", "unpacks to more")
    assert "exhaust" in str(error.cause)


def test_too_many_members_are_refused(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    for path in (
        tar(tmp_path / "a.tar.gz", packed.items()),
        zipped(tmp_path / "a.zip", packed.items()),
    ):
        refused(path, tmp_path / "cache", "more than 3")


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path):
    info = header("x", tarfile.GNUTYPE_LONGNAME)
    info.size = 8 << 30
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240)))
    refused(path, tmp_path / "cache", "header of 8,589,934,592 bytes")


def pax(records, kind=tarfile.XHDTYPE):
    """A header that extends the next one, in bytes."""
    lines = b""
    for key, value in records.items():
        line = f" {key}={value}\n"
        length = len(line) + len(str(len(line) + 3))
        lines += f"{length}{line}".encode()
    info = header("x", kind)
    info.size = len(lines)
    return info.tobuf(tarfile.USTAR_FORMAT) + lines + bytes(-len(lines) % 512)


LONG = header("././@LongLink", tarfile.GNUTYPE_LONGNAME)
LONG.size = 5
HEADERS = {
    "chain": 3000 * pax({"comment": "x"}),
    "global chain": 3000 * pax({"comment": "x"}, tarfile.XGLTYPE),
    "chain of names": 3000 * (LONG.tobuf(tarfile.USTAR_FORMAT) + b"aaaa".ljust(512, b"\0")),
    "sparse map": pax({"GNU.sparse.map": "0,x"}),
    "sparse version": pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
    "size": pax({"size": "9" * 20}),
}


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_headers_that_are_made_up_are_refused(packed, tmp_path, kind, ending):
    plain = tar(tmp_path / "plain.tar", packed.items(), "").read_bytes()
    data = HEADERS[kind] + header("matdata.json", tarfile.REGTYPE).tobuf() + plain
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(data) if ending == "tar.gz" else data)
    refused(path, tmp_path / "cache", "damaged|is no regular file|occurs twice")


@pytest.mark.parametrize("data", [b"", b"PK", b"\x1f\x8b\x08", b"no archive" * 100, None])
@pytest.mark.parametrize("ending", ["tar", "tar.gz", "zip"])
def test_what_is_no_archive_is_refused(packed, tmp_path, data, ending):
    path = tmp_path / f"a.{ending}"
    if data is None:  # cut in the middle
        (zipped if ending == "zip" else tar)(path, packed.items(), **(
            {"packing": ""} if ending == "tar" else {}))  # fmt: skip
        data = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(data)
    refused(path, tmp_path / "cache", "damaged|is not|cannot be read|ends within|no folder")


def test_other_endings_and_missing_files_are_named(tmp_path):
    (tmp_path / "a.rar").write_bytes(b"")
    with pytest.raises(md.ConfigError, match="not the name of an archive"):
        md.import_(tmp_path / "a.rar", cache=tmp_path / "cache")
    with pytest.raises(md.StoreError, match="nothing at"):
        md.import_(tmp_path / "b.zip", cache=tmp_path / "cache")
    (tmp_path / "empty").mkdir()
    with pytest.raises(md.StoreError, match="no folder that was pushed to"):
        md.import_(tmp_path / "empty", cache=tmp_path / "cache")


def changed(data, **more):
    """A record with other content, and the digest of that."""
    content = {**sealed(data, "it"), **more}
    return json.dumps({**content, "digest": digest_json(content)}).encode()


def with_file(packed, name, entry=None):
    record = sealed(packed[RECORD], "it")
    entry = entry or next(iter(record["files"].values()))
    return changed(packed[RECORD], files={**record["files"], name: entry})


def sized(packed, name, more):
    entry = sealed(packed[RECORD], "it")["files"][name]
    return with_file(packed, name, {**entry, "bytes": entry["bytes"] + more})


RECORDS = [
    (lambda p: sized(p, "manifest.json", 1), "a record states"),
    (lambda p: sized(p, "manifest.json", -1), "a record states"),
    (lambda p: sized(p, "receipt.json", 10**15), "a record states 1,000,000,000,"),
    (lambda p: changed(p[RECORD], needs=[RECORD]), "needs other artefacts"),
    (lambda p: b"{}", "no sealed record"),
    (lambda p: b"[" * 100_000, "no sealed record"),
    (lambda p: p[RECORD].replace(b"table", b"tablf"), "does not match its own digest"),
    (lambda p: changed(p[RECORD], name="other-00000000"), "is the record of"),
    (lambda p: changed(p[RECORD], files={}), "names no files"),
    (lambda p: changed(p[RECORD], files=[]), "names no files"),
    (lambda p: changed(p[RECORD], needs=["../x"]), "names no artefact"),
    (lambda p: changed(p[RECORD], needs=["runs/nosuch.json"]), "needs other artefacts"),
    (lambda p: changed(p[RECORD], format={"name": "matdata-shared", "version": 2}), "newer"),
    (lambda p: with_file(p, "../../outside"), "leads out"),
    (lambda p: with_file(p, "/outside"), "leads out"),
    (lambda p: with_file(p, "Manifest.json"), "one file where case does not count"),
    (lambda p: with_file(p, "table.parquet/x"), "lies in what is a file"),
    (lambda p: with_file(p, "a\\b"), "character"),
    (lambda p: with_file(p, "added.txt"), "not those of the manifest"),
    (lambda p: with_file(p, "x", {"bytes": -1, "sha256": DIGEST}), "no size and digest"),
    (lambda p: with_file(p, "x", {"bytes": 1, "sha256": "../" * 20}), "no size and digest"),
    (lambda p: with_file(p, "x", {"bytes": 1, "sha256": DIGEST, "blocks": "x"}), "no size and"),
    (lambda p: with_file(p, "x", 7), "no size and digest"),
    (lambda p: with_file(p, "manifest.json", {"bytes": 7, "sha256": DIGEST}), "missing"),
    (
        lambda p: with_file(p, "manifest.json", {"bytes": 1 << 40, "sha256": DIGEST}),
        "a manifest of",
    ),
]


@pytest.mark.parametrize(("change", "message"), RECORDS, ids=[text for _, text in RECORDS])
def test_records_that_lie_are_refused(packed, tmp_path, change, message):
    members = {**packed, RECORD: change(packed)}
    path = zipped(tmp_path / "a.zip", members.items())
    refused(path, tmp_path / "cache", message)
    assert not (tmp_path / "outside").exists()


def test_what_belongs_to_another_dataset_is_refused(packed, tmp_path):
    shared = tmp_path / "shared"
    md.push("mixed/features/lattice", shared, cache=GOLDEN)
    (name,) = (path.relative_to(shared).as_posix() for path in shared.glob("features/*/*.json"))
    data = (shared / name).read_bytes()
    forged = changed(data, home="golden@local-5ca89036", needs=[RECORD])
    new = name.replace("mixed@local-34813165", "golden@local-5ca89036")
    blobs = {p.relative_to(shared).as_posix(): p.read_bytes() for p in shared.glob("blobs/*/*")}
    path = zipped(tmp_path / "a.zip", {**packed, **blobs, new: forged}.items())
    refused(path, tmp_path / "cache", "was made from dataset")


@pytest.mark.parametrize("needs", [[], [RECORD, RECORD], ["runs/x.json"]])
def test_a_feature_needs_its_dataset_and_nothing_else(packed, tmp_path, needs):
    (name,) = (one for one in packed if one.startswith("features/"))
    members = {**packed, name: changed(packed[name], needs=needs)}
    path = zipped(tmp_path / "a.zip", members.items())
    refused(path, tmp_path / "cache", "it needs no one dataset")


def test_a_record_of_too_many_values_is_refused_before_it_is_parsed(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "MOST_VALUES", 1000)
    members = {**packed, RECORD: b'{"a": [' + b"[]," * 1000 + b"0]}"}
    path = zipped(tmp_path / "a.zip", members.items())
    refused(path, tmp_path / "cache", "more than 1,000 values")


def test_an_export_is_no_pushed_folder(tmp_path):
    folder, cache = tmp_path / "hf", tmp_path / "cache"
    md.export(md.open("golden", GOLDEN), folder, format="pyg")
    refused(folder, cache, "is that of an export")
    with pytest.raises(md.StoreError, match="is that of an export"):
        md.push("golden", folder, cache=GOLDEN)


def test_a_missing_blob_is_found_before_anything_is_installed(packed, tmp_path):
    record = Record.from_bytes(
        packed[RECORD], next(iter([archive.Key.of_path(RECORD)])), "it"
    )  # fmt: skip
    name = (
        f"blobs/{record.files['table.parquet'].sha256[:2]}/{record.files['table.parquet'].sha256}"
    )
    path = zipped(tmp_path / "a.zip", [(n, d) for n, d in packed.items() if n != name])
    refused(path, tmp_path / "cache", "is missing")


def test_a_folder_that_was_changed_is_refused_as_an_archive_is(packed, tmp_path):
    folder = tmp_path / "shared"
    for name, data in packed.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    blob = next(folder.glob("blobs/*/*"))
    blob.write_bytes(b"x")
    refused(folder, tmp_path / "cache", "not those of its name|sends? other|other bytes|damaged")
    shutil.rmtree(folder)
