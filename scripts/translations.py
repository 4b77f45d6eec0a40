# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the translations up to date with the texts in the source.

    python3 -m scripts.translations update          merge the texts of the source into the .po files
    python3 -m scripts.translations check           list problems; exit status 1 if there are any
    python3 -m scripts.translations add FILE.json   fill in translations from a file, then update

The JSON file is {"English": {"de": "Deutsch", "ja": "日本語"}}; adding it twice changes nothing, so
that it can be added again after a merge conflict. Needs Babel, which is in the lint environment:
`$(python3 scripts/dev.py env lint) -m scripts.translations update`.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from scripts.languages import LANGUAGES
from scripts.text_extraction import PACKAGE, PLACEHOLDER, texts

FOLDER = PACKAGE / "ui" / "translations" / "po"
TEMPLATE = FOLDER / "mint_blender.pot"
KEPT_HEADERS = ("Language:", "Plural-Forms:", "MIME-Version:", "Content-T")
"""Headers that are written; the others hold dates, which conflict in merges, or placeholders."""


def extract() -> Catalog:
    """Return the template: every text of the source with its files."""
    template = Catalog(project="Mint for Blender", charset="utf-8", fuzzy=False)
    template.header_comment = "# SPDX-License-Identifier: GPL-3.0-or-later\n#"
    for text, places in texts().items():
        template.add(text, locations=[(file, 0) for file, _ in places])
    return template


def read(language: str) -> Catalog:
    """Return the translations of one language."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language, project="Mint for Blender", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def write(path: Path, catalog: Catalog) -> None:
    """Write a catalog so that two branches rarely touch the same lines: sorted, unwrapped."""
    text = io.BytesIO()
    write_po(text, catalog, width=0, sort_output=True, include_lineno=False, ignore_obsolete=True)
    header, entries = text.getvalue().decode().rstrip("\n").split("\n\n", 1)
    kept = [
        line
        for line in header.split("\n")
        if not line.startswith('"') or line[1:].startswith(KEPT_HEADERS)
    ]
    path.write_text("\n".join(kept) + f"\n\n{entries}\n", encoding="utf-8", newline="\n")


def update(added: dict[str, dict[str, str]] | None = None) -> None:
    """Write the template, and merge it and what is added into the file of each language.

    A text that was changed a little keeps its old translation, marked fuzzy for a person to look
    at; texts that are gone from the source are dropped.
    """
    template = extract()
    unknown = [english for english in added or {} if english not in template]
    print("".join(f"Not in the source, so left out: {text!r}\n" for text in unknown), end="")
    write(TEMPLATE, template)
    for language in LANGUAGES:
        catalog = read(language)
        for english, foreign in (added or {}).items():
            if language in foreign:
                catalog.delete(english)  # Babel would keep the old translation
                catalog.add(english, foreign[language])
        catalog.header_comment = template.header_comment
        catalog.fuzzy = False
        catalog.update(template)
        write(FOLDER / f"{language}.po", catalog)


def problems() -> Iterator[str]:
    """Yield a line for each text that is untranslated, unfinished, wrong or left over."""
    source = texts()
    for language in LANGUAGES:
        catalog = read(language)
        known = {str(message.id): message for message in catalog if message.id}
        for text, ((file, line), *_) in source.items():
            message = known.pop(text, None)
            if message is None or not message.string:
                yield f"{language}: not translated: {text!r} ({file}:{line})"
            elif message.fuzzy:
                yield f"{language}: fuzzy: {text!r} ({file}:{line})"
            elif _placeholders(text) != _placeholders(str(message.string)):
                yield f"{language}: other placeholders than in English: {text!r} ({file}:{line})"
        yield from (f"{language}: no longer in the source: {text!r}" for text in known)


def _placeholders(text: str) -> list[str]:
    return sorted(found[0] for found in PLACEHOLDER.finditer(text))


def main(words: list[str] | None = None) -> int:
    """Run one of the three commands and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="translations", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update")
    commands.add_parser("check")
    commands.add_parser("add").add_argument("file", type=Path)
    arguments = parser.parse_args(words)
    if arguments.command == "add":
        update(json.loads(arguments.file.read_text(encoding="utf-8")))
    elif arguments.command == "update":
        update()
    found = list(problems())
    print("\n".join(found) or "All texts are translated.")
    return 1 if found and arguments.command == "check" else 0


if __name__ == "__main__":
    sys.exit(main())
