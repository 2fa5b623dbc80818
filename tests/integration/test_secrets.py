"""A sentinel key and a sentinel password are in nothing that commands print or write."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from support import mp_server, optimade_server
from support.crystals import many
from support.files import mp_document
from support.mp_tables import write_collection
from support.s3_server import serving_bucket
from support.secrets import assert_hidden

from matdata.adapters.pymatgen import to_structure
from matdata.cli import main
from matdata.core import redaction
from matdata.sources import web

pytestmark = pytest.mark.slow

#: Imported when a test needs it: the client takes seconds.
CLIENT_SETTINGS = "mp_api.client.core.settings.MAPI_CLIENT_SETTINGS"

KEY = "Sentinel/Key+0123456789=abcdefgh"
PASSWORD = "Sentinel:p@ss/w0rd%é"
QUOTED = "Sentinel%3Ap%40ss%2Fw0rd%25%C3%A9"
assert len(KEY) == 32


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs commands on one cache as a process would; keeps all that they print."""
    monkeypatch.setattr(web, "PAUSE", 0.0)
    monkeypatch.setattr(f"{CLIENT_SETTINGS}.BACKOFF_FACTOR", 0.0)
    told = []

    def command(*words, code=None, **environment):
        # Secrets passed to an earlier command must not help this one.
        redaction.forget_secrets()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                ended = main([*words, "--cache", str(tmp_path / "cache")])
            except SystemExit as error:
                ended = error.code
            except Exception:
                sys.excepthook(*sys.exc_info())
                ended = 1
        done = capfd.readouterr()
        told.extend(done)
        assert code is None or ended == code, done.err
        return done

    command.told = told
    return command


def _documents(rows=12):
    crystals = many(rows)
    return [mp_document(crystals, row) for row in range(rows)]


def _read_everything(run, tmp_path, dataset):
    """All commands that show what was built."""
    replay = str(tmp_path / "cache" / "replay.jsonl")
    run("list", code=0)
    run("list", "--json", code=0)
    run("info", dataset, code=0)
    run("info", dataset, "--json", code=0)
    shown = json.loads(run("list", "--json").out)["snapshots"]
    identity = pq.read_table(next((tmp_path / "cache" / "datasets").rglob("table.parquet")))
    run("show", dataset, identity["material_id"][0].as_py(), code=0)
    run("verify", code=0)
    run("diff", *[one["snapshot"] for one in (shown * 2)[:2]])
    run("export", dataset, replay, "--snapshot", code=0)
    run("export", dataset, str(tmp_path / "cache" / "out.csv"), code=0)
    run("build", replay, "--split", "none", "--json", code=0)


BUILD = ("--split", "none", "--dedupe", "none", "--workers", "1")


def test_a_key_stays_hidden_when_all_goes_well(run, tmp_path):
    with mp_server.serving(_documents()) as server:
        server.key = KEY
        run("build", "mp", *BUILD, code=0, MP_API_KEY=KEY, MP_API_ENDPOINT=server.url)
    _read_everything(run, tmp_path, "mp")
    assert_hidden([KEY], run.told, tmp_path)


ECHO = json.dumps({"detail": f"the key {KEY} is not known"}).encode()
WEATHER = {
    "refused, echoing the key": (401, ECHO),
    "busy": (429, ECHO),
    "broken": (500, ECHO),
    "no JSON": (200, f"<html>{'x' * 40}{KEY}".encode()),
    "no documents": (200, json.dumps({"data": {KEY: 1}}).encode()),
}


@pytest.mark.parametrize("weather", WEATHER)
@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["plain", "debug"])
def test_a_key_stays_hidden_in_failures(weather, debug, run, tmp_path):
    with mp_server.serving(_documents()) as server:
        server.down = WEATHER[weather]
        environment = {"MP_API_KEY": KEY, "MP_API_ENDPOINT": server.url}
        run("build", "mp", *BUILD, *debug, code=1, **environment)
        server.down, server.key = None, KEY
        server.faults = [WEATHER[weather]] * 20
        run("build", "mp", *BUILD, *debug, code=1, **environment)
    assert_hidden([KEY], run.told, tmp_path)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (KEY[:15] + " " + KEY[16:], "its 32 characters include a blank"),
        (KEY[:15] + "\n" + KEY[16:], "its 32 characters include an end of line"),
        (KEY[:31] + "\n", "its 32 characters include an end of line"),
        (KEY + "\n", "its 33 characters include an end of line"),
        (KEY[:15] + "\x7f" + KEY[16:], "its 32 characters include a control character"),
        (KEY[:15] + "é" + KEY[16:], "its 32 characters include a letter or sign that is not ASCII"),
        (KEY[:15] + "\u3042" + KEY[16:], "include a letter or sign that is not ASCII"),
        (KEY[:20], "has 20 characters, expected 32"),
    ],
)
@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["plain", "debug"])
def test_what_is_no_key_is_refused_unseen(key, kind, debug, run, tmp_path):
    with mp_server.serving(_documents()) as server:
        done = run("build", "mp", *debug, code=1, MP_API_KEY=key, MP_API_ENDPOINT=server.url)
    assert kind in done.err
    assert_hidden([key.strip(), *key.split()], run.told, tmp_path)


