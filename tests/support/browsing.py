"""Headless Chromium: one browser for the tests of a file, and what pages are asked in it."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PHONE = (390, 844)
DESKTOP = (1280, 900)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")


def need_browser() -> Any:
    """Selenium's drivers; the tests of the file that asks are skipped where there is no browser."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium: uv sync --group docs")
    if not (CHROMIUM and DRIVER):
        pytest.skip("Chromium and its driver are not installed", allow_module_level=True)
    return webdriver


@contextmanager
def opened_browser(profile: Path) -> Iterator[Any]:
    """A browser with a profile of its own, whose console is read."""
    webdriver = need_browser()
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for word in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(word)
    service = webdriver.ChromeService(executable_path=DRIVER)
    opened = webdriver.Chrome(options=options, service=service)
    try:
        yield opened
    finally:
        opened.quit()


def sized(browser: Any, width: int, height: int) -> None:
    """Give the page a width below that of the narrowest window."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(browser: Any, scheme: str) -> None:
    """Have pages drawn in the ``light`` or the ``dark`` colours."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def faults(browser: Any) -> list[str]:
    """What the console says since it was last asked."""
    return [one["message"] for one in browser.get_log("browser") if one["level"] != "INFO"]


def printed(browser: Any) -> bytes:
    """The page as a PDF."""
    asked = {"printBackground": True, "displayHeaderFooter": False}
    return base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", asked)["data"])


def contrast(ink: str, paper: str) -> float:
    """How far two colours ``rgb(r, g, b)`` are apart, 1 to 21, WCAG 2.1."""
    brighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``, WCAG 2.1."""
    numbers = [float(one) / 255 for one in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in numbers
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
