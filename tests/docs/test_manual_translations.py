# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool for the manual's translations, with a manual of three pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from scripts import manual_translations as tool
from scripts import translations as interface
from scripts.languages import LANGUAGES

PAGES = {
    "index": ["Mint for Blender", "Generate *models*."],
    "start/install": ["Install", 'Click "Install from Disk".'],
    "costs": ["Costs", "Each model costs Credits."],
}

LABEL = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The texts of a manual, which a test may change, and an empty folder of translations."""
    pages = {name: list(texts) for name, texts in PAGES.items()}

    def extract() -> dict[str, Catalog]:
        return {name: template(texts) for name, texts in pages.items()}

    monkeypatch.setattr(tool, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(tool, "extract", extract)
    return pages


def template(texts: list[str]) -> Catalog:
    """Return what Sphinx extracts from a page."""
    catalog = Catalog()
    for text in texts:
        catalog.add(text)
    return catalog


def translate(language: str, page: str) -> None:
    """Translate all of a page, by writing it in capitals."""
    path = tool.file_of(language, page)
    catalog = tool.read(path, language)
    for message in catalog:
        if message.id:
            message.string = message.id.upper()
    tool.write(path, catalog)


def check(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Run `check`; return its exit status and its lines."""
    capsys.readouterr()
    status = tool.main(["check"])
    return status, capsys.readouterr().out.splitlines()


def test_a_page_that_was_begun_has_to_be_complete(
    pages: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each text without a translation is listed, and pages without a file are no error."""
    assert tool.main(["begin", "fr", "index", "costs"]) == 0
    translate("fr", "costs")
    assert check(capsys) == (
        1,
        [
            "fr: in English until they are translated: start/install",
            "fr/index: not translated: 'Mint for Blender'",
            "fr/index: not translated: 'Generate *models*.'",
        ],
    )
    translate("fr", "index")
    assert check(capsys)[0] == 0
    before = tool.file_of("fr", "index").read_text(encoding="utf-8")
    assert "Date" not in before
    tool.main(["begin", "fr", "index"])
    assert tool.file_of("fr", "index").read_text(encoding="utf-8") == before
    with pytest.raises(SystemExit, match="index, start/install, costs"):
        tool.main(["begin", "fr", "start/nothing"])
    assert tool.is_translated("blender/review")
    assert not tool.is_translated("development/api") and not tool.is_translated("farm")


def test_changed_texts_are_fuzzy_until_somebody_looks(
    pages: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """`update` keeps the old translation of a text that has changed a little, and marks it."""
    tool.main(["begin", "fr", "costs"])
    translate("fr", "costs")
    pages["costs"][1] = "Each model costs some Credits."
    assert check(capsys)[1][1:] == [
        "fr/costs: not translated: 'Each model costs some Credits.'",
        "fr/costs: no longer in the page: 'Each model costs Credits.'",
    ]
    tool.main(["update"])
    assert check(capsys)[1][1:] == ["fr/costs: fuzzy: 'Each model costs some Credits.'"]
    del pages["costs"]
    assert check(capsys)[0] == 1
    tool.main(["update"])
    assert not tool.file_of("fr", "costs").exists()


def other_labels(catalog: Catalog, known: dict[str, str]) -> list[str]:
    """Return the labels of a page whose translation is not the one in the interface."""
    return [
        label
        for message in catalog
        if message.id and message.string
        for label in labels_in(str(message.id))
        if label in known and known[label] not in labels_in(str(message.string))
    ]


def labels_in(text: str) -> list[str]:
    return [label for path in LABEL.findall(text) for label in path.split(" > ")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_those_of_the_interface(language: str) -> None:
    """What a translated page calls a button is what the translated interface calls it."""
    known = {str(each.id): str(each.string) for each in interface.read(language) if each.id}
    files = tool.translations(language)
    assert files
    other = {page: other_labels(tool.read(path, language), known) for path, page in files}
    assert {page: labels for page, labels in other.items() if labels} == {}
