# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the manual for Sphinx; `python3 scripts/dev.py docs` builds it."""

from __future__ import annotations

import os
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from babel import Locale
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))  # autodoc imports the Python interface

from scripts.languages import manual_languages  # noqa: E402

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
exclude_patterns = ["locale", "images", "_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_mock_imports = [
    "bmesh",
    "bpy",
    "bpy_extras",
    "mathutils",
    "gpu",
    "gpu_extras",
    "blf",
    "addon_utils",
]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
smartquotes_action = "qe"  # quotes and ellipses; two hyphens begin an option, and stay
default_role = "code"  # docstrings write `names` as Markdown does

# -- Translations: docs/locale/LANGUAGE/LC_MESSAGES/PAGE.po; see `scripts/manual_translations.py`
language = "en"
locale_dirs = ["locale"]
gettext_compact = False  # one file for each page
gettext_location = False  # line numbers would change with every edit

ENGLISH_ONLY = ["development/api.*", "development/api/*"]
"""Pages that no translation has, since docstrings are not translated; links lead to English."""

# -- HTML
html_theme = "furo"
html_title = f"Mint for Blender {release}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
templates_path = ["_templates"]
html_context = {
    "languages": [
        (code, name, "" if name.isascii() else Locale(code).english_name)
        for code, name in manual_languages().items()
    ],
    "english_only": ("development/api", "py-modindex"),
}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/languages.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None  # the same sources make the same pages


def setup(app: Sphinx) -> None:
    """Have the docstrings of modules read before napoleon does, and links before Sphinx does."""
    app.connect("config-inited", leave_out_english_pages)
    app.connect("doctree-read", link_english_pages, priority=400)
    app.connect("autodoc-process-docstring", mark_diagrams, priority=400)
    app.connect("doctree-read", download_files_outside, priority=400)


def leave_out_english_pages(app: Sphinx, config: Config) -> None:
    """Build no page of the API reference in another language; the menus leave it out, too."""
    if config.language != "en":
        config.exclude_patterns += ENGLISH_ONLY
        config.suppress_warnings += ["toc.excluded"]


def link_english_pages(app: Sphinx, document: nodes.document) -> None:
    """Let links to pages that are left out lead to English, the folder that this language is in."""
    if app.config.language == "en":
        return
    folder = "../" * app.env.current_document.docname.count("/")
    for link in list(document.findall(addnodes.pending_xref)):
        page = f"{link['reftarget']}.md"
        if link.get("refdomain") == "doc" and any(fnmatch(page, each) for each in ENGLISH_ONLY):
            place = f"#{link['reftargetid']}" if link.get("reftargetid") else ""
            address = f"{folder}../{link['reftarget']}.html{place}"
            link.replace_self(nodes.reference("", "", *link.children, refuri=address))


def download_files_outside(app: Sphinx, document: nodes.document) -> None:
    """Make a link to a Markdown file outside of docs/, such as SECURITY.md, a download.

    MyST does so with every other file, but takes Markdown for a page.
    """
    for link in list(document.findall(addnodes.pending_xref)):
        file = ROOT / f"{link['reftarget']}.md"
        if link.get("refdomain") == "doc" and file.is_file() and DOCS not in file.parents:
            target = os.path.relpath(file, (DOCS / app.env.current_document.docname).parent)
            download = addnodes.download_reference("", "", *link.children, reftarget=target)
            link.replace_self(download)


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