def test_a_process_of_its_own_hides_warnings_logs_and_its_last_traceback(tmp_path):
    script = (
        "import sys, logging, warnings; from matdata import cli; from matdata.cli import commands\n"
        "def run(given):\n"
        "    key = __import__('os').environ['MP_API_KEY']\n"
        "    warnings.warn('the key is ' + key); logging.error(f'key: {key!r}')\n"
        "    print('key:', key)\n"
        "    raise ValueError(f'Invalid header value {key.encode()!r}')\n"
        "commands.run = run\n"
        "sys.exit(cli.main(['list']))"
    )
    key = KEY[:15] + " " + KEY[16:]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "MP_API_KEY": key},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == "key: ***\n"
    assert "UserWarning: the key is ***" in done.stderr
    assert "ERROR:root:key: '***'" in done.stderr
    assert "ValueError: Invalid header value b'***'" in done.stderr
    assert_hidden([key, *key.split()], [done.stdout, done.stderr], tmp_path)


@pytest.mark.parametrize("user", [f"someone:{QUOTED}@", f"someone:{PASSWORD}@"])
@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["plain", "debug"])
def test_credentials_of_an_endpoint_stay_hidden(user, debug, run, tmp_path):
    with mp_server.serving(_documents()) as server:
        server.key = KEY
        address = server.url.replace("http://", f"http://{user}")
        environment = {"MP_API_KEY": KEY, "MP_API_ENDPOINT": address}
        code = 0 if QUOTED in user else 1
        done = run("build", "mp", *BUILD, *debug, code=code, **environment)
        assert code == 0 or "MP_API_ENDPOINT is not a web address" in done.err
        server.down = (500, b"no")
        run("build", "mp", *BUILD, *debug, "--limit", "3", code=1, **environment)
        wrong = {**environment, "MP_API_ENDPOINT": f"{address}/?api_key={KEY}"}
        run("build", "mp", *BUILD, *debug, code=1, **wrong)
    run("build", "mp", *BUILD, *debug, "--limit", "3", code=1, **environment)
    assert_hidden([KEY, PASSWORD, "w0rd%é"], run.told, tmp_path)


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_credentials_of_a_proxy_stay_hidden(proxy, run, tmp_path):
    gone = f"http://someone:{QUOTED}@127.0.0.1:9"
    environment = {
        "MP_API_KEY": KEY,
        "MP_API_ENDPOINT": "http://database.invalid",
        "MP_OPEN_DATA_ENDPOINT": "http://bucket.invalid",
        proxy: gone,
        "no_proxy": "",
    }
    run("build", "mp", "--debug", code=1, **environment)
    run("build", "optimade:http://database.invalid", "--debug", code=1, **environment)
    assert_hidden([KEY, PASSWORD], run.told, tmp_path)


@pytest.fixture
def entries():
    crystals = many(25)
    structures = [to_structure(crystals, row).as_dict() for row in range(25)]
    return [optimade_server.entry(f"x-{k:04}", one, _x_gap=0.1) for k, one in enumerate(structures)]


