# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the manual for Sphinx; `python3 scripts/dev.py docs` builds it."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # autodoc imports the Python interface

project = "Mint for Blender"
author = "Mint for Blender"
project_copyright = "Mint for Blender, GPL-3.0-or-later. Icons: Blender, CC-BY-SA-4.0"
release = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "blender_doc_icons.sphinx",
]
exclude_patterns = ["locale", "images"]
suppress_warnings = ["toc.not_readable", "myst.xref_missing"]  # pages that are still to come

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_mock_imports = ["bpy", "bpy_extras", "mathutils", "gpu", "gpu_extras", "blf", "addon_utils"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
default_role = "code"  # docstrings write `names` as Markdown does

# -- Translations: docs/locale/LANGUAGE/LC_MESSAGES/PAGE.po; see `scripts/manual_translations.py`
language = "en"
locale_dirs = ["locale"]
gettext_compact = False  # one file for each page
gettext_location = False  # line numbers would change with every edit

# -- HTML
html_theme = "furo"
html_title = f"Mint for Blender {release}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None  # the same sources make the same pages


def setup(app: Sphinx) -> None:
    """Have the docstrings of modules read before napoleon does."""
    app.connect("autodoc-process-docstring", mark_diagrams, priority=400)


def mark_diagrams(
    _app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """Make a literal block of each diagram or tree, indented in the docstring of a module."""
    if what != "module":
        return
    marked: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("    ") and not before and not is_indented(marked):
            marked += ["::", ""]
        marked.append(line)
    lines[:] = marked


def is_indented(lines: list[str]) -> bool:
    """Return whether the last of these lines that is not empty is indented."""
    return next((line for line in reversed(lines) if line), "").startswith("    ")
