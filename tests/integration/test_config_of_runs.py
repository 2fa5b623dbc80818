"""Options of predict and evaluate: the same from arguments, files and Python."""

from __future__ import annotations

import inspect
import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from support.toy import build, command, rows, train

import matdata as md
from matdata.evaluation.arguments import EVALUATE_OPTIONS, PREDICT_OPTIONS
from matdata.training.prediction_settings import OF_PREDICTION


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("runs") / "cache", rows())


@pytest.fixture(scope="module")
def run(toy):
    return train(toy, "y", "a", ensemble=2, epochs=2)


@pytest.fixture
def evaluated(toy):
    """A run that nobody evaluated yet, under a name of its own."""
    name = f"b{len(list((toy.cache / 'runs').glob('b*')))}"
    return train(toy, "y", name, epochs=1, seed=3)


@pytest.mark.parametrize(
    ("function", "options"), [(md.predict, PREDICT_OPTIONS), (md.evaluate, EVALUATE_OPTIONS)]
)
def test_arguments_and_keywords_have_the_same_names(function, options):
    parameters = {name for name in inspect.signature(function).parameters if name != "settings"}
    names = {option.name for option in options} - {"folds"}  # `md.evaluate_folds`
    assert parameters - {"config"} | set(OF_PREDICTION) == names


def predicted(capsys, toy, *words):
    capsys.readouterr()
    assert command(toy, "predict", *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_a_file_predicts_what_arguments_and_python_predict(toy, run, tmp_path, capsys):
    path, written = tmp_path / "predict.toml", tmp_path / "written.toml"
    path.write_text(
        'run = "a"\nwhat = ["NaCl", "MgO"]\nderive = "conformal:alpha=0.2"\nmembers = true\n'
        "batch-size = 1\nthreads = 1\n"
    )
    words = ["a", "NaCl", "MgO", "--derive", "conformal:alpha=0.2", "--members"]
    words += ["--batch-size", "1", "--threads", "1", "--write-config", str(written)]
    by_arguments = predicted(capsys, toy, *words)
    assert predicted(capsys, toy, "--config", str(path)) == by_arguments
    assert predicted(capsys, toy, "--config", str(written)) == by_arguments
    content = tomllib.loads(written.read_text())
    assert content["derive"] == ["conformal:alpha=0.2,scaled=True,offset=0.0,bins=4,pool=False"]
    assert (content["batch-size"], content["threads"], content["max-sites"]) == (1, 1, 0)
    assert content["what"] == ["NaCl", "MgO"]
    assert "output" not in content
    output = tmp_path / "out.csv"
    found = md.predict(config=path, cache=toy.cache, output=output)
    first = by_arguments["predictions"][0]
    assert found.mean[0, 0] == first["prediction_y_mean"]
    table = pd.read_csv(output, float_precision="round_trip")
    assert table["prediction_y_member_1"].tolist() == [
        row["prediction_y_member_1"] for row in by_arguments["predictions"]
    ]


def test_what_is_given_wins_over_the_file(toy, run, tmp_path, capsys):
    path, written = tmp_path / "predict.toml", tmp_path / "written.toml"
    path.write_text(f'run = "a"\nwhat = "toy"\ncpu-kernels = false\noutput = "{tmp_path}/x.csv"\n')
    more = ["--output", str(tmp_path / "y.json"), "--cpu-kernels", "--write-config", str(written)]
    table = predicted(capsys, toy, "--config", str(path), *more)
    assert len(table["predictions"]) == len(toy)
    assert not (tmp_path / "x.csv").exists()
    assert (tmp_path / "y.json").exists()
    content = tomllib.loads(written.read_text())
    assert content["what"] == [toy.ref]
    assert content["cpu-kernels"] is True
    assert md.predict(run, "NaCl", config=path).ids.tolist() == ["NaCl"]
    named = md.predict("a", toy, cache=toy.cache)
    np.testing.assert_array_equal(named.mean, md.predict(run, toy).mean)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('rum = "a"', "unknown option 'rum' (did you mean 'run'?)"),
        ('run = "a"\nderiv = "power10"', "did you mean 'derive'"),
        ('run = "a"\nwhat = "NaCl"\nlr = 0.1', "unknown option 'lr'"),
        ('run = "a"\nwhat = "NaCl"\nbatch-size = "7"', "expected a whole number"),
        ('run = "a"\nwhat = "NaCl"\nbatch-size = 0', "'batch_size' is 0; expected at least 1"),
        ('run = "a"\nwhat = "NaCl"\nderive = "conformul"', "did you mean 'conformal'"),
        ('run = "a"\nwhat = "NaCl"\noutput = "x.xyz"', "end the name in one of"),
        ('run = "a"', "nor the command line says what"),
        ('run = "a"\nwhat = ["NaCl", ""]', "a name among what is to be predicted is empty"),
        (
            'run = "a"\nwhat = "NaCl"\nbatch-size = 7\nmax-sites = 9',
            "takes the place of batch_size",
        ),
    ],
)
def test_wrong_files_are_refused(toy, run, tmp_path, capsys, text, message):
    path = tmp_path / "predict.toml"
    path.write_text(text)
    assert command(toy, "predict", "--config", str(path)) == 1
    assert message in capsys.readouterr().err