def test_an_optimade_service_with_a_login(entries, run, tmp_path):
    quoted = "Sentinel%2FKey%2B0123456789%3Dabcdefgh"
    with optimade_server.standing_in(entries) as server:
        server.login = (f"someone:{PASSWORD}", KEY)
        address = server.url.replace("http://", f"http://someone:{QUOTED}@")
        source = f"optimade:{address}?api_key={quoted}"
        # Wrong in many ways first: what a cut read leaves must not hold them either.
        run("build", f"{source}x", *BUILD, "--debug", code=1)
        run("build", source.replace("?", "/%zz?"), *BUILD, code=1)
        run("build", source.replace("127", "no 127"), *BUILD, code=1)
        run("build", source, "--no-such-option", source, code=2)
        server.faults = [None, None, (404, f"sorry, {KEY}".encode(), {})]
        run("build", source, *BUILD, "--debug", code=1)
        left = [path.name for path in (tmp_path / "cache" / "downloads").iterdir()]
        assert any(name.startswith(".trail-") for name in left)
        assert_hidden([KEY, PASSWORD], run.told, tmp_path)
        assert server.cursors == ["p0", "p10", "p20"]
        run("build", source, *BUILD, code=0)
        assert server.cursors[3:] == ["p0", "p20"]  # it continues where it was interrupted
        _read_everything(run, tmp_path, "optimade-127.0.0.1")
        (snapshot,) = (tmp_path / "cache" / "snapshots" / "optimade").glob("[!.]*")
        origin = json.loads((snapshot / "manifest.json").read_text())["origin"]
        assert origin["request"]["base"] == f"{server.url}/v1"
    assert_hidden([KEY, PASSWORD], run.told, tmp_path)


def test_the_identity_of_a_snapshot_knows_no_credentials(entries, run, tmp_path):
    with optimade_server.standing_in(entries) as server:
        plain = json.loads(run("build", f"optimade:{server.url}", *BUILD, "--json", code=0).out)
        server.login = (f"someone:{PASSWORD}", KEY)
        address = server.url.replace("http://", f"http://someone:{QUOTED}@")
        source = f"optimade:{address}?api_key=Sentinel%2FKey%2B0123456789%3Dabcdefgh"
        again = json.loads(run("build", source, *BUILD, "--json", code=0).out)
    assert plain.pop("symmetry")["computed"] == 25
    assert again.pop("symmetry")["computed"] == 0
    assert (plain.pop("unchanged"), again.pop("unchanged")) == (False, True)
    assert set(plain.pop("states").values()) == {"built"}
    assert set(again.pop("states").values()) == {"unchanged"}
    assert again == plain
    assert len(list((tmp_path / "cache" / "snapshots" / "optimade").glob("[!.]*"))) == 1


def test_credentials_are_not_sent_to_another_host(entries, run, tmp_path):
    with (
        optimade_server.standing_in(entries) as server,
        optimade_server.standing_in(entries) as other,
    ):
        asked = []
        known = other.RequestHandlerClass.send_value

        class Listening(other.RequestHandlerClass):
            def send_value(self, *answer):
                asked.append((self.path, self.headers.get("Authorization")))
                known(self, *answer)

        other.RequestHandlerClass = Listening
        server.login = (f"someone:{PASSWORD}", KEY)
        server.entries = entries[:10]
        server.last, server.returned = "p10", None
        server.elsewhere = other.url
        address = server.url.replace("http://", f"http://someone:{QUOTED}@")
        source = f"optimade:{address}?api_key=Sentinel%2FKey%2B0123456789%3Dabcdefgh"
        run("build", source, *BUILD, code=0)
    assert [path for path, _ in asked] == [
        "/v1/structures?cursor=p10",
        "/v1/structures?cursor=p20",
    ]
    assert {login for _, login in asked} == {None}


def test_a_mirror_with_credentials_is_refused_unseen(run, tmp_path):
    write_collection(tmp_path / "bucket", "summary", _documents(), mp_server.VERSION, files=2)
    words = ("build", "mp", "--bulk", "--thermo", "summary", *BUILD)
    with serving_bucket(tmp_path / "bucket") as server:
        address = server.url.replace("http://", f"http://someone:{QUOTED}@")
        for mirror in (address, f"{server.url}?token={KEY}"):
            done = run(*words, "--debug", code=1, MP_OPEN_DATA_ENDPOINT=mirror)
            assert "MP_OPEN_DATA_ENDPOINT holds credentials" in done.err
        environment = {"MP_OPEN_DATA_ENDPOINT": server.url, "MP_API_KEY": KEY}
        server.down = (500, f"<Error>{KEY}</Error>".encode())
        run(*words, "--debug", code=1, **environment)
        server.down = None
        run(*words, code=0, **environment)
    _read_everything(run, tmp_path, "mp")
    assert_hidden([KEY, PASSWORD], run.told, tmp_path)
