"""`matdata split`, `matdata audit` and `matdata report`, and the same from Python."""

from __future__ import annotations

import itertools
import json
import zipfile

import pytest
from support.crystals import many, rock_salt
from support.files import write_csv

import matdata as md
from matdata.adapters.sites import to_crystals
from matdata.cli import main
from matdata.splits import Split
from matdata.splits.saved import save_splits


def _run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def dataset(tmp_path):
    extra = {
        "part": [("train", "valid", "test")[k % 3] for k in range(30)],
        "date": [f"20{10 + k % 9}-01-01" for k in range(30)],
    }
    source = write_csv(tmp_path / "some.csv", many(30), **extra)
    return md.build(source, split=None, dedupe="none", workers=1)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["70-15-15-seed0"]),
        (["--split", "80/20", "--seed", "3"], ["80-20-seed3"]),
        (["--method", "stable", "--split", "60/20/20"], ["stable-60-20-20-seed0"]),
        (["--group-by", "chemsys"], ["group-chemsys-70-15-15-seed0"]),
        (["--by", "formula,chemsys"], ["group-formula+chemsys-70-15-15-seed0"]),
        (["--method", "kfold", "--set", "k=3"], [f"kfold3-seed0-fold{k}" for k in range(3)]),
        (
            ["--method", "kfold", "--by", "chemsys", "--set", "k=2"],
            [f"kfold2-chemsys-seed0-fold{k}" for k in range(2)],
        ),
        (
            ["--method", "element", "--set", "elements=Na,F"],
            ["element-Na-seed0", "element-F-seed0"],
        ),
        (["--method", "taata", "--set", "metals=Na,Ca"], ["taata-seed0"]),
        (["--method", "time", "--split", "70/15/15"], ["time-date-70-15-15"]),
        (["--method", "fixed", "--set", "column=part"], ["fixed-part"]),
        (["--name", "mine"], ["mine"]),
    ],
)
def test_every_method_is_saved_and_printed(capsys, dataset, arguments, names):
    code, out, _ = _run(capsys, "split", "some", *arguments)
    assert code == 0
    assert [line.split()[1][:-1] for line in out.splitlines() if line[:5] == "split"] == names
    assert md.open("some").split_names() == sorted(names)
    for name in names:
        parts = md.open("some").split(name)
        assert "train" in parts
        assert len(parts) > 1


def test_json_lists_all_folds(capsys, dataset):
    _, out, _ = _run(capsys, "split", "some", "--method", "kfold", "--set", "k=2", "--json")
    found = json.loads(out)
    assert [one["split"] for one in found["splits"]] == ["kfold2-seed0-fold0", "kfold2-seed0-fold1"]
    assert len({one["digest"] for one in found["splits"]}) == 2
    _, out, _ = _run(capsys, "split", "some", "--json")
    alone = json.loads(out)
    assert {*alone} == {"dataset", "unchanged", "splits"}  # the same document for one split
    assert [one["split"] for one in alone["splits"]] == ["70-15-15-seed0"]


def test_fixed_from_files(capsys, dataset, tmp_path):
    ids = dataset.ids.tolist()
    parts = {"id_train": ids[:20], "id_val": ids[20:25], "id_test": ids[25:]}
    (tmp_path / "ids_train_val_test.json").write_text(json.dumps(parts))
    path = tmp_path / "ids_train_val_test.json"
    assert _run(capsys, "split", "some", "--method", "fixed", "--set", f"file={path}")[0] == 0
    assert dataset.split("fixed-ids_train_val_test")["val"] == ids[20:25]
    options = []
    for part in ("train", "val", "test"):
        (tmp_path / f"{part}.txt").write_text("\n".join(parts[f"id_{part}"]))
        options += ["--set", f"{part}={tmp_path / part}.txt"]
    assert _run(capsys, "split", "some", "--method", "fixed", *options)[0] == 0
    assert dataset.split("fixed-train-val-test") == dataset.split("fixed-ids_train_val_test")
    path.write_text(json.dumps({**parts, "id_test": [*ids[25:], "nowhere"]}))
    code, _, err = _run(capsys, "split", "some", "--method", "fixed", "--set", f"file={path}")
    assert code == 1
    assert "nowhere" in err


