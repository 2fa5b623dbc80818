"""Reports in a real browser, headless Chromium: no errors, tables sort, light, dark, printed."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from support import rich

pytestmark = pytest.mark.slow
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium is installed")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--hide-scrollbars", "--enable-logging=stderr", "--no-first-run",
)  # fmt: skip
#: Of the browser's own machinery, which no page causes.
NO_CONSOLE = re.compile(r":CONSOLE(?:\(|:)")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    built = rich.build(folder)
    built.featurize("magpie")
    return built.report(folder / "rich.html").output


def _browse(path, *flags, size="1200,900"):
    done = subprocess.run(
        [BROWSER, *FLAGS, f"--user-data-dir={path.parent / 'profile'}", f"--window-size={size}",
         *flags, path.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def _with_script(page, script):
    """A copy of the page that runs a script of the test, whose result is its title."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    path = page.with_name("probed.html")
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    title = re.search(r"<title>(.*?)</title>", _browse(path, "--dump-dom").stdout)
    return title[1]


@needs_browser
def test_the_page_runs_its_own_script_and_reports_no_error(page):
    done = _browse(page, "--dump-dom")
    messages = [line for line in done.stderr.splitlines() if NO_CONSOLE.search(line)]
    assert not messages, messages
    assert '<th class="num" scope="col"><button type="button">' in done.stdout
    assert 'placeholder="filter these rows"' in done.stdout


@needs_browser
def test_no_other_script_runs(page):
    path = page.with_name("attacked.html")
    attack = "<script>document.title='attacked'</script><img src=x onerror=\"document.title='x'\">"
    path.write_text(page.read_text(encoding="utf-8").replace("<main>", f"<main>{attack}"))
    done = _browse(path, "--dump-dom")
    assert "<title>rich: report of the dataset</title>" in done.stdout
    assert "Content Security Policy" in done.stderr


@needs_browser
def test_tables_are_sorted_and_filtered(page):
    script = """
    const head=[...document.querySelectorAll('#columns th')].find(h=>h.textContent==='median');
    head.querySelector('button').click();
    const index=[...head.parentElement.cells].indexOf(head);
    const rows=[...head.closest('table').tBodies[0].rows];
    const numbers=rows.map(r=>r.cells[index].textContent).filter(t=>t!=='–')
      .map(t=>Number(t.replace('−','-')));
    const field=document.querySelector('#columns input');
    field.value='band_gap';field.dispatchEvent(new Event('input'));
    const left=rows.filter(r=>!r.hidden).length;
    document.title=[numbers.every((n,k)=>!k||numbers[k-1]<=n),numbers.length>5,
      head.getAttribute('aria-sort'),left].join(' ');
    """
    assert _with_script(page, script) == "true true ascending 1"


@needs_browser
@pytest.mark.parametrize("width", [360, 900, 1400])
def test_nothing_is_wider_than_the_screen(page, width):
    """In a frame, since no window of the browser is as narrow as a phone."""
    script = """
    const wide=document.documentElement.scrollWidth-document.documentElement.clientWidth;
    document.title=wide+' '+innerWidth;parent.postMessage(document.title,'*');
    """
    _with_script(page, script)
    frame = page.with_name("frame.html")
    frame.write_text(
        "<title>?</title><script>onmessage=e=>document.title=e.data</script>"
        f'<iframe src="probed.html" width="{width}" height="800" style="border:0"></iframe>'
    )
    shown = _browse(frame, "--dump-dom", "--virtual-time-budget=5000", size="1500,900").stdout
    assert re.search(r"<title>(.*?)</title>", shown)[1] == f"0 {width}"


@needs_browser
def test_a_table_of_ten_columns_is_whole_beside_the_contents(page):
    """At 1,100 pixels, where the contents still stand at the left."""
    script = """
    const tables=[...document.querySelectorAll('#targets .scroll')];
    const cut=tables.map(one=>one.scrollWidth-one.clientWidth);
    document.title=[innerWidth,cut.length>2,Math.max(...cut)].join(' ');
    parent.postMessage(document.title,'*');
    """
    _with_script(page, script)
    frame = page.with_name("frame.html")
    frame.write_text(
        "<title>?</title><script>onmessage=e=>document.title=e.data</script>"
        '<iframe src="probed.html" width="1100" height="800" style="border:0"></iframe>'
    )
    shown = _browse(frame, "--dump-dom", "--virtual-time-budget=5000", size="1500,900").stdout
    assert re.search(r"<title>(.*?)</title>", shown)[1] == "1100 true 0"


@needs_browser
@pytest.mark.parametrize(("scheme", "flags"), [("light", ()), ("dark", ("Scheme=0",))])
def test_light_and_dark_are_drawn(page, scheme, flags, tmp_path):
    from PIL import Image

    shot = tmp_path / "shot.png"
    more = [f"--blink-settings=preferredColor{flag}" for flag in flags]
    _browse(page, f"--screenshot={shot}", *more, size="1200,2400")
    pixels = np.asarray(Image.open(shot).convert("L"), dtype=float)
    background = np.median(pixels)
    assert (background > 200) == (scheme == "light")
    drawn = np.abs(pixels - background) > 60
    assert 0.01 < drawn.mean() < 0.5


@needs_browser
def test_it_is_printed(page, tmp_path):
    printed = tmp_path / "page.pdf"
    _browse(page, f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    content = printed.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") >= 3
