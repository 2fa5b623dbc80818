"""Pictures of datasets and runs, from Python and from the commands, say what is on record."""

from __future__ import annotations

import json
import sys

import pytest
from matplotlib.figure import Figure
from support.figures import faint, outside, overlapping, words_of
from support.runs import train

import matdata as md
from matdata.cli import main

pytestmark = pytest.mark.slow

SYMBOLS = ("Li", "Na", "K", "Rb", "Mg", "Ca", "Sr", "Zn", "Cd", "Fe")
WORDS = {"licence": "CC-BY-4.0", "citation": "A. Author, J. Data 1 (2024)"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A dataset with units, and three evaluated runs on it: network, forest, classes."""
    home = tmp_path_factory.mktemp("plots")
    formulas = [f"{a}{k}{b}" for a in SYMBOLS for b in ("O", "S", "Cl") for k in (1, 2)]
    lines = ["id,formula,gap (eV),heat,kind"]
    for row, formula in enumerate(formulas):
        lines.append(
            f"m{row:02d},{formula},{row % 7 / 3:.3f},{len(formula) - row / 9:.3f},k{row % 3}"
        )
    path = home / "own.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    cache = home / "cache"
    dataset = md.build(
        path, cache=cache, name="own", features=["fractions", "magpie"], dedupe="none", workers=1,
        split="60/20/20", unit={"heat": "kJ/mol"}, **WORDS,
    )  # fmt: skip
    split = dataset.split_names()[0]
    for name, plugin, target in (
        ("net", "example", "heat"),
        ("forest", "rf-magpie", "gap (eV)"),
        ("classes", "rf-magpie", "kind"),
    ):
        common = {"dataset": "own", "split": split, "plugin": plugin}
        assert train(cache, name=name, target=target, **common) == 0
        md.evaluate(name, cache=cache)
    return cache


def check(figure):
    assert isinstance(figure, Figure)
    assert outside(figure) == overlapping(figure) == faint(figure) == []
    return words_of(figure)


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize(("name", "target"), [("net", "heat"), ("forest", "gap (eV)")])
def test_parity_says_what_is_on_record(cache, name, target, style):
    run = md.open_run(name, cache)
    scored = md.evaluate(run)["targets"][target]
    unit, metrics = scored["unit"], scored["metrics"]
    words = check(run.plot.parity(style=style))
    assert unit in ("kJ/mol", "eV")
    for part in (
        f"MAE {metrics['mae']:.4g} {unit}, RMSE {metrics['rmse']:.4g} {unit}",
        f"R² {metrics['r2']:.4g}, {scored['materials']} materials",
        f"run {name} (",
        f"data {run.manifest['dataset']['ref']}",
        f"split {run.manifest['split']['name']}, test part",
        WORDS["licence"],
    ):
        assert part in words.replace("\n", " ")
    assert f"true {target}" in words
    assert words.count(f"({unit})") >= 2
    assert ("± one predicted standard deviation" in words) == ("uncertainty" in scored)


def test_other_pictures_of_runs(cache):
    net, forest, classes = (md.open_run(name, cache) for name in ("net", "forest", "classes"))
    assert "(kJ/mol)" in check(net.plot.errors("heat"))
    words = check(net.plot.history())
    assert "epoch" in words
    assert "split" in words
    area = md.evaluate(forest)["targets"]["gap (eV)"]["uncertainty"]["miscalibration_area"]
    assert f"miscalibration area {area:.4g}" in check(forest.plot.uncertainty())
    scored = md.evaluate(classes)["targets"]["kind"]
    words = check(classes.plot.confusion())
    assert f"accuracy {scored['metrics']['accuracy']:.4g}" in words
    assert all(name in words for name in scored["classes"])


def test_pictures_that_there_are_not(cache):
    forest, classes = md.open_run("forest", cache), md.open_run("classes", cache)
    with pytest.raises(md.TrainError, match="no epochs"):
        forest.plot.history()
    with pytest.raises(md.ConfigError, match="not of numbers"):
        classes.plot.parity()
    with pytest.raises(md.ConfigError, match="no confusion matrix"):
        forest.plot.confusion()
    with pytest.raises(md.ConfigError, match=r"no target 'gap'.*did you mean"):
        forest.plot.parity("gap")
    with pytest.raises(md.ConfigError, match="did you mean"):
        forest.plot.parity(style="darc")


def test_a_run_that_was_not_evaluated_has_no_parity(cache):
    split = md.open("own", cache).split_names()[0]
    assert train(cache, name="closed", dataset="own", split=split, target="heat") == 0
    run = md.open_run("closed", cache)
    check(run.plot.history())
    with pytest.raises(md.TrainError, match="not evaluated"):
        run.plot.parity()


@pytest.mark.parametrize("style", ["light", "dark"])
def test_pictures_of_datasets(cache, style):
    dataset = md.open("own", cache)
    for name, draw in dataset.plot.all(style):
        words = check(draw())
        assert dataset.ref in words, name
    assert "materials with the element" in words_of(dataset.plot.elements())
    assert "heat (kJ/mol)" in words_of(dataset.plot.histogram("heat"))
    assert "gap (eV)" in words_of(dataset.plot.histogram("gap (eV)"))
    assert "gap (eV) (eV)" not in words_of(dataset.plot.histogram("gap (eV)"))
    assert "60 materials, 3 classes" in check(dataset.plot.histogram("kind"))
    assert "heat (kJ/mol)" in check(dataset.plot.splits(column="heat"))
    with pytest.raises(md.ConfigError, match="did you mean 'heat'"):
        dataset.plot.histogram("heta")
    with pytest.raises(md.ConfigError, match="holds no numbers"):
        dataset.plot.splits(column="kind")


def test_the_commands_write_the_same_pictures(cache, tmp_path, capsys):
    common = ["--cache", str(cache), "--json", "--format", "png,svg", "--style", "dark"]
    assert main(["evaluate", "forest", "--pictures", str(tmp_path / "run"), *common]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["pictures_failed"] == {}
    names = {path.rsplit("/", 1)[1] for path in record["pictures"]}
    stems = {name.rsplit(".", 1)[0].split("-")[0] for name in names}
    kinds = {"parity", "errors", "residuals", "elements", "uncertainty"}
    assert (stems, len(names)) == (kinds, 10)
    figure = md.open_run("forest", cache).plot.parity(style="dark")
    mine = figure.write(tmp_path / "mine.svg").read_bytes()
    (theirs,) = (tmp_path / "run").glob("parity-*.svg")
    assert theirs.read_bytes() == mine
    folder = tmp_path / "dataset"
    assert main(["report", "own", "--pictures", str(folder), *common]) == 0
    written = json.loads(capsys.readouterr().out)["pictures"]
    assert len(written) == 2 * len({*md.open("own", cache).plot.all()})
    dataset = md.open("own", cache)
    mine = dataset.plot.elements("dark").write(tmp_path / "e.png").read_bytes()
    assert (folder / "elements.png").read_bytes() == mine
    assert b"CC-BY-4.0" in mine


def test_the_funnel_is_drawn_in_the_format_of_its_name(cache, tmp_path, capsys):
    for ending in ("png", "svg", "pdf"):
        output = tmp_path / f"funnel.{ending}"
        assert main(["report", "own", "--output", str(output), "--cache", str(cache)]) == 0
        assert output.stat().st_size > 2_000
    wrong = ["report", "own", "--output", str(tmp_path / "funnel.jpeg"), "--cache", str(cache)]
    assert main(wrong) == 1
    assert "end the name in one of .html, .png, .svg, .pdf" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--format", "jpeg"], ["--style", "sepia"]])
def test_unknown_formats_and_styles_are_refused_first(cache, wrong, capsys):
    assert main(["evaluate", "forest", *wrong, "--cache", str(cache)]) == 1
    assert main(["report", "own", *wrong, "--cache", str(cache)]) == 1
    assert capsys.readouterr().err.count(wrong[1]) == 2


def test_python_writes_formats_and_styles(cache, tmp_path):
    md.evaluate("forest", cache=cache, pictures=tmp_path, format="svg", style="dark")
    assert {path.suffix for path in tmp_path.iterdir()} == {".svg"}


def test_what_is_missing_without_matplotlib(cache, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(md.ConfigError, match="matplotlib") as refusal:
        md.open("own", cache).plot.elements()
    assert "matdata[pictures]" in refusal.value.next_step
    with pytest.raises(md.ConfigError, match="matplotlib"):
        md.open_run("forest", cache).plot.parity()
