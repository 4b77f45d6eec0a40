# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that every text shown in Blender has a translation into each language.

`scripts/text_extraction.py` says how the texts are found, and which stay English: the command line,
the log, the report for support.
"""

from __future__ import annotations

import ast
import copy
import datetime
import importlib
import json
import pickle
import re
import sys
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from mint_blender.message import Message, message_of, sentences
from scripts import translations
from scripts.languages import LANGUAGES
from scripts.text_extraction import PACKAGE, PLACEHOLDER, is_prose, texts_of, unmarked, unmarked_of

from .sources import calls_in, sources

FOLDER = PACKAGE / "ui" / "translations"


def _load(name: str) -> Any:
    """Load a module of the translations alone, because its package imports Blender."""
    package = "mint_blender.without_blender.translations"
    if package not in sys.modules:
        for parent, folder in ((package.rpartition(".")[0], PACKAGE / "ui"), (package, FOLDER)):
            sys.modules[parent] = types.ModuleType(parent)
            sys.modules[parent].__path__ = [str(folder)]
    return importlib.import_module(f"{package}.{name}")


tables = _load("tables")
TABLES: dict[str, dict[str, str]] = {code: tables.load(code) for code in LANGUAGES}


def test_every_text_is_translated() -> None:
    """Each has its placeholders, and none is left over of a text that is gone from the source."""
    assert list(translations.problems()) == []


@pytest.mark.parametrize("language", TABLES)
def test_every_text_has_one_entry(language: str) -> None:
    """A file would have two entries for a text after a merge that kept both sides."""
    text = (tables.SOURCES / f"{language}.po").read_text(encoding="utf-8")
    assert text.count("\nmsgid ") == len(TABLES[language]) + 1  # and the header


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ('msgid "Cancel"\nmsgstr "Abbrechen"', {"Cancel": "Abbrechen"}),
        ('#: ui/a.py\nmsgid ""\n"Two "\n"lines"\nmsgstr "Zwei"', {"Two lines": "Zwei"}),
        (r'msgid "A \"b\"\nc"\nmsgstr "\\"'.replace(r"\nm", "\nm"), {'A "b"\nc': "\\"}),
        ('#, fuzzy\nmsgid "Cancel"\nmsgstr "Abbruch"', {}),
        ('#, fuzzy, python-brace-format\nmsgid "{1} a"\nmsgstr "{1} b"', {}),
        ('#~ msgid "Gone"\n#~ msgstr "Weg"', {}),
        ('msgid "Cancel"\nmsgstr ""', {}),
    ],
    ids=["plain", "wrapped", "escaped", "fuzzy", "fuzzy with flags", "obsolete", "untranslated"],
)
def test_po_files_can_be_read(entry: str, found: dict[str, str]) -> None:
    """Files from common translation tools are read without gettext's own tools."""
    header = 'msgid ""\nmsgstr ""\n"Language: de\\n"\n\n'
    assert tables.read_po(f"{header}{entry}\n") == found


def test_japanese_texts_have_japanese_characters() -> None:
    """Only names, formats, and what Mint is told have none."""
    latin = {text for text, said in TABLES["ja"].items() if not re.search("[぀-ヿ一-鿿]", said)}
    words = {word for text in latin for word in re.findall("[A-Za-z]+", PLACEHOLDER.sub("", text))}
    names = {"Mint", "KB", "MB", "ID", "FBX", "OBJ", "STL", "USDZ", "https", "from", "of", "and"}
    assert words <= names | {"wave", "sit", "down"}


