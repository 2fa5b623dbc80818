"""Arguments, files and folders that are none, and files made to take all memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
import subprocess
import sys
import zipfile

import pytest
from support.building import build_all
from support.crystals import few, many
from support.files import poscar, write_folder, write_jsonl

import matdata as md
from matdata.building.pipeline import build
from matdata.cli import main
from matdata.sources import chunks, find_source
from matdata.sources.base import Request


def _arguments(tmp_path):
    return ["--cache", str(tmp_path / "c"), "--split", "none", "--workers", "1"]


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_empty_arguments_are_refused(empty, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "x.jsonl", few())
    for arguments in (
        ["build", empty],
        ["build", "mp", "--from", empty],
        ["build", "sample", "--cache", empty],
        ["info", empty],
        ["predict", "run", empty],
        ["predict", empty, "x.jsonl"],
        ["export", "x", empty],
        ["build", "x.jsonl", "--features", empty],
        ["build", "x.jsonl", "--target", empty],
        ["build", "x.jsonl", "--licence", empty],
        ["audit", "x", "--allow", empty],
    ):
        assert main(arguments) == 1
        assert "is empty" in capsys.readouterr().err
    for call in (
        lambda: md.build(empty, cache=tmp_path / "c"),
        lambda: md.build("mp", from_=empty, cache=tmp_path / "c"),
        lambda: md.build("sample", cache=empty),
        lambda: md.open(empty),
        lambda: md.open_run(empty),
    ):
        with pytest.raises(md.ConfigError, match="is empty"):
            call()


@pytest.mark.parametrize("name", ["a" * 5000 + ".csv", "a\0b.csv"])
def test_paths_that_no_file_can_have(name, tmp_path, capsys):
    assert main(["build", name, *_arguments(tmp_path)]) == 1
    assert "is not a valid path" in capsys.readouterr().err


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "fifo.jsonl")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.json"))
        for name, words in (
            ("zero.csv", "not a regular file"),
            ("fifo.jsonl", "not a regular file"),
            ("s.json", "cannot be read"),
        ):
            with pytest.raises(md.SourceError, match=words):
                build_all(tmp_path / name, tmp_path)
    (tmp_path / "link.jsonl").symlink_to(write_jsonl(tmp_path / "x.jsonl", few()))
    assert len(build_all(tmp_path / "link.jsonl", tmp_path)) == 4


def test_odd_things_in_folders_are_rows_or_left_out(tmp_path):
    folder = write_folder(tmp_path / "f", few(), properties=False)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.cif").symlink_to(folder / "nothing")
    os.mkfifo(folder / "fifo.cif")
    text = poscar(few(), 0)
    (folder / os.fsdecode(b"\xff.vasp")).write_text(text)
    for hidden in (".ipynb_checkpoints", "__MACOSX"):
        (folder / hidden).mkdir()
        (folder / hidden / "copy.vasp").write_text(text)
    dataset = build_all(folder, tmp_path)
    assert dataset.ids.tolist() == ["cscl", "nacl", "po", "sto"]
    assert sorted(dataset.ledger.material_id) == ["\\udcff", "fifo", "gone"]
    assert "2 hidden structure files are left out" in dataset.manifest["note"]
    assert dataset.funnel()[0]["entered"] == 7


@pytest.mark.slow
def test_chunks_are_cut_by_weight_and_the_same_when_resumed(monkeypatch, tmp_path):
    monkeypatch.setattr(chunks, "CHUNK_WEIGHT", 30_000)
    path = write_jsonl(tmp_path / "x.jsonl", many(40))
    source = find_source(str(path), Request())
    raw = list(source.raw_chunks())
    sizes = [len(records) for _, records in raw]
    assert sum(sizes) == 40
    assert len(sizes) > 3
    for start in range(len(raw)):
        assert list(source.raw_chunks(start)) == raw[start:]
    built = build(source, tmp_path / "c")
    assert built.dataset.funnel()[0]["entered"] == 40


BOMBS = {
    "line.jsonl.gz": lambda path: _packed(gzip.open, path, [b"[" * 2**20] * 300),
    "line.csv.bz2": lambda path: _packed(bz2.open, path, [b"a" * 2**20] * 300),
    "text.json.xz": lambda path: _packed(lzma.open, path, [b'["', *([b"a" * 2**20] * 300)]),
    "deep.json.gz": lambda path: _packed(gzip.open, path, [b"[" * 2**20] * 300),
    "members.zip": lambda path: _zip(path, 45, 60 << 20),
    "count.extxyz": lambda path: path.write_text("999999999999\nLattice=\nH 0 0 0\n"),
    "wide.csv": lambda path: path.write_text("c," * 1_000_000 + "c\n" + ("1," * 10**6 + "1\n") * 9),
}


def _packed(opener, path, pieces):
    with opener(path, "wb") as file:
        for piece in pieces:
            file.write(piece)


def _zip(path, count, size):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}.cif", b"#" * size)


#: Runs a command and prints its peak memory; small, since a child begins with its parent's.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_no_file_takes_the_machines_memory(name, tmp_path):
    path = tmp_path / name
    BOMBS[name](path)
    command = [sys.executable, "-m", "matdata.cli", "build", str(path), *_arguments(tmp_path)]
    measured = [sys.executable, "-c", MEASURED, *command]
    done = subprocess.run(measured, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert int(done.stdout) < 1 << 20  # kB: one gigabyte