def test_a_published_split_lists_what_does_not_match(capsys, dataset, tmp_path):
    ids = dataset.ids.tolist()
    values = {"train": dict.fromkeys(ids[:18], "0.5"), "val": dict.fromkeys(ids[18:21], "1")}
    values["val"]["gone"] = "2"
    values["test"] = dict.fromkeys([ids[17], *ids[20:25], "lost"], "0")
    path = tmp_path / "dft_3d_gap.json.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dft_3d_gap.json", json.dumps(values))
    words = ["split", "some", "--method", "fixed", "--name", "leaderboard", "--json"]
    words += ["--set", f"file={path}", "--set", "unknown=drop", "--set", "repeated=held_out"]
    code, out, err = _run(capsys, *words)
    assert code == 0
    (split,) = json.loads(out)["splits"]
    assert split["unmatched"]["not_in_data"] == {"val": ["gone"], "test": ["lost"]}
    assert split["unmatched"]["repeated"] == {
        ids[17]: ["train", "test"],
        ids[20]: ["val", "test"],
    }
    assert split["unmatched"].pop("in_no_part") == ids[25:]
    assert "2 ids are not in the data (val 1, test 1), dropped: gone, lost" in err
    assert "5 materials are in no part" in err
    assert split["sizes"] == {"train": 17, "val": 2, "test": 6}
    saved = md.open("some").split("leaderboard")
    assert saved.unmatched == split["unmatched"]
    assert saved.ids("test").tolist() == [ids[17], *ids[20:25]]


def test_python_gives_the_same(dataset):
    assert dataset.split((80, 20), seed=3).name == "80-20-seed3"
    assert [one.name for one in dataset.folds(method="kfold", set={"k": 2}, name="f")] == [
        "f-0",
        "f-1",
    ]
    assert set(dataset.split("80-20-seed3")) == {"train", "test"}
    assert dataset.split(method="random").name == "70-15-15-seed0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "randon"], "did you mean 'random'"),
        (["--method", "kfold", "--set", "kk=3"], "did you mean 'k'"),
        (["--method", "kfold", "--split", "80/20"], "a kfold split takes no --split"),
        (["--method", "random", "--by", "chemsys"], "a random split takes no --group-by"),
        (["--seed", "1", "--set", "seed=2"], "seed is given twice"),
        (["--set", "seed"], "expected KEY=VALUE"),
        (["--by", "chemsystem"], "did you mean 'chemsys'"),
        (["--split", "70/15/16"], "they sum to 101"),
        (["--split", "300/20/20"], "ask for 340 materials; there are 30"),
    ],
)
def test_bad_requests_are_refused(capsys, dataset, arguments, message):
    code, _, err = _run(capsys, "split", "some", *arguments)
    assert code == 1
    assert message in err
    assert dataset.split_names() == []


def test_another_split_of_the_same_name_is_an_error(dataset):
    metals = {"metals": "Na,Ca"}
    dataset.split(method="taata", set=metals)
    assert dataset.split(method="taata", set=metals).name == "taata-seed0"
    with pytest.raises(md.SplitError, match="with other members") as error:
        dataset.split(method="taata", set={"metals": "Mg,Sr"})
    assert "--name NAME" in str(error.value)
    assert dataset.split(method="taata", set={"metals": "Mg,Sr"}, name="mg").name == "mg"


@pytest.fixture
def leaky():
    """Rock salts with lattice constants that repeat: a, b and c near each other, others apart."""
    lengths = {"a": 5.60, "b": 5.61, "c": 5.62, "d": 6.4, "e": 7.4}
    sites = [rock_salt(length, 11, 17) for length in lengths.values()]
    sites += [rock_salt(4.2, 12, 8), rock_salt(5.1, 20, 16)]
    return to_crystals([*lengths, "f", "g"], sites)


def _split(dataset, **parts: str) -> None:
    path = dataset.folder.parent / "parts.json"
    path.write_text(json.dumps({part: list(ids) for part, ids in parts.items()}))
    dataset.split(method="fixed", set={"file": str(path)})


def test_audit_reports_leaks_by_its_exit_code(capsys, leaky, tmp_path):
    dataset = md.build(write_csv(tmp_path / "l.csv", leaky), split=None, dedupe="none", workers=1)
    _split(dataset, train="adf", val="be", test="cg")
    code, out, _ = _run(capsys, "audit", "l", "--split", "fixed-parts", "--near-duplicates")
    assert code == 1
    assert "b as a: NaCl" in out
    assert "LEAKS: train shares with 1 of val by near_duplicate" in out
    code, out, err = _run(capsys, "audit", "l")
    assert code == 0
    assert "train shares with 2 of val by protostructure" in err
    assert "--near-duplicates compares the structures" in err
    code, out, _ = _run(capsys, "audit", "l", "--forbid", "formula")
    assert code == 1
    assert "LEAKS: train shares with 2 of val by formula" in out
    code, out, _ = _run(capsys, "audit", "l", "--json", "--near-duplicates", "--judge")
    found = json.loads(out)
    assert code == 1
    assert found["leaks"] is True
    assert found["clean"] is False
    near = {(o["source"], o["target"]): o for o in found["overlaps"] if o["key"][:4] == "near"}
    assert near["train", "val"]["examples"] == [["b", "a", "near duplicate"]]
    assert near["train", "test"]["n_shared"] == 1
    allowed = ["--allow", "near_duplicate"]
    assert _run(capsys, "audit", "l", "--near-duplicates", *allowed)[0] == 0
    strict = ["--near-duplicates", "--set", "volume_tolerance=0.001"]
    assert _run(capsys, "audit", "l", *strict)[0] == 0