def test_python_without_run_or_materials_is_refused(toy, run):
    for call, message in (
        (lambda: md.predict(run), "no materials were named"),
        (lambda: md.predict(what="NaCl"), "no run was named"),
        (lambda: md.evaluate(), "no run was named"),
        (lambda: md.predict(run, "NaCl", batchsize=3), "did you mean 'batch_size'"),
        (lambda: md.evaluate(run, lr=0.1), "predictions have no setting 'lr'"),
    ):
        with pytest.raises(md.ConfigError, match=message):
            call()


def test_a_file_evaluates_what_arguments_and_python_evaluate(toy, evaluated, tmp_path, capsys):
    path, written = tmp_path / "evaluate.toml", tmp_path / "written.toml"
    path.write_text(
        f'run = "{evaluated.name}"\nderive = ["conformal:alpha=0.2"]\nno-pictures = true\n'
    )
    words = ["evaluate", "--config", str(path), "--json", "--write-config", str(written)]
    assert command(toy, *words) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["pictures"] == []
    content = tomllib.loads(written.read_text())
    assert (content["run"], content["no-pictures"]) == (evaluated.name, True)
    assert content["derive"] == ["conformal:alpha=0.2,scaled=True,offset=0.0,bins=4,pool=False"]
    again = md.evaluate(config=written, cache=toy.cache)
    assert again["targets"] == record["targets"]
    assert again["derived"]["targets"] == record["derived"]["targets"]
    assert md.evaluate(config=written, cache=toy.cache, derive=[]).get("derived") is None
    path.write_text("no-picture = true")
    assert command(toy, "evaluate", evaluated.name, "--config", str(path)) == 1
    assert "did you mean 'no-pictures'" in capsys.readouterr().err


@pytest.mark.slow
def test_pictures_and_none_are_what_was_said_last(toy, evaluated, tmp_path, capsys):
    path, written = tmp_path / "evaluate.toml", tmp_path / "written.toml"
    config = ["--config", str(path), "--write-config", str(written)]
    path.write_text("no-pictures = true\n")
    folder = tmp_path / "p"
    assert command(toy, "evaluate", evaluated.name, *config, "--pictures", str(folder)) == 0
    assert (folder / "parity-y.png").exists()
    content = tomllib.loads(written.read_text())
    assert (content["pictures"], content["no-pictures"]) == (str(folder), False)
    md.evaluate(evaluated, config=path, pictures=tmp_path / "q")
    assert (tmp_path / "q" / "parity-y.png").exists()
    path.write_text(f'pictures = "{tmp_path}/r"\n')
    assert command(toy, "evaluate", evaluated.name, *config, "--no-pictures") == 0
    md.evaluate(evaluated, config=path, no_pictures=True)
    assert not (tmp_path / "r").exists()
    content = tomllib.loads(written.read_text())
    assert content["no-pictures"] is True
    assert "pictures" not in content
    capsys.readouterr()
    both = ["--pictures", str(folder), "--no-pictures"]
    assert command(toy, "evaluate", evaluated.name, *both) == 1
    assert "none are to be written" in capsys.readouterr().err


def test_settings_that_do_not_reach_a_fit_are_refused(toy):
    run = md.train("dummy", toy, "y", split="s", name="fit", quiet=True)
    assert len(md.predict(run, "NaCl", device="cpu", threads=1)) == 1
    with pytest.raises(md.ConfigError, match="do not reach: batch_size"):
        md.predict(run, "NaCl", batch_size=4)
    with pytest.raises(md.ConfigError, match="do not reach: precision"):
        md.evaluate(run, precision="fp16")
    assert not (run.folder / "test.json").exists()


@pytest.mark.slow
def test_python_draws_where_pictures_are_asked_for(toy, evaluated, tmp_path):
    md.evaluate(evaluated)
    assert not (evaluated.folder / "pictures").exists()
    md.evaluate(evaluated, pictures=tmp_path / "p")
    assert (tmp_path / "p" / "parity-y.png").exists()
    md.evaluate(evaluated, no_pictures=False)
    assert (evaluated.folder / "pictures" / "parity-y.png").exists()


def test_positional_arguments_may_stand_apart(toy, run, capsys):
    assert len(predicted(capsys, toy, "a", "--threads", "1", "NaCl", "MgO")["predictions"]) == 2
    with pytest.raises(SystemExit):
        command(toy, "predict", "a")
    assert "the following arguments are required: what" in capsys.readouterr().err
