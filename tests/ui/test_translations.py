# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations in a real Blender.

The `bpy` wheels are built without languages: with them it is tested that the tables have every text
of the registered classes. Debian's Blender has languages, and is tested to show them.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from mint_blender.message import Message
from mint_blender.ui.translations.formats import format_date
from scripts.languages import LANGUAGES

from ..harness.processes import captured

ROOT = Path(__file__).parents[2]

INSIDE = """
import json, sys
sys.path.insert(0, {root!r})
import bpy
entry = bpy.context.preferences.addons.new()
entry.module = "mint_blender"
import mint_blender
from mint_blender.ui import translations
from mint_blender.message import Message
from mint_blender.ui.translations.formats import format_date
from mint_blender.ui.translations import tables, translated
amount = Message("{{credits:,.0f}} more Credits", credits=146)
NEEDED = Message("Mint needs {{amount}} to continue. Buy them at {{where}}, then resume.", amount=amount, where="{{1}}")
view = bpy.context.preferences.view
find = bpy.app.translations
def look():
    translations.follow_language()  # as Blender's message bus does where there is a window
    return [
        find.pgettext_iface("Jobs"), find.pgettext_iface("Approve", "Operator"), find.pgettext_tip("Cancel this job here and at Mint"),
        translated(NEEDED), translated(Message("Paused")),
    ]
answers = {{}}
for short, language in (("de", "de_DE"), ("ja", "ja_JP")):
    view.language = language
    view.use_translate_interface = view.use_translate_tooltips = True
    answers["other words " + short] = [
        text for text, ours in tables.load(short).items() if find.pgettext_iface(text) not in (text, ours)
    ]
for time in ("registered", "again"):
    mint_blender.register()
    for language in ("de_DE", "ja_JP", "en_US"):
        view.language = language
        view.use_translate_interface = view.use_translate_tooltips = language != "en_US"
        answers[f"{{language}} {{time}}"] = look()
    view.language = "de_DE"
    view.use_translate_interface = False
    answers[f"switched off {{time}}"] = look()
    view.use_translate_interface = True
    mint_blender.unregister()
    answers[f"unregistered {{time}}"] = find.pgettext_tip("Cancel this job here and at Mint")
print("ANSWERS" + json.dumps(answers))
"""

ENGLISH = ["Jobs", "Approve", "Cancel this job here and at Mint", "Mint needs 146 more Credits to continue. Buy them at {1}, then resume.", "Paused"]  # fmt: skip
GERMAN = ["Aufträge", "Freigeben", "Diesen Auftrag hier und bei Mint abbrechen", "Mint braucht noch 146 Credits, um fortzufahren. Unter {1} kaufen, dann fortsetzen.", "Angehalten"]  # fmt: skip
JAPANESE = ["ジョブ", "承認", "このジョブを、ここと Mint の両方でキャンセルします", "続けるにはあと 146 クレジットが必要です。{1} で購入し、再開してください。", "一時停止"]  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what Debian's Blender shows in each language."""
    folder = tmp_path_factory.mktemp("languages")
    script = folder / "ask.py"
    script.write_text(INSIDE.format(root=str(ROOT)), encoding="utf-8")
    own = {"BLENDER_USER_RESOURCES": str(folder), "MINT_BLENDER_HOME": str(folder)}
    words = ["--background", "--factory-startup", "--python-exit-code", "1", "--python"]
    done = captured(["blender", *words, str(script)], env={**os.environ, **own})
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ANSWERS")]
    shown: dict[str, Any] = json.loads(line.removeprefix("ANSWERS"))
    return shown


@pytest.mark.debian
@pytest.mark.parametrize(
    ("language", "expected"), [("de_DE", GERMAN), ("ja_JP", JAPANESE), ("en_US", ENGLISH)]
)
@pytest.mark.feature("interface in German and Japanese")
def test_blender_shows_the_translations(
    answers: dict[str, Any], language: str, expected: list[str]
) -> None:
    """Labels, tooltips and our own sentences are translated, also after a second start."""
    assert answers[f"{language} registered"] == expected
    assert answers[f"{language} again"] == expected


@pytest.mark.debian
def test_a_switched_off_translation_is_respected(answers: dict[str, Any]) -> None:
    """With German and an English interface our sentences are English; so is a disabled add-on."""
    assert answers["switched off registered"][3:] == ENGLISH[3:]
    assert answers["unregistered registered"] == answers["unregistered again"] == ENGLISH[2]


@pytest.mark.debian
def test_blender_has_a_name_for_each_language() -> None:
    """A language of the list is one that the add-on registers."""
    from mint_blender.ui import translations

    assert set(translations.LOCALES) == set(LANGUAGES)


@pytest.mark.debian
@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_that_blender_translates_differently_are_known(
    answers: dict[str, Any], language: str
) -> None:
    """Blender's translation comes first: each difference is accepted or avoided."""
    assert set(answers[f"other words {language}"]) <= OTHER_WORDS


OTHER_WORDS = {
    *("Fast", "Inside", "Light", "None", "Preset", "Stretch"),  # have our own context
    # `translated` before they are drawn
    *("Asset Library", "Continue", "Feedback", "Full", "Limits", "Resume", "Search", "Support"),
    *("After", "Before", "Next", "Previous", "Show", "Starting", "Stop", "Usage", "Use"),
    *("Fetch", "Add", "More", "Show Preview", "Walk"),  # are looked up in another context
}


