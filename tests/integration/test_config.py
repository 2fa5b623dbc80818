"""Options from configuration files give what arguments give, and what was written builds again."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest
from support.runs import TARGET

import matdata as md
from matdata.cli import main
from matdata.store.config_file import COMMAND_LINE_ONLY

pytestmark = pytest.mark.slow

BUILD = """
source = "sample:60"
features = ["fractions"]
seed = 4
name = "a"
[set.symmetry]
symprec = 0.05
[filter]
sites_below = 40
[set.fractions]
elements = "118"
"""
ARGUMENTS = [
    *("build", "sample:60", "--features", "fractions", "--seed", "4", "--name", "a"),
    *("--set", "symmetry.symprec=0.05", "--filter", "sites_below=40"),
    *("--set", "fractions.elements=118"),
]


def build(capsys, cache, *arguments):
    assert main([*arguments, "--cache", str(cache), "--json", "--quiet", "--workers", "1"]) == 0
    summary = json.loads(capsys.readouterr().out)
    return summary["digest"], summary["split"], summary["features"][0]["arrays_digest"]


def test_a_file_builds_what_arguments_and_python_build(tmp_path, capsys):
    path = tmp_path / "build.toml"
    path.write_text(BUILD)
    written = tmp_path / "written.toml"
    by_arguments = build(capsys, tmp_path / "1", *ARGUMENTS, "--write-config", str(written))
    assert build(capsys, tmp_path / "2", "build", "--config", str(path)) == by_arguments
    assert build(capsys, tmp_path / "3", "build", "--config", str(written)) == by_arguments
    dataset = md.build(config=path, cache=tmp_path / "4", workers=1)
    assert (dataset.digest, dataset.split_names()[0]) == by_arguments[:2]
    assert dataset.manifest["name"] == "a"
    content = tomllib.loads(written.read_text())
    assert content["filter"]["sites_below"] == 40
    assert content["set"]["fractions"] == {"elements": "118"}
    assert content["min-distance"] == 0.5


def test_the_command_line_and_python_win(tmp_path, capsys):
    path = tmp_path / "build.toml"
    path.write_text(BUILD)
    written = tmp_path / "written.toml"
    more = ["--seed", "5", "--filter", "sites_below=30", "--set", "fractions.elements=103"]
    more += ["--name", "b", "--write-config", str(written)]
    build(capsys, tmp_path / "1", "build", "--config", str(path), *more)
    content = tomllib.loads(written.read_text())
    assert (content["seed"], content["name"], content["filter"]["sites_below"]) == (5, "b", 30)
    assert content["set"]["fractions"]["elements"] == "103"
    assert content["set"]["symmetry"]["symprec"] == 0.05
    chosen = {"seed": 5, "filter": {"sites_below": 30}, "set": {"fractions": {"elements": "103"}}}
    dataset = md.build(config=path, cache=tmp_path / "2", workers=1, name="b", **chosen)
    assert dataset.digest == md.open("b", tmp_path / "1").digest


def test_errors_name_the_file(tmp_path, capsys):
    path = tmp_path / "build.toml"
    path.write_text('features = "ofm"\n')
    assert main(["build", "--config", str(path), "--cache", str(tmp_path)]) == 1
    assert f"neither {path} nor the command line says source" in capsys.readouterr().err
    path.write_text('source = "sample:60"\nsplitt = "70/15/15"\n')
    assert main(["build", "--config", str(path), "--cache", str(tmp_path)]) == 1
    assert (
        "build.toml:2: unknown option 'splitt' (did you mean 'split'?)" in capsys.readouterr().err
    )
    path.write_text('source = "sample:60"\n[filter]\nsites_below = "many"\n')
    assert main(["build", "--config", str(path), "--cache", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "'sites_below' expected int" in error
    assert f"options: of {path}" in error
    with pytest.raises(SystemExit):
        main(["build", "--cache", str(tmp_path)])
    assert "the following arguments are required: source" in capsys.readouterr().err


TRAIN = f"""
plugin = "example"
dataset = "s"
target = "{TARGET}"
split = "main"
name = "a"
epochs = 2
[train]
threads = 1
tensorboard = false
schedule = "cosine"
[hyper]
width = 5
"""


def trained(cache, name):
    run = md.open_run(name, cache)
    return run.digest, run.weights()["out.weight"]


@pytest.mark.parametrize("key", COMMAND_LINE_ONLY)
def test_options_of_the_command_line_alone_are_refused_as_such(key, tmp_path, capsys):
    path = tmp_path / "a.toml"
    path.write_text(f'source = "a.csv"\n{key} = true\n')
    assert main(["build", "--config", str(path), "--cache", str(tmp_path)]) == 1
    assert f"a.toml:2: {key} is an option of the command line alone" in capsys.readouterr().err


def test_options_of_the_command_line_alone_are_all_of_those():
    from matdata.cli.arguments import make_parser

    common = {action.dest for action in make_parser("list").of_command("list")._actions}
    assert common - {"help", "cache", "size"} == set(COMMAND_LINE_ONLY)


def test_a_file_trains_what_arguments_train(cache, tmp_path):
    path, written = tmp_path / "run.toml", tmp_path / "written.toml"
    path.write_text(TRAIN)
    common = ["--cache", str(cache), "--quiet"]
    assert main(["train", "--config", str(path), *common, "--write-config", str(written)]) == 0
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--epochs", "2"]
    for pair in ("train.threads=1", "tensorboard=false", "train.schedule=cosine", "width=5"):
        arguments += ["--set", pair]
    assert main([*arguments, "--name", "b", *common]) == 0
    assert main(["train", "--config", str(written), "--name", "c", *common]) == 0
    md.train(config=path, name="d", cache=cache, quiet=True)
    digest, weights = trained(cache, "a")
    for name in "bcd":
        assert trained(cache, name)[0] == digest
        np.testing.assert_array_equal(trained(cache, name)[1], weights)
    content = tomllib.loads(written.read_text())
    assert content["train"]["loss"] == "robust_l1"
    assert content["train"]["batch_size"] == 64  # of the plugin
    assert content["hyper"] == {"width": 5}


def test_what_is_said_wins_over_the_file_of_a_training(cache, tmp_path):
    path, written = tmp_path / "run.toml", tmp_path / "written.toml"
    path.write_text(TRAIN)
    more = ["--epochs", "1", "--set", "hyper.width=4", "--set", "train.schedule=constant"]
    more += ["--cache", str(cache), "--quiet", "--write-config", str(written)]
    assert main(["train", "--config", str(path), *more]) == 0
    run = md.open_run("a", cache)
    assert (run.settings.epochs, run.settings.schedule, run.trainer.hypers.width) == (
        *(1, "constant"),
        4,
    )
    content = tomllib.loads(written.read_text())
    assert (content["train"]["epochs"], content["hyper"]["width"]) == (1, 4)
    again = md.train(config=path, cache=cache, name="b", hyper={"width": 4}, epochs=1, lr=0.5)
    assert (again.settings.lr, again.settings.schedule) == (0.5, "cosine")


def test_settings_without_meaning_beside_others_are_not_written(cache, tmp_path):
    path, written = tmp_path / "run.toml", tmp_path / "written.toml"
    path.write_text(TRAIN)
    common = ["--cache", str(cache), "--quiet"]
    assert main(["train", "--config", str(path), *common]) == 0
    more = ["--from-run", "a", "--keep-normalizer", "--write-config", str(written)]
    assert main(["train", "--config", str(path), "--name", "b", *more, *common]) == 0
    content = tomllib.loads(written.read_text())
    assert (content["from-run"], content["keep-normalizer"]) == ("a", True)
    assert "normalizer" not in content["train"]
    assert main(["train", "--config", str(written), "--name", "c", *common]) == 0
    assert trained(cache, "b")[0] == trained(cache, "c")[0]


def test_a_plugin_with_a_fit_of_its_own_gets_what_it_honours(cache, tmp_path):
    written = tmp_path / "written.toml"
    common = ["--cache", str(cache), "--quiet"]
    asked = ["train", "dummy", "s", "--target", TARGET, "--split", "main", "--seed", "3"]
    assert main([*asked, "--name", "a", "--write-config", str(written), *common]) == 0
    settings = tomllib.loads(written.read_text())["train"]
    assert (settings["seed"], settings["fraction"]) == (3, 1.0)
    assert "lr" not in settings
    assert main(["train", "--config", str(written), "--name", "b", *common]) == 0
    assert md.open_run("a", cache).digest == md.open_run("b", cache).digest


def test_splits_and_features_come_from_files_as_well(cache, tmp_path):
    path, written = tmp_path / "split.toml", tmp_path / "written.toml"
    path.write_text('dataset = "s"\nsplit = "80/20"\nname = "x"\n[set]\nseed = 9\n')
    common = ["--cache", str(cache), "--quiet"]
    assert main(["split", "--config", str(path), *common, "--write-config", str(written)]) == 0
    assert main(["split", "--config", str(written), "--name", "y", *common]) == 0
    arguments = ["split", "s", "--split", "80/20", "--seed", "9", "--name", "z"]
    assert main([*arguments, *common]) == 0
    dataset = md.open("s", cache)
    assert dataset.split("x") == dataset.split("y") == dataset.split("z")
    path.write_text('dataset = "s"\nfeatures = "fractions"\n[set.fractions]\nelements = "118"\n')
    assert main(["featurize", "--config", str(path), *common, "--write-config", str(written)]) == 0
    wide = dataset.feature("fractions", elements="118").manifest["manifest_digest"]
    assert main(["featurize", "--config", str(written), *common]) == 0
    assert dataset.feature("fractions", elements="118").manifest["manifest_digest"] == wide


def test_a_secret_is_not_written_down(tmp_path, capsys, monkeypatch):
    from matdata.store.config_file import Entry, config_text, write_config

    text = config_text(["t"], [Entry("source", "optimade:https://me:hunter2@a.example/x")], {})
    write_config(tmp_path / "a.toml", text)
    assert "hunter2" not in (tmp_path / "a.toml").read_text()
    assert "A secret was hidden" in (tmp_path / "a.toml").read_text()


@pytest.fixture
def salts(monkeypatch):
    """A source with options of its own."""
    from matdata.sources import SOURCES

    monkeypatch.setitem(SOURCES._builtin, "salts", "support.query_source:Salts")


def test_options_of_a_source_come_from_arguments_files_and_python(salts, tmp_path):
    common = ["--split", "none", "--workers", "1", "--quiet", "--cache", str(tmp_path / "c")]
    asked = ["--query", "metal=K", "--query", "count=2"]
    path, written = tmp_path / "a.toml", tmp_path / "written.toml"
    more = ["--name", "a", "--write-config", str(written)]
    assert main(["build", "salts", *asked, *common, *more]) == 0
    assert tomllib.loads(written.read_text())["query"] == {"metal": "K", "count": 2}
    path.write_text('source = "salts"\nname = "b"\n[query]\nmetal = "Li"\ncount = 2\n')
    assert main(["build", "--config", str(path), "--query", "metal=K", *common]) == 0
    options = {"split": None, "name": "c", "cache": tmp_path / "c", "workers": 1}
    md.build("salts", query={"metal": "K", "count": 2}, **options)
    expected = ["KCl", "KCl2"]
    for name in "abc":
        assert sorted(md.open(name, tmp_path / "c").table["formula"]) == expected


def test_wrong_queries_are_refused_with_what_there_is(salts, tmp_path, capsys):
    for pair, message in (
        ("metl=K", "the source salts takes no --metl (did you mean 'metal'?)"),
        ("count=0", "'count' is 0; expected at least 1"),
        ("count", "expected KEY=VALUE"),
    ):
        assert main(["build", "salts", "--query", pair, "--cache", str(tmp_path)]) == 1
        assert message in capsys.readouterr().err
    twice = ["--thermo", "R2SCAN", "--query", "thermo=summary"]
    assert main(["build", "mp", *twice, "--cache", str(tmp_path)]) == 1
    assert "thermo is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["split", "s", "--method", "kfold", "--set", "k=3", "--set", "k=4"],
        ["build", "sample:9", "--set", "graph.radius=4", "--set", "graph.radius=5"],
        ["diff", "s", "t", "--set", "length=1", "--set", "length=2"],
    ],
)
def test_a_setting_with_two_values_is_refused(words, capsys, tmp_path):
    assert main([*words, "--cache", str(tmp_path)]) == 1
    assert "is given twice" in capsys.readouterr().err
