"""The site has a page for whatever is registered, and its navigation reaches every page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: What is registered and not listed: the plugin to copy.
TO_COPY = {"cell-density", "example"}


@pytest.fixture(scope="module")
def site():
    """The package of the site's extension; it needs no Sphinx until it is set up."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import matdata_site

        yield matdata_site
    finally:
        sys.path.remove(str(DOCS / "_ext"))


@pytest.fixture(scope="module")
def generated(site, tmp_path_factory):
    """The generated pages, in a folder of their own."""
    docs = tmp_path_factory.mktemp("docs")
    site.generate(docs)
    return docs / "reference"


def _names(kind):
    from matdata.cli.plugin_probe import registries
    from matdata.splits import METHODS

    return METHODS.names() if kind == "splits" else registries()[kind].names()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("sources", "source"),
        ("features", "feature"),
        ("splits", "splits"),
        ("trainers", "trainer"),
        ("objectives", "objective"),
        ("derivations", "derivation"),
        ("importers", "importer"),
    ],
)
def test_whatever_is_registered_has_a_page(generated, folder, kind):
    index = (generated / folder / "index.md").read_text(encoding="utf-8")
    for name in set(_names(kind)) - TO_COPY:
        page = (generated / folder / f"{name}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# `{name}`\n")
        assert f"[`{name}`]({name}.md)" in index


def test_settings_stand_on_the_page_with_default_and_meaning(generated):
    from matdata.features import FEATURIZERS

    page = (generated / "features" / "graph.md").read_text(encoding="utf-8")
    for name, default, _ in FEATURIZERS.get("graph").Settings.describe():
        assert f"| `graph.{name}` | `{default}` |" in page
    assert "| `distance` | edge | a number | `float32` | `Å` |" in page


def test_each_command_has_a_page_with_its_examples_and_options(generated):
    from matdata.cli.commands import COMMANDS
    from matdata.cli.descriptions import DESCRIPTIONS

    for command in COMMANDS:
        page = (generated / "commands" / f"{command}.md").read_text(encoding="utf-8")
        assert all(example in page for example in DESCRIPTIONS[command].examples)
    build = (generated / "commands" / "build.md").read_text(encoding="utf-8")
    assert "{option} --features A,B" in build
    assert "--cache" not in build  # it stands with the options of all commands


def test_commands_of_plugins_have_pages_that_name_their_distribution(generated):
    from matdata.cli.plugin_commands import PLUGIN_COMMANDS

    index = (generated / "commands" / "index.md").read_text(encoding="utf-8")
    for name, offer in PLUGIN_COMMANDS.plugins().items():
        assert (generated / "commands" / f"{name}.md").is_file()
        (row,) = (line for line in index.splitlines() if f"[`matdata {name}`]" in line)
        assert offer.distribution in row


def test_each_public_name_has_its_place_in_the_reference(generated):
    import matdata
    from matdata import plugin

    text = "".join(path.read_text(encoding="utf-8") for path in generated.glob("api/*/*.md"))
    for name in matdata.__all__:
        assert re.search(rf":: matdata\.{name}\n", text), name
    for name in set(plugin.__all__) - set(matdata.__all__):
        assert f"## `{name}`\n" in text, name


