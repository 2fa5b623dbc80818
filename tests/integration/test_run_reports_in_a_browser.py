"""Reports of runs in headless Chromium: no errors, a phone's width, light, dark, and printed."""

from __future__ import annotations

import pytest
from support import toy
from support.browsing import (
    DESKTOP,
    PHONE,
    contrast,
    faults,
    luminance,
    need_browser,
    opened_browser,
    prefer,
    printed,
    sized,
)

import matdata as md

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
need_browser()
#: By run its trainer, what it is asked to learn, and a picture that its report has.
RUNS = {
    "boosted": ("boosted", "y", "Predicted over true y"),
    "pair": ("example", "y", "Observed over expected coverage"),
    "spectrum": ("example", {"name": "spectrum", "axis": "energy"}, "along its axis"),
    "tags": ("example", {"name": "tags", "objective": "multi_label"}, "Materials by wrong labels"),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The reports, the second and the third of runs whose test part was opened."""
    folder = tmp_path_factory.mktemp("runs")
    dataset = toy.build(folder / "cache", toy.rows())
    dataset.featurize("magpie")
    for name, (trainer, target, _) in RUNS.items():
        if trainer == "example":
            more = {"ensemble": 2, "loss": "robust_l1"} if name == "pair" else {}
            toy.train(dataset, target, name, epochs=4, **more)
        else:
            md.train(trainer, dataset, target=target, split="s", name=name, quiet=True)
        if name in ("pair", "spectrum"):
            md.evaluate(name, cache=dataset.cache)
        md.report(name, folder / f"{name}.html", cache=dataset.cache)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_read_on_a_desk_on_a_phone_and_on_paper(browser, pages, name):
    address = (pages / f"{name}.html").as_uri()
    papers = []
    for scheme in ("light", "dark"):
        prefer(browser, scheme)
        for size in (DESKTOP, PHONE):
            sized(browser, *size)
            browser.get(address)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= size[0], f"{wide} pixels wide on a screen of {size[0]}"
            assert not faults(browser)
        script = "const s=getComputedStyle(document.body);return [s.color,s.backgroundColor]"
        ink, paper = browser.execute_script(script)
        assert contrast(ink, paper) > 7
        papers.append(luminance(paper))
        picture = browser.find_element("css selector", f'svg[aria-label*="{RUNS[name][2]}"]')
        assert picture.size["height"] > 150
    assert papers[0] > 0.9 > 0.1 > papers[1]
    content = printed(browser)
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") >= 3


def test_its_tables_are_sorted(browser, pages):
    prefer(browser, "light")
    sized(browser, *DESKTOP)
    browser.get((pages / "tags.html").as_uri())
    heads = browser.find_elements("css selector", "#residuals th button")
    head = next(one for one in heads if one.text.startswith("wrong labels"))
    browser.execute_script(
        "arguments[0].click()", head
    )  # the page scrolls too smoothly for a mouse
    rows = browser.find_elements("css selector", "#residuals table:first-of-type tbody tr")
    assert len(rows) > 3
    shown = [float(row.find_elements("css selector", "td")[-1].text) for row in rows[:4]]
    assert shown == sorted(shown)
    assert not faults(browser)