# -- Which strings count as texts


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('layout.label(text="Jobs")', ["Jobs"]),
        ('layout.label(text=Message("{count:,} in flight", count=n))', ["{count:,} in flight"]),
        ('layout.operator("mint.cancel", text="Cancel").job_id = job.id', ["Cancel"]),
        ('layout.label(text="On" if online else "Off")', ["On", "Off"]),
        ('layout.prop(form, "name", placeholder="After the prompt")', ["After the prompt"]),
        ('x: bpy.props.IntProperty(name="Size", description="How large")', ["Size", "How large"]),
        ('ITEMS = [("FAST", "Fast", "Quick and cheap")]', ["Fast", "Quick and cheap"]),
        ('raise ImportTrouble(Message("“{name}” holds none.", name=a))', ["“{name}” holds none."]),
        ('raise InvalidGlb("{name} is empty.", name=a)', ["{name} is empty."]),
        ('Message("{why}", why=Message("no room"))', ["no room"]),
        ('Message("no space") if a else Message("no time")', ["no space", "no time"]),
        ('class MINT_OT_x(Operator):\n "Does it"\n bl_label = "Do It"', ["Does it", "Do It"]),
        ('"""A docstring of a module."""\ndef f():\n    """And one of a function."""', []),
        ('log.warning("The heartbeat stumbled")', []),
        ('raise TypeError("Only for programmers, this one")', []),
        ('layout.operator("mint.cancel", icon="X")', []),
        ('raise FileError(Message("{file} is empty.", file=path.name))', ["{file} is empty."]),
        ('Message("{first} {second}", first=a, second=b)', ["{first} {second}"]),
        ('Message("{text}", text=text)', []),
        ('db.execute("SELECT id FROM jobs")', []),
    ],
)
def test_texts_are_found_in_source(source: str, found: list[str]) -> None:
    """The reader finds each way to show a text, and skips strings that no user reads."""
    assert texts_of(ast.parse(source), "ui", "panel") == found


@pytest.mark.parametrize(
    "source",
    [
        'raise ImportTrouble("This file holds no objects.")',
        'layout.label(text=f"{count:,} in flight")',
        'return "this Blender lacks " + names',
        'return " and ".join(names)',
        'advice.get(code, f"It failed ({code}): retry.")',
        'Message("{why}", why="no room for it")',
    ],
)
def test_a_text_that_cannot_be_translated_is_found(source: str) -> None:
    """A sentence that is not a message template is reported."""
    assert unmarked_of(ast.parse(source), "ui", "panel")


def test_every_text_can_be_translated() -> None:
    """Each sentence is a `Message`, or stands where Blender translates it."""
    assert unmarked() == []


def test_identifiers_are_not_prose() -> None:
    """A sentence is prose; an identifier, an address and a number are not."""
    assert is_prose("Nothing was imported.") and is_prose("Cancel")
    others = ("mint.cancel", "https://mint.gg/models", "{1}", "VIEW_3D", "job_id", "")
    assert not any(map(is_prose, others))


_DRAWS = {"label", "operator", "prop", "menu", "progress", "operator_menu_enum", "prop_search"}


def test_translated_text_is_not_translated_again() -> None:
    """Text that is already translated or entered by the user is shown with translate off."""
    wrong = []
    for path, source in sources(PACKAGE / "ui").items():
        for call in calls_in(source):
            told = {keyword.arg: keyword.value for keyword in call.keywords}
            draws = isinstance(call.func, ast.Attribute) and call.func.attr in _DRAWS
            if draws and "text" in told and not _is_plain(told["text"]) and "translate" not in told:
                wrong.append(f"{path}:{call.lineno}: {ast.unparse(told['text'])}")
    assert wrong == []


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_plain(node.body) and _is_plain(node.orelse)
    return isinstance(node, ast.Constant)


# -- Messages

render = _load("formats").render
GERMAN_WORDS = {
    "Paused: {reason}": "Angehalten: {reason}",
    "{count:,.0f} of {kind} {title}": "{kind} {title}: {count:,.0f}",
    "{size:,.1f} MB": "{size:,.1f} MB",
    "model": "Modell",
    "Braces {}": "Klammern {}",
}