def test_every_written_page_is_in_the_navigation():
    listed = "\n".join(
        line for page in (DOCS / "index.md", DOCS / "gallery/index.md")
        for block in re.findall(r"```\{toctree\}(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
    )  # fmt: skip
    written = [*DOCS.glob("*.md"), *DOCS.glob("[!_r]*/*.md"), *DOCS.glob("notebooks/*.ipynb")]
    for path in written:
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        short = name.removeprefix("gallery/")
        assert name == "index" or short in listed, f"docs/index.md does not list {name}"


def test_a_link_to_nothing_ends_the_build(site, tmp_path):
    from matdata_site.repository import relinked

    page = DOCS / "index.md"
    assert relinked("[x](../ARCHITECTURE.md#layers)", page, DOCS).endswith(
        "(reference/project/architecture.md#layers)"
    )
    for target in ("../no_such.py", "../matdata/core"):
        with pytest.raises(ValueError, match="links to"):
            relinked(f"[x]({target})", page, DOCS)


def test_a_page_on_data_that_are_absent_says_that_it_was_not_executed(site, monkeypatch, tmp_path):
    from matdata_site import executing

    monkeypatch.setenv("MATDATA_SHARED", str(tmp_path))
    page = "---\nfile_format: mystnb\n---\n\n# Title\n\nText.\n"
    shown = executing.announced(page, "gallery/real_phonons")
    assert shown.index("# Title") < shown.index("Not executed in this build") < shown.index("Text.")
    assert executing.left_out() == ["gallery/real_*"]
    assert executing.announced(page, "gallery/funnel") == page
    (tmp_path / "data").mkdir()
    assert executing.announced(page, "gallery/real_phonons") == page
    assert executing.left_out() == []


def test_the_gallery_shows_the_first_picture_of_each_page_in_both_schemes(site, tmp_path):
    import base64
    import io

    from matdata_site import gallery
    from PIL import Image

    (tmp_path / "gallery").mkdir()
    index = tmp_path / "gallery" / "index.html"
    index.write_text(
        '<p><div class="thumbnail" data-page="gallery/a"></div>'
        '<div class="thumbnail" data-page="gallery/b"></div></p>'
    )
    images = []
    for shade, scheme in ((250, "light"), (20, "dark"), (128, "light")):
        buffer = io.BytesIO()
        Image.new("RGB", (1200, 600), (shade,) * 3).save(buffer, "PNG")
        content = base64.b64encode(buffer.getvalue()).decode()
        images.append(
            f'<img class="only-{scheme}" alt="A &amp; B" src="data:image/png;base64,{content}">'
        )
    (tmp_path / "gallery" / "a.html").write_text("".join(images))
    (tmp_path / "gallery" / "b.html").write_text("<p>no picture</p>")
    for _ in range(2):  # a site that is built again
        gallery.fill(tmp_path)
        text = index.read_text(encoding="utf-8")
        found = re.findall(r'only-(\w+)" alt="A &amp; B" src="data:image/png;base64,([^"]+)', text)
        assert [scheme for scheme, _ in found] == ["light", "dark"]
        for (_, content), shade in zip(found, (250, 20), strict=True):
            small = Image.open(io.BytesIO(base64.b64decode(content))).convert("L")
            assert small.size == (gallery.WIDTH, gallery.WIDTH // 2)
            assert small.getpixel((5, 5)) == shade
        assert 'data-page="gallery/b"></div>' in text


def test_papers_tables_rank_classes_by_what_is_better_when_higher(site):
    from matdata_site import paper_pages

    def result(seed, roc_auc):
        entry = {"unit": "1", "task": "classification", "paper": None,
                 "metrics": {"roc_auc": roc_auc, "accuracy": 0.5},
                 "baselines": {"dummy_frequencies": {"roc_auc": 0.5}}}  # fmt: skip
        return {"plugin": {"name": "roost"}, "split": {"name": "s"}, "seed": seed,
                "command": "matdata train", "targets": {"metal": entry}}  # fmt: skip

    text = "\n".join(paper_pages._page({"d": [result(0, 0.7), result(1, 0.9)]}))
    assert "test ROC-AUC" in text
    assert text.index("| 1 | 0.9 | 0.5 |") < text.index("| 0 | 0.7 | 0.5 |")


def test_the_gallery_lists_its_pages_with_room_for_a_picture():
    text = (DOCS / "gallery" / "index.md").read_text(encoding="utf-8")
    pages = {f"gallery/{path.stem}" for path in (DOCS / "gallery").glob("*.md")} - {"gallery/index"}
    pages |= {f"notebooks/{path.stem}" for path in (DOCS / "notebooks").glob("*.ipynb")}
    assert set(re.findall(r'data-page="([\w/]+)"', text)) == pages


@pytest.mark.slow
def test_pictures_of_executed_pages_are_drawn_in_both_schemes(tmp_path):
    """In a process of its own: a kernel changes the classes that draw."""
    import os
    import subprocess

    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "import matdata as md\n"
        "from matdata_site import in_kernel\n"
        "shell = InteractiveShell.instance()\n"
        "in_kernel.prepare(shell)\n"
        "drawn = md.build('sample:20', name='s', split=None, workers=1).plot.funnel()\n"
        "print(shell.display_formatter.format(drawn)[0]['text/html'])\n"
    )
    pytest.importorskip("IPython", reason="IPython: uv sync --group docs")
    environment = {**os.environ, "PYTHONPATH": str(DOCS / "_ext"), "MATDATA_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    found = re.findall(
        r'class="only-(\w+)" alt="([^"]+)" src="data:image/png;base64,(.+)"', done.stdout
    )
    assert [scheme for scheme, _, _ in found] == ["light", "dark"]
    assert found[0][1] == found[1][1] == "Records of s"
    assert found[0][2] != found[1][2]


def test_figures_are_those_that_the_list_names_with_their_commands():
    text = (DOCS / "figures" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([\w./-]+\.(?:svg|png))`", text))
    pictures = [path for kind in ("svg", "png") for path in DOCS.glob(f"[!_j]*/**/*.{kind}")]
    kept = {path.relative_to(DOCS).as_posix() for path in [*pictures, *DOCS.glob("*.svg")]}
    assert kept == listed, "docs/figures/README.md lists each picture, with its commands"
