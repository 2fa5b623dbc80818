"""Sphinx settings of the site: ``uv run --group docs sphinx-build -W docs docs/_build``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from matdata_site import executing  # noqa: E402

import matdata  # noqa: E402

project = "matdata"
author = "the matdata developers"
copyright = "the matdata developers, MIT licence"
release = version = matdata.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "matdata_site",
]
exclude_patterns = ["_build", "_ext", "jupyter_execute"]
default_role = "literal"
smartquotes = False  # `--split` is no dash
keep_warnings = False

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4  # so that links to a heading are checked
#: READMEs begin as they like; a page that was not executed names no language.
suppress_warnings = ["myst.header", "myst-nb.lexer"]

nb_execution_mode = executing.mode()
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_execution_excludepatterns = executing.left_out()
nb_execution_in_temp = True
nb_merge_streams = True
nb_output_stderr = "remove"  # bars of progress; an error ends the build
executing.prepare(HERE / "_build" / "kernels")

autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "matdata"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
copybutton_prompt_text = r"\$ |!|>>> "
copybutton_prompt_is_regexp = True