def test_audit_judges_a_split_by_what_it_keeps_apart(capsys, leaky, tmp_path):
    """By chance a random split shares chemical systems; a group split by them may not."""
    dataset = md.build(write_csv(tmp_path / "l.csv", leaky), split=None, dedupe="none", workers=1)
    dataset.split("40/30/30")
    code, out, _ = _run(capsys, "audit", "l", "--keys", "chemsys")
    assert code == 0
    assert "information" in out
    assert "clean" in out
    dataset.split("60/20/20", group_by="chemsys", name="groups")
    code, out, _ = _run(capsys, "audit", "l", "--split", "groups", "--json")
    assert code == 0
    assert json.loads(out)["kept_apart"] == ["chemsys"]
    parts = {"train": dataset.ids[:3], "test": dataset.ids[3:]}
    save_splits(dataset, [Split("broken", "group", {"by": ["chemsys"]}, parts)])
    code, out, _ = _run(capsys, "audit", "l", "--split", "broken")
    assert code == 1
    assert "LEAKS: train shares with 2 of test by chemsys" in out
    assert {o.key for o in dataset.audit("broken").shared("information")} == {"formula"}
    both = {"by": ["chemsys", "material_id"]}  # together they are apart, each alone is not
    save_splits(dataset, [Split("pairs", "group", both, parts)])
    report = dataset.audit("pairs")
    assert not report.shared("failure")
    assert "keeps chemsys+material_id apart" in report.to_text()


def test_a_clean_split_and_one_that_shares_val_with_test_only(capsys, leaky, tmp_path):
    dataset = md.build(write_csv(tmp_path / "l.csv", leaky), split=None, dedupe="none", workers=1)
    _split(dataset, train="fg", val="ab", test="cde")
    code, out, _ = _run(capsys, "audit", "l")
    assert code == 0
    assert "clean" in out
    assert "val -> test" in out
    assert dataset.audit(keys=["formula"], near_duplicates=True).leaks


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keys", "formul"], "did you mean 'formula'"),
        (["--allow", "chemsystem"], "did you mean 'chemsys'"),
        (["--allow", "near_duplicate"], "it is not compared by"),
        (["--set", "volume_tolerance=1"], "--near-duplicates"),
        (["--near-duplicates", "--set", "volume=1"], "did you mean 'volume_tolerance'"),
        (["--split", "70-15-15-seed1"], "did you mean '70-15-15-seed0'"),
    ],
)
def test_bad_audits_are_refused(capsys, dataset, arguments, message):
    dataset.split(method="random")
    code, _, err = _run(capsys, "audit", "some", *arguments)
    assert code == 1
    assert message in err


@pytest.mark.slow
def test_audit_of_compositions(capsys, tmp_path):
    path = tmp_path / "gaps.csv"
    rows = [f"{formula},{k}" for k, formula in enumerate(["NaCl", "MgO", "CaO", "Na2Cl2"] * 3)]
    path.write_text("\n".join(["formula,target", *rows]))
    md.build(path, split="50/25/25")
    code, out, err = _run(capsys, "audit", "gaps")
    assert code == 0
    assert "perhaps the same material on both sides: train shares" in err
    assert "not checked, no such column: protostructure" in out
    code, _, err = _run(capsys, "audit", "gaps", "--near-duplicates")
    assert code == 1
    assert "holds compositions and no structures" in err


@pytest.mark.slow
def test_report_is_the_table_of_goodall(capsys, tmp_path):
    source = write_csv(tmp_path / "r.csv", many(12))
    md.build(source, dedupe="protostructure", filter={"wyckoff_below": 16}, workers=1)
    code, out, _ = _run(capsys, "report", "r", "--output", str(tmp_path / "funnel.png"))
    assert code == 0
    assert (tmp_path / "funnel.png").read_bytes()[:4] == b"\x89PNG"
    lines = [line for line in out.splitlines() if "  " in line]
    assert lines[0].split() == ["Filter", "Number"]
    assert lines[1].startswith("Full data set")
    assert lines[-1].startswith("Fewer than 16 Wyckoff positions")
    _, out, _ = _run(capsys, "report", "r", "--json")
    rows = json.loads(out)["table"]
    assert rows[0] == {"filter": "Full data set", "number": 12, "removed": {}}
    assert rows[-1]["number"] == len(md.open("r"))
    for before, after in itertools.pairwise(rows):
        assert before["number"] - sum(after["removed"].values()) == after["number"]
    code, _, err = _run(capsys, "report", "r", "--output", str(tmp_path / "funnel.txt"))
    assert code == 1
    assert ".png, .svg, .pdf" in err