@pytest.mark.parametrize(
    ("message", "german"),
    [
        (Message("model"), "Modell"),
        (Message("Braces {}"), "Klammern {}"),
        (Message("{size:,.1f} MB", size=1234.5), "1.234,5 MB"),
        (
            Message(
                "{count:,.0f} of {kind} {title}", count=1500, kind=Message("model"), title="model"
            ),
            "Modell model: 1.500",
        ),
        (
            Message("Paused: {reason}", reason=Message("{size:,.1f} MB", size=0.5)),
            "Angehalten: 0,5 MB",
        ),
        (Message("Paused: {reason}", reason="{size} 1,500"), "Angehalten: {size} 1,500"),
        (Message("Unknown {name}", name="model"), "Unknown model"),
        (Message("Paused: {reason}", reason=ValueError(Message("model"))), "Angehalten: Modell"),
    ],
)
def test_messages_are_rendered(message: Message, german: str) -> None:
    """Template and nested messages are translated and numbers localized; a name stays unchanged."""
    assert render(message, GERMAN_WORDS, "de") == german


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("format_date", ["2026-11-05 09:07", "05.11.2026 09:07", "2026/11/05 09:07"]),
        ("format_day", ["2026-11-05", "05.11.2026", "2026/11/05"]),
        ("format_day_of_year", ["11-05", "05.11.", "11/05"]),
    ],
)
def test_dates_follow_the_language(function: str, expected: list[str]) -> None:
    """Each language has its own order of day, month and year."""
    moment = datetime.datetime(2026, 11, 5, 9, 7).astimezone()
    written = getattr(_load("formats"), function)
    assert [written(moment, language) for language in ("", "de", "ja")] == expected


def german(message: Message) -> str:
    return render(message, TABLES["de"], "de")


def japanese(message: Message) -> str:
    return render(message, TABLES["ja"], "ja")


@pytest.mark.parametrize("language", TABLES)
def test_every_translation_can_be_rendered(language: str) -> None:
    """Each translated template accepts the values of its English original."""
    for english in TABLES[language]:
        if names := set(re.findall(r"\{(\w+)", english)):
            for value in (1234.5, 1234):
                message = Message(english, **dict.fromkeys(names, value))
                assert "{" not in render(message, TABLES[language], language)


def test_sentences_are_joined_as_the_language_requires() -> None:
    """Japanese has no space between two sentences."""
    joined = sentences(Message("Mint did not answer."), Message("Resume does that."))
    assert japanese(joined) == "Mint が応答しませんでした。「再開」で取得できます。"
    assert ". " in german(joined)


def test_numbers_follow_the_language() -> None:
    """German uses a point for thousands and a comma for decimals; a status code is not changed."""
    assert german(Message("About {credits:,.0f} Credits", credits=1500)) == "Etwa 1.500 Credits"
    size = Message("It is {size:.1f} MB; Mint accepts at most 5 MB.", size=5.3)
    assert german(size).startswith("Es ist 5,3 MB")
    assert german(Message("HTTP status {status}", status=1404)).endswith("1404")
    assert "1,500" in japanese(Message("About {credits:,.0f} Credits", credits=1500))


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


def test_new_texts_are_untranslated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`update` writes an entry for each text, and `check` fails until all are translated."""
    assert translations.main(["update"]) == 0
    assert translations.main(["check"]) == 1
    assert "de: not translated: 'Cancel' (ui/panel.py:12)" in capsys.readouterr().out
    assert 'msgid "Cancel"\nmsgstr ""' in contents(folder)["de.po"]


def test_added_translations_are_complete(folder: Path) -> None:
    """Adding the same again changes nothing; another translation replaces only the earlier one."""
    add(folder, ADDED)
    assert translations.main(["check"]) == 0
    first = contents(folder)
    assert set(first) == {"de.po", "ja.po", "mint_blender.pot"}
    add(folder, ADDED)
    assert contents(folder) == first
    add(folder, {"Cancel": {"de": "Stornieren"}})
    assert 'msgid "Cancel"\nmsgstr "Stornieren"' in contents(folder)["de.po"]
    assert "キャンセル" in contents(folder)["ja.po"]


def test_translation_files_have_no_dates_or_line_numbers(folder: Path) -> None:
    """Merge conflicts then occur only where texts were changed."""
    add(folder, ADDED)
    text = contents(folder)["de.po"]
    assert re.search(
        r"^#: ui/menus.py ui/panel.py$|^#: ui/panel.py ui/menus.py$", text, re.MULTILINE
    )
    assert "Date" not in text and "Babel" not in text


def test_a_changed_text_is_fuzzy(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old translation is kept, but does not count until it is confirmed."""
    add(folder, ADDED)
    changed = {"Cancel": TEXTS["Cancel"], "Leaves {left} Credits.": TEXTS["Leaves {left} Credits"]}
    monkeypatch.setattr(translations, "texts", lambda: changed)
    translations.main(["update"])
    assert translations.main(["check"]) == 1
    assert "de: fuzzy: 'Leaves {left} Credits.'" in capsys.readouterr().out
    assert "quoted" not in contents(folder)["de.po"]
    add(folder, {"Leaves {left} Credits.": {"de": "Es bleiben {left}.", "ja": "残り {left}。"}})
    assert translations.main(["check"]) == 0
    assert 'msgstr "Es bleiben {left}."' in contents(folder)["de.po"]


