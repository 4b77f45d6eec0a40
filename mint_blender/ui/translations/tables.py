# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of translated texts: English to one other language.

Translators write gettext `.po` files (see CONTRIBUTING.md). A source checkout reads those; the
extension archive has a `.json` file for each language instead, written by `scripts/package.py`.
Knows no Blender, so that scripts and tests can use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = FOLDER / "po"


def load(language: str) -> dict[str, str]:
    """Return the texts of a language, such as "de": English to its own."""
    import json

    compiled = FOLDER / f"{language}.json"
    if compiled.is_file():
        texts: dict[str, str] = json.loads(compiled.read_text(encoding="utf-8"))
        return texts
    return read_po((SOURCES / f"{language}.po").read_text(encoding="utf-8"))


def read_po(text: str) -> dict[str, str]:
    """Return what a `.po` file translates; fuzzy and obsolete entries do not count."""
    texts = {}
    for fields in _entries(text):
        english = fields.get("msgid", "")
        foreign = fields.get("msgstr", "")
        if english and foreign:  # the entry without English is the header
            texts[english] = foreign
    return texts


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each entry; a blank line ends an entry."""
    import ast

    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#, ") and "fuzzy" in line:
                break
            if line.startswith("#"):
                continue
            keyword, _, quoted = line.partition('"')
            name = keyword.strip() or name
            fields[name] = fields.get(name, "") + str(ast.literal_eval(f'"{quoted}'))
        yield fields