# -- In every Blender


@pytest.fixture
def registered() -> Iterator[Any]:
    """Register the add-on."""
    bpy = pytest.importorskip("bpy")
    import mint_blender

    bpy.context.preferences.addons.new().module = "mint_blender"
    mint_blender.register()
    yield bpy  # conftest unregisters it again


def _shown(struct: Any) -> Iterator[str]:
    """Return the texts that Blender shows of a class by itself."""
    kinds = {base.__name__ for base in struct.__mro__}
    if kinds & {"Operator", "Panel", "Menu"}:
        yield struct.bl_label
    if "Operator" in kinds:
        yield struct.bl_rna.description
    ours = {name for base in struct.__mro__ for name in vars(base).get("__annotations__", {})}
    for each in struct.bl_rna.properties:
        if each.identifier in ours:
            if each.name != each.identifier:  # which stands in for a name that was not given
                yield each.name
            # Blender's own words for the name that any group has
            if not each.description.startswith("Unique name"):
                yield each.description
            if each.type == "ENUM":
                for item in each.enum_items:
                    yield from (item.name, item.description)


@pytest.mark.blender
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.feature("interface in German and Japanese")
def test_every_registered_text_is_in_the_table(registered: Any, language: str) -> None:
    """Labels, tooltips, properties and enum items are there as they are registered."""
    from mint_blender.ui.translations import tables

    table = tables.load(language)
    texts = [(each.__name__, text) for each in _registered_classes() for text in _shown(each)]
    assert len(texts) > 150
    words = [(name, text) for name, text in texts if text and any(map(str.isalpha, text))]
    assert {(name, text) for name, text in words if text not in table} <= KEPT


def _registered_classes() -> Iterator[type]:
    """Return every registered class of the add-on."""
    import bpy

    types = bpy.types
    bases = [types.Operator, types.Panel, types.Menu, types.PropertyGroup, types.AddonPreferences]
    while bases:
        for each in bases.pop().__subclasses__():
            bases.append(each)
            if each.__module__.startswith("mint_blender.") and "bl_rna" in vars(each):
                yield each


KEPT = {("MintForm", "100k"), ("MintForm", "500k")}
"""Texts that are the same in every language."""


@pytest.mark.blender
def test_only_the_language_used_is_loaded(registered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change of Blender's language loads one table, and English none."""
    from mint_blender.ui import translations
    from mint_blender.ui.translations import tables

    translations._table.cache_clear()
    loaded: list[str] = []
    load = tables.load
    monkeypatch.setattr(tables, "load", lambda language: loaded.append(language) or load(language))
    assert translations.spoken() not in translations.LOCALES
    assert translations.translated(Message("Paused")) == "Paused"
    for locale in ("en_US", "de_DE", "de_DE", "ja_JP", "en_US"):
        monkeypatch.setattr(translations, "_locale", lambda locale=locale: locale[:2])
        translations.follow_language()
    assert loaded == ["de", "ja"]
    assert translations._registration.language == ""


@pytest.mark.blender
def test_japanese_text_is_wrapped_between_characters(registered: Any) -> None:
    """Lines are filled, no character is lost, and none begins with a full stop."""
    import blf

    from mint_blender.ui import text_wrap

    text = "Mint の一時的な不具合でした。続く場合は「再試行」をクリックしてください。それまでは元のファイルを使えます。"
    blf.size(0, 11.0)  # without a window the interface has a scale of nothing
    lines = list(text_wrap._wrap(text.split(), 150.0))
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert lines[0].startswith("Mint の一")
    assert not any(line[0] in "。、」ーっッ" for line in lines)
    assert all(text_wrap._width(line) <= 150.0 for line in lines)


class BeforeWindows(datetime):
    """A moment before 1970, for which Windows knows no time zone."""

    def astimezone(self, tz: tzinfo | None = None) -> BeforeWindows:
        """Raise what Python raises there."""
        raise OSError(errno.EINVAL, "Invalid argument")


def test_a_moment_without_a_time_zone_is_shown_as_it_came() -> None:
    """Imitates Windows' answer to a date such as the year 1; a panel must not fail for it."""
    moment = BeforeWindows(1969, 7, 20, 20, 17, tzinfo=UTC)
    assert format_date(moment, "de") == "20.07.1969 20:17"


ROOM_OF_THE_PROMPT = 185.0
"""Pixels that words have in the field of the prompt, in a sidebar as wide as Blender opens it."""


@pytest.mark.blender
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_hint_fits_into_the_field_of_the_prompt(registered: Any, language: str) -> None:
    """The first words that a new user reads are not cut off, in no language."""
    import blf

    from mint_blender.ui import text_wrap
    from mint_blender.ui.create import form_panel
    from mint_blender.ui.translations import tables

    blf.size(0, 11.0)
    hint = form_panel._HINT.template
    assert text_wrap._width(tables.load(language)[hint]) <= ROOM_OF_THE_PROMPT


def test_german_has_one_word_and_one_spelling_for_one_thing() -> None:
    """A job is an Auftrag, and the three dots of a label follow its last word."""
    from mint_blender.ui.translations import tables

    german = tables.load("de")
    assert {text for text in german.values() if text.endswith(" …")} == set()
    assert {text for text in german.values() if "Jobs" in text} == set()
