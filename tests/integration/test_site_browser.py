"""The built site in headless Chromium: pages, search, a phone's width, no errors of scripts.

The site is built without executing its pages, unless `MATDATA_SITE` names one that is built.
"""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from support.browsing import (
    DESKTOP,
    PHONE,
    contrast,
    faults,
    luminance,
    need_browser,
    opened_browser,
    sized,
)

ROOT = Path(__file__).parents[2]
WAIT = 30  # seconds for a search
#: Pages of each kind, a table wide and narrow, code and pictures.
PAGES = (
    "index.html",
    "tour.html",
    "gallery/index.html",
    "gallery/funnel.html",
    "gallery/loaders.html",
    "howto/own_csv.html",
    "coming-from.html",
    "reproduced.html",
    "interoperability.html",
    "glossary.html",
    "measurements.html",
    "figures/README.html",
    "json.html",
    "design/artefacts.html",
    "reference/commands/build.html",
    "reference/features/ofm.html",
    "reference/features/index.html",
    "reference/trainers/cgcnn.html",
    "reference/papers.html",
    "reference/api/matdata/build.html",
    "reference/api/matdata.plugin/features.html",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
need_browser()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the site."""
    if os.environ.get("MATDATA_SITE"):
        return Path(os.environ["MATDATA_SITE"])
    pytest.importorskip("furo", reason="the site's packages: uv sync --group docs")
    folder = tmp_path_factory.mktemp("site") / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(ROOT / "docs"), str(folder)]
    environment = {**os.environ, "MATDATA_DOCS_EXECUTE": "off"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(built):
    """Where it is served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=built))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("page", PAGES)
def test_pages_show_no_errors_and_fit_a_phone(browser, address, page):
    sized(browser, *DESKTOP)
    browser.get(f"{address}/{page}")
    heading = browser.find_element("css selector", "article h1")
    assert heading.is_displayed()
    assert not faults(browser)
    broken = browser.execute_script(
        "return [...document.images].filter(i => !i.naturalWidth && i.offsetParent).map(i => i.src)"
    )
    assert not broken
    sized(browser, *PHONE)
    browser.get(f"{address}/{page}")
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= PHONE[0], f"{page} is {width} pixels wide on a phone of {PHONE[0]}"
    assert not faults(browser)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("orbital field", "reference/features/ofm.html"),
        ("ensemble", "train"),
        ("conformal", "reference/derivations/conformal.html"),
    ],
)
def test_the_search_finds_pages(browser, address, words, found):
    from selenium.webdriver.support.ui import WebDriverWait

    sized(browser, *DESKTOP)
    browser.get(f"{address}/index.html")
    field = browser.find_element("css selector", "form[role=search] input[name=q]")
    field.send_keys(words)
    field.submit()
    script = "return [...document.querySelectorAll('#search-results li a')].map(one => one.href)"
    WebDriverWait(browser, WAIT).until(
        lambda one: any(found in target for target in one.execute_script(script)),
        f"no result is {found}",
    )
    assert not faults(browser)


@pytest.mark.parametrize("width", [1280, 1440, 1000])
@pytest.mark.parametrize("page", ["coming-from.html", "reproduced.html", "gallery/index.html"])
def test_wide_pages_fit_a_desk(browser, address, page, width):
    sized(browser, width, DESKTOP[1])
    browser.get(f"{address}/{page}")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_both_sides_of_a_comparison_have_room(browser, address):
    sized(browser, *DESKTOP)
    browser.get(f"{address}/coming-from.html")
    sides = browser.find_elements("css selector", ".sd-row pre")[:2]
    assert len({side.rect["y"] // 10 for side in sides}) == 1  # beside each other
    letters = browser.execute_script(
        "const c=document.createElement('canvas').getContext('2d');"
        "c.font=getComputedStyle(arguments[0]).font;return c.measureText('m').width", sides[0]
    )  # fmt: skip
    assert all(side.rect["width"] / letters > 52 for side in sides)


def test_pictures_of_executed_pages_are_those_of_the_scheme(browser, address, built):
    if "only-dark" not in (built / "gallery" / "funnel.html").read_text(encoding="utf-8"):
        pytest.skip("the site was built without executing its pages; MATDATA_SITE names one")
    for page, least in (("gallery/funnel.html", 1), ("gallery/index.html", 4), ("tour.html", 2)):
        browser.get(f"{address}/{page}")
        for theme, other in (("light", "dark"), ("dark", "light")):
            browser.execute_script(f"document.body.dataset.theme = '{theme}'")
            shown, hidden = (
                browser.execute_script(
                    f"return [...document.querySelectorAll('img.only-{one}')]"
                    ".filter(i => i.offsetParent && i.naturalWidth).length"
                )
                for one in (theme, other)
            )
            assert (shown >= least, hidden) == (True, 0), (page, theme)


def test_dark_and_light_differ_and_are_readable(browser, address):
    sized(browser, *DESKTOP)
    papers = []
    for theme in ("light", "dark"):
        browser.get(f"{address}/index.html")
        script = f"document.body.dataset.theme = '{theme}'; "
        script += "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        ink, paper = browser.execute_script(script)
        assert contrast(ink, paper) > 7  # WCAG 2.1, level AAA
        papers.append(luminance(paper))
    assert papers[0] > papers[1]
