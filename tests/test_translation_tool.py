# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the tool that keeps the translations up to date, with a package of three texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import translations

TEXTS = {
    "Cancel": [("ui/panel.py", 12)],
    "Leaves {left} Credits": [("ui/panel.py", 3), ("ui/menus.py", 40)],
    'A "quoted" word\nand a line': [("jobs/job.py", 1)],
}
ADDED = {
    "Cancel": {"de": "Abbrechen", "ja": "キャンセル"},
    "Leaves {left} Credits": {"de": "Es bleiben {left} Credits", "ja": "残り {left} クレジット"},
    'A "quoted" word\nand a line': {"de": "Ein „Wort“\nund eine Zeile", "ja": "「語」\n行"},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of translations for a source with three texts."""
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr(translations, "TEMPLATE", tmp_path / "mint_blender.pot")
    monkeypatch.setattr(translations, "texts", lambda: TEXTS)
    return tmp_path


def add(folder: Path, added: dict[str, dict[str, str]]) -> None:
    """Run `add` with a file of translations."""
    (folder / "added.json").write_text(json.dumps(added), encoding="utf-8")
    assert translations.main(["add", str(folder / "added.json")]) == 0


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file that the tool writes."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.po*")}


def test_new_texts_are_untranslated(folder, capsys):
    """`update` writes an entry for each text, and `check` fails until all are translated."""
    assert translations.main(["update"]) == 0
    assert translations.main(["check"]) == 1
    assert "de: not translated: 'Cancel' (ui/panel.py:12)" in capsys.readouterr().out
    assert 'msgid "Cancel"\nmsgstr ""' in contents(folder)["de.po"]


def test_added_translations_are_complete(folder):
    """After `add` nothing is missing; adding the same again changes nothing."""
    add(folder, ADDED)
    assert translations.main(["check"]) == 0
    first = contents(folder)
    add(folder, ADDED)
    assert contents(folder) == first
    assert set(first) == {"de.po", "ja.po", "mint_blender.pot"}


def test_an_added_translation_replaces_the_earlier_one(folder):
    """The other translations stay as they are."""
    add(folder, ADDED)
    add(folder, {"Cancel": {"de": "Stornieren"}})
    assert 'msgid "Cancel"\nmsgstr "Stornieren"' in contents(folder)["de.po"]
    assert "キャンセル" in contents(folder)["ja.po"]


def test_translation_files_have_no_dates_or_line_numbers(folder):
    """Merge conflicts then occur only where texts were changed."""
    add(folder, ADDED)
    text = contents(folder)["de.po"]
    assert "#: ui/menus.py ui/panel.py\n" in text or "#: ui/panel.py ui/menus.py\n" in text
    assert "Date" not in text and "Babel" not in text


def test_a_changed_text_is_fuzzy(folder, monkeypatch, capsys):
    """The old translation is kept, but does not count until it is confirmed."""
    add(folder, ADDED)
    changed = {
        "Cancel": TEXTS["Cancel"],
        "Leaves {left} Credits.": TEXTS["Leaves {left} Credits"],
    }
    monkeypatch.setattr(translations, "texts", lambda: changed)
    translations.main(["update"])
    assert translations.main(["check"]) == 1
    assert "de: fuzzy: 'Leaves {left} Credits.'" in capsys.readouterr().out
    assert "quoted" not in contents(folder)["de.po"]
    add(folder, {"Leaves {left} Credits.": {"de": "Es bleiben {left}.", "ja": "残り {left}。"}})
    assert translations.main(["check"]) == 0
    assert 'msgstr "Es bleiben {left}."' in contents(folder)["de.po"]


def test_wrong_placeholders_are_reported(folder, capsys):
    """A translation with a placeholder that English does not have would fail when it is shown."""
    add(folder, ADDED | {"Leaves {left} Credits": {"de": "Es bleiben {rest}", "ja": "{left}"}})
    assert translations.main(["check"]) == 1
    assert "other placeholders" in capsys.readouterr().out


def test_unknown_texts_are_reported(folder, capsys):
    """A translation of a text that is not in the source is not added."""
    add(folder, {**ADDED, "Cansel": {"de": "Abbrechen", "ja": "キャンセル"}})
    assert "Not in the source, so left out: 'Cansel'" in capsys.readouterr().out
