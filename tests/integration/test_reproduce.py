"""`matdata reproduce`: the registry, statuses that are computed, pages, and items carried out."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
from matdata_recipes.presets import PRESETS
from matdata_recipes.reproduce import analyses, carry, ours, page, report
from matdata_recipes.reproduce.items import PAPERS, Item, Need
from matdata_recipes.reproduce.registry import ITEMS, find, matching
from matdata_recipes.reproduce.statuses import MEANINGS, Number, worst
from support.crystals import SHARED

from matdata.cli import main
from matdata.cli.arguments import make_parser
from matdata.core.errors import ConfigError, SourceError
from matdata.training import TRAINERS


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.ref)
def test_an_item_says_what_it_takes_or_what_it_lacks(item):
    assert item.paper in PAPERS
    assert item.can_run or item.drawing or item.lacking or item.closed or item.stand_in
    assert not item.trained or item.presets, "no preset has such a name"
    assert not item.analysis or item.analysis in analyses.ANALYSES
    for step in item.steps:
        assert step.startswith("matdata ")
        assert "{run}" in step
        words = shlex.split(step.format(run="run", dataset="dataset", first="first", seed=0))
        make_parser().parse_args(words[1:])
    if item.presets and item.can_run:
        assert item.data


def test_names_are_those_of_the_papers():
    assert len(ITEMS) > 90
    assert {item.paper for item in ITEMS.values()} == set(PAPERS)
    assert [one.ref for one in matching("goodall:table-6.*")][:2] == [
        "goodall:table-6.1", "goodall:table-6.2",
    ]  # fmt: skip
    assert all(one.paper == "finder" for one in matching("finder"))
    with pytest.raises(ConfigError, match=r"did you mean 'goodall:table-4\.2'"):
        find("goodal:table-4.2")


@pytest.mark.parametrize(
    ("paper", "values", "slack", "status"),
    [
        (1.0, (1.04,), None, "reproduced"),
        (1.0, (0.94,), None, "differs"),
        (1.0, (1.2, 0.99, 1.1, 0.95), None, "within error"),
        (1.0, (1.2, 1.21, 1.22), None, "differs"),
        (1.0, (), None, "not run"),
        (None, (1.0,), None, "drawn"),
        (0.33, (0.3304,), 5e-4, "reproduced"),
        (0.236, (0.239,), 5e-4, "differs"),
    ],
)
def test_a_status_is_computed_from_both_numbers(paper, values, slack, status):
    number = Number("x", paper, "somewhere", values, slack=slack)
    assert number.status == status
    assert bool(number.why) is (status == "differs")


def test_a_whole_is_as_good_as_its_worst_number_and_in_part_if_some_are_missing():
    good, bad = Number("a", 1.0, "t", (1.0,)), Number("b", 1.0, "t", (2.0,), notes=("why",))
    assert worst([good, bad]) == "differs"
    assert worst([good]) == "reproduced"
    assert worst([good, Number("c", 1.0, "t")]) == "in part"
    assert worst([Number("c", 1.0, "t")]) is None
    assert bad.why == "why"


def _result(preset, mae=0.3, seed=0, version=None, **changed):
    own = PRESETS[preset]
    kind = TRAINERS.get(own.plugin)
    return {
        "run": f"{preset}-{seed}-{mae}",
        "plugin": {"name": own.plugin, "version": version or kind.version},
        "dataset": {"ref": "roost-expt-band-gaps@local-1"},
        "split": {"name": f"80-20-seed{seed}"},
        "seed": seed,
        "settings": {**own.settings, **changed},
        "hypers": dict(own.hypers),
        "from_run": None,
        "freeze": [],
        "reinit": [],
        "epochs": changed.get("epochs", 250),
        "seconds": 1.0,
        "targets": {"Eg": {"task": "regression", "unit": "eV", "metrics": {"mae": mae}}},
    }


def test_results_are_matched_to_presets_and_seeds_are_joined():
    trained = [_result("ex-roost", 0.26, 0), _result("ex-roost", 0.27, 1)]
    trained += [_result("ex-roost", 0.9, epochs=3), _result("ex-roost-ensemble", 0.25)]
    trained += [_result("ex-roost-model1", 0.28, version="0")]
    records = ours.Records(trained, {})
    numbers = {n.label: n for n in ours.numbers_of(find("goodall:table-4.4"), records)}
    assert numbers["ex-roost"].values == (0.26, 0.27)
    assert report.with_error(numbers["ex-roost"]) == "0.265(5)"
    assert numbers["ex-roost-model1"].values == (0.28,)
    assert "version 0" in " ".join(numbers["ex-roost-model1"].notes)
    assert numbers["ex-roost-model2"].values == ()
    (ensemble,) = [n for n in ours.numbers_of(find("goodall:table-4.2"), records)
                   if n.label == "ex-roost-ensemble"]  # fmt: skip
    assert ensemble.values == (0.25,)
    assert ours.status_of(find("goodall:table-4.4"), list(numbers.values()), records) == "in part"


def test_a_version_that_changes_other_trainings_outdates_no_result(monkeypatch):
    def equal(version, hypers):
        return version == "0" and "layers" not in hypers

    monkeypatch.setattr(ours.TRAINERS.get("roost"), "trains_like", staticmethod(equal))
    trained = [_result("ex-roost", 0.26, version="0"), _result("ex-roost", 0.9, epochs=3)]
    trained += [_result("ex-roost-model1", 0.28, version="-1")]
    numbers = ours.numbers_of(find("goodall:table-4.4"), ours.Records(trained, {}))
    found = {one.label: one for one in numbers}
    assert (found["ex-roost"].values, found["ex-roost"].notes) == ((0.26,), ())
    assert "version -1" in " ".join(found["ex-roost-model1"].notes)


def test_what_was_trained_less_than_the_preset_says_so():
    records = ours.Records([_result("ex-roost", 0.9, epochs=3)], {})
    (number,) = [n for n in ours.numbers_of(find("goodall:table-4.4"), records) if n.values]
    assert number.why == "epochs=3, the preset has the plugin's own"


def test_list_json_and_report_of_what_is_on_record(tmp_path, capsys):
    words = ["reproduce", "--list", "--report", str(tmp_path / "r"), "--json"]
    assert main([*words, "--cache", str(tmp_path / "cache")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["item"] for one in record["items"]] == list(ITEMS)
    assert {one["status"] for one in record["items"]} <= set(MEANINGS)
    for one in record["items"]:  # whatever is counted has its evidence
        for number in one["numbers"]:
            assert (number["ours"] is None) is (not number["evidence"])
    shown = (tmp_path / "r" / "index.html").read_text()
    assert "<script" not in shown
    assert not re.search(r'(src|href)="(?!data:image/png|#)', shown)
    assert "prefers-color-scheme: dark" in shown
    assert (tmp_path / "r" / "table.md").read_text().count("| `goodall:") > 30


def test_the_page_escapes_what_it_shows():
    item = Item("finder", "table-<9>", "a <script>alert(1)</script> & |", needs=(
        Need("<f>", "<w>"),), analysis="cuprates")  # fmt: skip
    number = Number("<b>", 1.0, "t", (2.0,), notes=("<i>",), evidence=("<u>",))
    one = report.Entry(item, (number,), "differs")
    shown = page.page([one], "<title>")
    for bad in ("<script", "<b>", "<i>", "<u>", "<9>", "<title><"):
        assert bad not in shown
    assert "a &lt;script>alert(1)&lt;/script> & \\|" in report.markdown([one])


def test_shown_without_data_and_refused_before_work(tmp_path, capsys):
    cache = ["--cache", str(tmp_path)]
    assert main(["reproduce", "goodall:table-4.2", *cache]) == 0
    shown = capsys.readouterr().out
    assert "data: expt-non-metals.csv, from https://github.com/CompRhys/roost" in shown
    assert "ex-roost-transfer" in shown
    wrong = [
        ([], "no table or figure is named"),
        (["goodall:table-4.9"], "no table or figure 'goodall:table-4.9'"),
        (["goodall:table-4.2", "--from", str(tmp_path)], "needs 2 files that are not there"),
        (["goodall:table-4.2", "--from", ".", "--only", "no"], "no preset of goodall:table-4.2"),
        (["goodall:figure-6.14", "--from", "."], "the ICSD, which is closed"),
        (["finder:figure-1", "--from", "."], "a drawing that shows no result"),
        (["goodall:table-5.1", "--from", str(tmp_path)], "needs 1 files that are not there"),
        (["lgdcnn:figure-s9", "--from", "."], "is not built"),
        (["goodall:table-4.2", "--scale", "big"], "choose"),
    ]
    for words, told in wrong[:-1]:
        assert main(["reproduce", *words, *cache]) == 1, words
        assert told in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "datasets").exists()
    with pytest.raises(SystemExit) as left:
        main(["reproduce", *wrong[-1][0], *cache])
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("goodall:table-4.2", "--only", "ex-rf-magpie"), "no data are given"),
        (("goodall:table-4.2", "--scale", "small", "--seeds", "1"), "--scale and --seeds of what"),
        (("--list", "--threads", "2"), "all of them are listed"),
        (("goodall:table-4.2", "--from", "nowhere"), "there is no file or folder nowhere"),
        (("goodall:table-4.2", "--from", ".", "--seeds", "1", "1"), "each once"),
        (("goodall:table-4.2", "--from", ".", "--seeds", "-1"), "whole numbers from 0"),
        (("lgdcnn:figure-12", "--from", ".", "--only", "*-lstm"), "leave out --only"),
    ],
)
def test_what_is_wrong_is_refused_before_work(tmp_path, capsys, words, said):
    assert main(["reproduce", *words, "--cache", str(tmp_path / "c")]) == 1
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "c").exists()


def test_files_are_found_by_name_end_of_path_or_packed(tmp_path):
    for part in ("train", "val", "test"):
        (tmp_path / "OQMD_Bandgap").mkdir(exist_ok=True)
        (tmp_path / "OQMD_Bandgap" / f"{part}.csv.gz").touch()
    item = find("lgdcnn:figure-4")
    more = {"small": True, "only": "oqmd-band-gap-rf-magpie"}
    plan = carry.plan_of(item, [str(tmp_path)], tmp_path, None, **more)
    assert [preset.name for preset in plan.presets] == ["oqmd-band-gap-rf-magpie"]
    assert plan.results.is_relative_to(tmp_path / "recipes" / "small")
    with pytest.raises(SourceError, match="aflow__Egap/train"):
        carry.plan_of(item, [str(tmp_path)], tmp_path, None, small=True, only="*band-gap-roost")


def test_tables_of_wyckoff_positions_need_no_data(tmp_path):
    for name in ("goodall:table-6.4", "goodall:table-6.5"):
        item = find(name)
        asked = analyses.Asked(item, (), tmp_path, None, None)
        checks = analyses.ANALYSES[item.analysis](asked)
        assert len(checks) >= 3
        assert all(check.ours == check.published for check in checks)


@pytest.mark.slow
@pytest.mark.real_data
def test_crystals_are_counted_by_their_elements(tmp_path, capsys):
    file = SHARED / "mp200" / "summary.jsonl.gz"
    if not file.is_file():
        pytest.skip("the documents of mp200 are not here")
    from matdata.core.console import Console

    item = find("ocrystalnet:figure-3")
    asked = analyses.Asked(item, (file,), tmp_path / "c", tmp_path / "p", Console())
    assert analyses.ANALYSES[item.analysis](asked) == []
    said = [line for line in capsys.readouterr().out.splitlines() if " elements: " in line]
    counts = {int(line.split()[0]): int(line.split()[2]) for line in said}
    assert sum(counts.values()) > 150
    assert set(counts) <= set(range(1, 10))
    assert {path.name for path in (tmp_path / "p").iterdir()} == {
        "figure-3-light.png", "figure-3-dark.png",
    }  # fmt: skip


def test_the_page_of_the_documents_is_what_is_on_record():
    import importlib.util

    root = Path(__file__).parents[2]
    tool = root / "tools" / "make_reproduced_page.py"
    spec = importlib.util.spec_from_file_location("make_reproduced_page", tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (root / "docs" / "reproduced.md").read_text(encoding="utf-8")
    assert written == module.text(), "run tools/make_reproduced_page.py"


def _gaps(path: Path, elements: tuple[str, ...]) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "composition", "Eg"])
        formulas = [f"{a}{k}{b}" for a in elements for b in ("O", "S", "Se") for k in (1, 2, 3)]
        rows.writerows([str(n), name, 0.5 + 0.1 * (n % 9)] for n, name in enumerate(formulas))
    return path


@pytest.mark.slow
def test_a_table_on_the_small_scale_from_files_to_a_page(tmp_path, capsys):
    """Data, features, training, evaluation, numbers side by side, pictures; and again."""
    data = _gaps(tmp_path / "expt-non-metals.csv", ("Mg", "Ca", "Sr", "Zn", "Cd"))
    words = ["reproduce", "goodall:table-4.2", "--from", str(data), "--scale", "small"]
    words += ["--only", "ex-r*e", "--cache", str(tmp_path / "c"), "--report", str(tmp_path / "r")]
    assert main([*words, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    numbers = {n["label"]: n for n in record["items"][0]["numbers"]}
    assert numbers["ex-rf-magpie"]["ours"] > 0
    assert numbers["ex-rf-magpie"]["evidence"] == ["ex-rf-magpie-seed0"]
    assert numbers["ex-roost-transfer"]["ours"] is None
    assert (tmp_path / "r" / "index.html").read_text().count("data:image/png") >= 3
    kept = tmp_path / "c" / "recipes" / "small"
    assert (kept / "results" / "ex-rf-magpie-seed0.json").is_file()
    assert not (tmp_path / "c" / "runs").exists()
    assert main(words[:-2]) == 0  # on record
    shown = capsys.readouterr().out
    assert "ex-rf-magpie-seed0: on record" in shown
    assert "small scale: these numbers only show that everything works" in shown


@pytest.mark.slow
@pytest.mark.real_data
def test_the_cuprates_of_the_thesis(tmp_path, capsys):
    folder = SHARED / "cuprates"
    if not folder.is_dir():
        pytest.skip("the tables of CompRhys/apical are not here")
    item = find("goodall:figure-3.3")
    from matdata_recipes import cuprates

    tables = cuprates.read_tables(folder)
    checks = {one.what: one for one in cuprates._strained(tables)}
    differ = [name for name, one in checks.items() if abs(one.ours - one.published) > 5e-4]
    assert differ == ["DFT y123, of a"]  # 0.239, where the thesis prints 0.236
    assert item.analysis == "cuprates"
