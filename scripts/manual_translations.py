# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the translations of the manual up to date with its pages.

    python3 -m scripts.manual_translations update                merge the texts into the .po files
    python3 -m scripts.manual_translations begin LANGUAGE PAGE…  begin the translation of pages
    python3 -m scripts.manual_translations check                 list problems; 1 if there are any

A page has a file of its own: docs/locale/LANGUAGE/LC_MESSAGES/PAGE.po. It is complete, or does not
exist: then the page stays in English. Needs Sphinx, which is in the environment of the manual:
`$(python3 scripts/dev.py env docs) -m scripts.manual_translations update`.
"""

from __future__ import annotations

import argparse
import fnmatch
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LOCALE = DOCS / "locale"
TEMPLATES = ROOT / "build" / "gettext"
PAGES = ("index", "start/*", "blender/*", "costs", "privacy", "troubleshooting")
"""The pages for people who use the add-on in Blender. Only these are translated."""
KEPT_HEADERS = ("Language:", "Plural-Forms:", "MIME-Version:", "Content-T")
"""Headers that are written; the others hold dates, which conflict in merges."""


def extract() -> dict[str, Catalog]:
    """Return the texts of each page that is to be translated, by the page's name."""
    command = [sys.executable, "-m", "sphinx", "--builder=gettext", "--quiet", "--jobs=auto"]
    subprocess.run([*command, str(DOCS), str(TEMPLATES)], check=True)
    return {
        page: read(path)
        for path in sorted(TEMPLATES.rglob("*.pot"))
        if is_translated(page := path.relative_to(TEMPLATES).with_suffix("").as_posix())
    }


def is_translated(page: str) -> bool:
    """Return whether a page is one of those that are translated."""
    return any(fnmatch.fnmatchcase(page, pattern) for pattern in PAGES)


def languages() -> list[str]:
    """Return the languages that have been begun."""
    return sorted(path.parent.name for path in LOCALE.glob("*/LC_MESSAGES"))


def file_of(language: str, page: str) -> Path:
    """Return the file with the translation of a page."""
    return LOCALE / language / "LC_MESSAGES" / f"{page}.po"


def read(path: Path, language: str | None = None) -> Catalog:
    """Return the texts in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def write(path: Path, catalog: Catalog) -> None:
    """Write a file of translations in the order of the page, without dates."""
    text = io.BytesIO()
    catalog.fuzzy = False
    catalog.header_comment = "# SPDX-License-Identifier: GPL-3.0-or-later\n#"
    write_po(text, catalog, width=0, no_location=True, ignore_obsolete=True)
    header, entries = text.getvalue().decode().rstrip("\n").split("\n\n", 1)
    kept = [
        line
        for line in header.split("\n")
        if not line.startswith('"') or line[1:].startswith(KEPT_HEADERS)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(kept) + f"\n\n{entries}\n", encoding="utf-8", newline="\n")


def begin(language: str, pages: list[str], templates: dict[str, Catalog]) -> None:
    """Write files without translations for these pages, unless there are any.

    Raises:
        SystemExit: One of them is no page that is translated.
    """
    for page in pages:
        if page not in templates:
            raise SystemExit(f"{page} is not one of {', '.join(templates)}.")
        if not file_of(language, page).exists():
            catalog = Catalog(locale=language, charset="utf-8")
            catalog.update(templates[page])
            write(file_of(language, page), catalog)


def update(templates: dict[str, Catalog]) -> None:
    """Merge the texts of the pages into the files of all languages.

    A text that was changed a little keeps its old translation, marked fuzzy for a person to look
    at. Texts and pages that are gone are dropped.
    """
    for language in languages():
        for path, page in translations(language):
            if page not in templates:
                path.unlink()
                continue
            catalog = read(path, language)
            catalog.update(templates[page])
            write(path, catalog)


def translations(language: str) -> list[tuple[Path, str]]:
    """Return the files of a language, and the page that each translates."""
    folder = LOCALE / language / "LC_MESSAGES"
    return [
        (path, path.relative_to(folder).with_suffix("").as_posix())
        for path in sorted(folder.rglob("*.po"))
    ]


def problems(templates: dict[str, Catalog]) -> Iterator[str]:
    """Yield a line for each text of a translated page that lacks a translation, or is gone."""
    for language in languages():
        for path, page in translations(language):
            catalog = read(path, language)
            known = {str(message.id): message for message in catalog if message.id}
            for template in templates.get(page, Catalog()):
                message = known.pop(str(template.id), None)
                if template.id and (message is None or not message.string):
                    yield f"{language}/{page}: not translated: {template.id!r}"
                elif message is not None and message.fuzzy:
                    yield f"{language}/{page}: fuzzy: {template.id!r}"
            yield from (f"{language}/{page}: no longer in the page: {text!r}" for text in known)


def missing_pages(templates: dict[str, Catalog]) -> Iterator[str]:
    """Yield a line for each language that lacks pages."""
    for language in languages():
        there = {page for _, page in translations(language)}
        if missing := [page for page in templates if page not in there]:
            yield f"{language}: in English until they are translated: {', '.join(missing)}"


def main(words: list[str] | None = None) -> int:
    """Run one of the three commands and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="manual_translations",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update")
    commands.add_parser("check")
    beginning = commands.add_parser("begin")
    beginning.add_argument("language")
    beginning.add_argument("page", nargs="+")
    arguments = parser.parse_args(words)
    templates = extract()
    if arguments.command == "begin":
        begin(arguments.language, arguments.page, templates)
    elif arguments.command == "update":
        update(templates)
    else:
        found = list(problems(templates))
        print("\n".join([*missing_pages(templates), *found] or ["All pages are translated."]))
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