def test_wrong_translations_are_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One with a placeholder that English does not have, and one of a text that is not there."""
    wrong = {"Leaves {left} Credits": {"de": "Es bleiben {rest}", "ja": "{left}"}}
    add(folder, ADDED | wrong | {"Cansel": {"de": "Abbrechen"}})
    assert translations.main(["check"]) == 1
    said = capsys.readouterr().out
    assert "Not in the source, so left out: 'Cansel'" in said and "other placeholders" in said


class Kind(StrEnum):
    """Names of kinds as an example."""

    MODEL = "model"


NESTED = Message(
    "Paused: {reason}", reason=Message("{count:,} left of {kind}", count=1500, kind=Kind.MODEL)
)


def test_a_message_is_its_english_text() -> None:
    """A message is a string with the values filled in, and keeps its template and values."""
    message = Message("{left:,.0f} Credits of {name}", left=1500.0, name="{me}")
    assert message == "1,500 Credits of {me}" and f"{message}!" == "1,500 Credits of {me}!"
    assert message.template == "{left:,.0f} Credits of {name}"
    assert message.params == {"left": 1500.0, "name": "{me}"}
    assert Message('{"prompt": 1}') == '{"prompt": 1}', "only one with values is a template"


def test_an_error_keeps_its_message() -> None:
    """`str(error)` is the message itself; the text of another error is not translated."""
    message = Message("No {thing}.", thing="file")
    nested = Message("Failed: {error}", error=ValueError(message)).params["error"]
    for kept in (str(ValueError(message)), nested, message_of(ValueError(message))):
        assert isinstance(kept, Message) and kept.template == "No {thing}."
    assert message_of(OSError("{disk}")).params == {"text": "{disk}"}


def test_enum_members_are_messages() -> None:
    """An enum member is translated where it is shown; a user's text is not."""
    message = Message("{kind} {name}", kind=Kind.MODEL, name="model")
    assert isinstance(message.params["kind"], Message)
    assert not isinstance(message.params["name"], Message)


@dataclass(frozen=True)
class _Holder:
    message: Message


@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        lambda message: pickle.loads(pickle.dumps(message)),
        lambda message: Message.from_json(json.loads(json.dumps(message.to_json()))),
        lambda message: asdict(_Holder(message))["message"],
    ],
)
def test_a_message_can_be_copied_and_stored(copied: Callable[[Message], Message]) -> None:
    """A copy, a pickle and JSON keep the template and the values."""
    message = Message.build(NESTED.template, NESTED.params, "paused")
    again = copied(message)
    assert isinstance(again, Message) and again == message == "Paused: 1,500 left of model"
    assert again.to_json() == message.to_json()


def test_sentences_are_joined() -> None:
    """The parts stay messages, so that each is translated; empty parts are skipped."""
    joined = sentences(Message("One."), "", Message("Two."))
    assert joined == "One. Two."
    assert all(isinstance(each, Message) for each in joined.params.values())
    assert sentences() == ""
