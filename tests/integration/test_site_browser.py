"""The built site in headless Chromium: pages, search, a phone's width, no errors of scripts.

The site is built without executing its pages, unless `MATDATA_SITE` names one that is built.
"""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHONE = (390, 844)
DESKTOP = (1280, 900)
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
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium: uv sync --group docs")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("Chromium and its driver are not installed", allow_module_level=True)


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
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for word in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-dev-shm-usage", f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(word)
    service = webdriver.ChromeService(executable_path=DRIVER)
    opened = webdriver.Chrome(options=options, service=service)
    yield opened
    opened.quit()


def sized(browser, width: int, height: int) -> None:
    """Give the page a width below that of the narrowest window."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def faults(browser) -> list[str]:
    """What the console says since it was last asked."""
    return [one["message"] for one in browser.get_log("browser") if one["level"] != "INFO"]


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


def test_dark_and_light_differ_and_are_readable(browser, address):
    sized(browser, *DESKTOP)
    luminance = {}
    for theme in ("light", "dark"):
        browser.get(f"{address}/index.html")
        script = f"document.body.dataset.theme = '{theme}'; "
        script += "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        luminance[theme] = [_luminance(colour) for colour in browser.execute_script(script)]
    for ink, paper in luminance.values():
        brighter, darker = max(ink, paper), min(ink, paper)
        assert (brighter + 0.05) / (darker + 0.05) > 7  # WCAG 2.1, level AAA
    assert luminance["light"][1] > luminance["dark"][1]


def _luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``, WCAG 2.1."""
    numbers = [float(one) / 255 for one in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in numbers
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
