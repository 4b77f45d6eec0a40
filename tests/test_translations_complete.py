# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text of the package that is read in Blender has a German and a Japanese translation, and
none of these is left over.

`scripts/text_extraction.py` says how the texts are found, and which stay English: the command line,
the log, the report for support.
"""

from __future__ import annotations

import ast
import datetime
import importlib
import re
import sys
import types
from pathlib import Path

import pytest

from mint_blender.message import Message
from scripts.text_extraction import PACKAGE, is_prose, texts, texts_of, values_of

FOLDER = PACKAGE / "ui" / "translations"
LANGUAGES = {"German": "de", "Japanese": "ja"}


def _load(name: str):
    """Load a module of the translations by itself: its package imports Blender, it does not."""
    package = "mint_blender.without_blender.translations"
    if package not in sys.modules:
        for parent, folder in ((package.rpartition(".")[0], PACKAGE / "ui"), (package, FOLDER)):
            sys.modules[parent] = types.ModuleType(parent)
            sys.modules[parent].__path__ = [str(folder)]
    return importlib.import_module(f"{package}.{name}")


tables = _load("tables")
TABLES: dict[str, dict[str, str]] = {
    language: tables.load(code) for language, code in LANGUAGES.items()
}
Catalog = _load("matching").Catalog


@pytest.mark.parametrize("language", TABLES)
def test_nothing_is_missing(language: str) -> None:
    """Every text in the source has a translation."""
    missing = [
        "{}:{}: {}".format(*places[0], text)
        for text, places in texts().items()
        if not TABLES[language].get(text, "").strip()
    ]
    assert not missing, f"not in {language}:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", TABLES)
def test_nothing_is_left_over(language: str) -> None:
    """No translation is kept of a text that is not in the source any more."""
    assert [text for text in TABLES[language] if text not in texts()] == []


@pytest.mark.parametrize("language", TABLES)
def test_every_value_has_its_place(language: str) -> None:
    """A translation has exactly the values of its original, each of them once."""

    def values(text: str) -> list[str]:
        return sorted(re.findall(r"\{[^}]*\}?", text))

    assert {
        text: said for text, said in TABLES[language].items() if values(text) != values(said)
    } == {}


@pytest.mark.parametrize("language", TABLES)
def test_no_text_is_translated_twice(language: str) -> None:
    """A file has one entry for each text: a merge that kept both sides shows here."""
    text = (tables.SOURCES / f"{LANGUAGES[language]}.po").read_text(encoding="utf-8")
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
def test_po_files_are_read(entry: str, found: dict[str, str]) -> None:
    """What translators' tools write is understood without gettext's own tools."""
    header = 'msgid ""\nmsgstr ""\n"Language: de\\n"\n\n'
    assert tables.read_po(f"{header}{entry}\n") == found


def test_japanese_is_japanese() -> None:
    """But for names and formats, each Japanese text has Japanese letters in it."""
    latin = {
        text for text, said in TABLES["Japanese"].items() if not re.search("[぀-ヿ一-鿿]", said)
    }
    assert latin <= {
        "Mint",
        "Mint: {1}",
        "Mint: {1}: {2}",
        "Id",
        *("FBX", "OBJ", "STL", "USDZ"),
        "https://",
        "{1}–{2} of {3}",
        "{1} of {2}",
        "{1} from {2}",
        "{1} and {2}",
    }


# -- what counts as a text
# ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('layout.label(text="Jobs")', ["Jobs"]),
        ('layout.label(text=f"{count:,} in flight")', ["{1} in flight"]),
        ('layout.operator("mint.cancel", text="Cancel").job_id = job.id', ["Cancel"]),
        ('layout.label(text="On" if online else "Off")', ["On", "Off"]),
        (
            'layout.prop(form, "name", text="", placeholder="After the prompt")',
            ["After the prompt"],
        ),
        ('x: bpy.props.IntProperty(name="Size", description="How large")', ["Size", "How large"]),
        ('ITEMS = [("FAST", "Fast", "Quick and cheap")]', ["Fast", "Quick and cheap"]),
        ('raise SceneImportError(f"“{name}” holds no objects.")', ["“{1}” holds no objects."]),
        (
            'return "this Blender lacks " + " and ".join(names)',
            ["this Blender lacks {1}", "{1} and {2}"],
        ),
        (
            'class MINT_OT_x(Operator):\n    """Does it"""\n    bl_label = "Do It"',
            ["Does it", "Do It"],
        ),
        ('advice.get(code, f"It failed ({code}): retry.")', ["It failed ({1}): retry."]),
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
def test_texts_are_found(source: str, found: list[str]) -> None:
    """The reader sees each way in which this package shows a text, and passes over what no person
    reads.
    """
    assert texts_of(ast.parse(source), "ui", "panel") == found


def test_names_are_no_prose() -> None:
    """A sentence is something to be read; an identifier, an address and a number are not."""
    assert is_prose("Nothing was imported.") and is_prose("Cancel")
    assert not any(
        is_prose(text)
        for text in ("mint.cancel", "https://mint.gg/models", "{1}", "VIEW_3D", "job_id", "")
    )


# -- putting values back in
# --------------------------------------------------------------------------------------------------


@pytest.fixture
def german():
    """The German catalog."""
    return Catalog(TABLES["German"])


@pytest.fixture
def japanese():
    """The Japanese catalog."""
    return Catalog(TABLES["Japanese"])


def test_values_are_put_back_in(german) -> None:
    """A sentence with values is said in German with the same values; what is a known text among
    them is translated too.
    """
    said = german.translated(
        "Mint needs 146 more Credits to go on. Buy them at platform.mint.gg/billing, then resume."
    )
    assert (
        said
        == "Mint braucht noch 146 Credits, um weiterzumachen. Unter platform.mint.gg/billing kaufen, dann fortsetzen."
    )
    assert (
        german.translated("Mint: Treasure chest: Look at the Preview")
        == "Mint: Treasure chest: Vorschau ansehen"
    )


def test_a_sentence_around_a_sentence(german) -> None:
    """A state with its reason is translated as a whole, down to the innermost."""
    said = german.translated(
        "Paused: Mint cannot be reached: the name api.mint.gg was not found; this computer may be offline."
    )
    assert (
        said
        == "Angehalten: Mint ist nicht erreichbar: der Name api.mint.gg wurde nicht gefunden; vielleicht ist dieser Rechner offline."
    )


def test_words_of_mint_stay(german, japanese) -> None:
    """Around what Mint itself says, which nobody can translate beforehand, our own words are
    translated.
    """
    text = "Mint does not accept this request: prompt: too rude. Nothing was started or charged; change it and try again. (Request id: r1)"
    said = german.translated(text)
    assert said.startswith(
        "Mint nimmt diese Anfrage nicht an: prompt: too rude. Es wurde nichts gestartet oder berechnet;"
    )
    assert said.endswith("(Anfragekennung: r1)")
    assert "too rude" in japanese.translated(text) and "リクエスト ID: r1" in japanese.translated(
        text
    )


def test_the_order_may_change(japanese) -> None:
    """Japanese says some values in another order."""
    assert (
        japanese.translated("it is cut off: 5 of 90 bytes are there")
        == "途中で切れています: 90 バイト中 5 バイトしかありません"
    )


@pytest.mark.parametrize(
    "text", ["a lamp of brass and glass", "Lamp, from above", "Straße", "", "{1}", "World of Tanks"]
)
def test_unknown_text_stays(german, text: str) -> None:
    """What is no text of ours comes back unchanged, even where a small word of a template is in it."""
    assert german.translated(text) == text


@pytest.mark.parametrize("language", TABLES)
def test_every_template_finds_itself(language: str) -> None:
    """Whatever values a template is filled with, it is recognized, and each value is where the
    translation wants it.
    """
    catalog = Catalog(TABLES[language])
    wrong = {}
    for text, foreign in TABLES[language].items():
        english, expected = text, foreign
        for number in range(1, text.count("{") + 1):
            english, expected = (
                english.replace(f"{{{number}}}", f"v{number}"),
                expected.replace(f"{{{number}}}", f"v{number}"),
            )
        if (said := catalog.translated(english)) != expected:
            wrong[english] = said
    assert wrong == {}


def test_drawing_again_costs_a_look_up(german) -> None:
    """Twenty cards drawn a hundred times work each of their texts out once."""
    drawn = [
        f"Failed: Mint cannot be reached: api{number}.mint.gg refused the connection."
        for number in range(20)
    ]
    for _ in range(100):
        for text in drawn:
            german.translated(text)
    assert german.misses == len(drawn)


def test_what_is_kept_is_bounded(german) -> None:
    """Texts that are never the same, such as a countdown, do not fill the memory."""
    for seconds in range(10_000):
        german.translated(f"Mint cannot be reached, trying again in {seconds} s")
    assert len(german._kept) <= 4096


def test_a_long_text_is_no_trap(german) -> None:
    """A text of thousands of unknown sentences is worked out with a bounded number of attempts."""
    attempts = 0
    known = german._known

    def counted(text: str):
        nonlocal attempts
        attempts += 1
        return known(text)

    german._known = counted
    text = "Who knows what this is. " * 4000
    assert german.translated(text) == text
    assert attempts < 400


# -- the user's own words, and numbers
# -----------------------------------------------------------------------------------------

USER_TEXT: dict[str, frozenset[int]] = _load("user_text").USER_TEXT
USERS_OWN = re.compile(r"\btitle\b(?!\(\))|display_name|\bentry\.name|\bimage\.name|self\.image$")
TRANSLATED_APART = {"Mint: {1}"}
"""Of which the value may be a sentence of ours; where it is a title, `filled` leaves it alone."""


def test_the_users_words_are_known() -> None:
    """Each value that is a title or a name of the user's stands in quotation marks, or is marked as
    theirs; and no mark is left over.
    """
    found: dict[str, set[int]] = {}
    for template, values in values_of():
        unquoted = re.sub(r"[“\"]\{\d+\}[”\"]", "", template)
        own = {
            number
            for number, value in enumerate(values, start=1)
            if USERS_OWN.search(value) and f"{{{number}}}" in unquoted
        }
        if own and template in texts() and template not in TRANSLATED_APART:
            found.setdefault(template, set()).update(own)
    assert found == {template: set(numbers) for template, numbers in USER_TEXT.items()}


@pytest.fixture
def written() -> object:
    """The German catalog as the add-on uses it: it knows the user's words, and how numbers are
    written.
    """
    return Catalog(TABLES["German"], USER_TEXT, (".", ","))


@pytest.mark.parametrize(
    "title", ["World", "Cube", "Start Camera", "Chair: World", "Look at the Preview", "1,500"]
)
def test_a_title_is_never_translated(written, title: str) -> None:
    """A prompt that is a word of ours stays as it was typed, in a sentence, in quotation marks, and
    in a notice.
    """
    assert written.translated(f"{title} waits for no decision.").startswith(f"{title} ")
    assert f"„{title}“" in written.translated(
        f"“{title}” holds no objects. The file is kept; nothing was imported."
    )
    assert (
        written.filled("Mint: {1}: {2}", [title, written.translated("Placed")])
        == f"Mint: {title}: Platziert"
    )


def test_numbers_are_written_as_in_german(written, japanese) -> None:
    """A thousand has a point in German, a half a comma; what is no number stays."""
    assert written.translated("About 1,500 Credits") == "Etwa 1.500 Credits"
    assert written.translated(
        "Mint needs 1,234,567 more Credits to go on. Buy them at here, then resume."
    ).startswith("Mint braucht noch 1.234.567 Credits")
    assert written.translated("It has 5.3 MB; Mint takes at most 5 MB.").startswith("Es hat 5,3 MB")
    assert written.translated("248 Credits") == "248 Credits"
    assert written.translated(
        "This is Blender 5.2.3 LTS; splats of its own come with Blender 5.3. Open the file there and try again."
    ).count("5.2.3 LTS")
    assert "1,500" in japanese.translated("About 1,500 Credits")
    assert japanese.translated("1,650 Credits") == "1,650 クレジット"


# -- messages
# -----------------------------------------------------------------------------------------------

render = _load("formats").render
GERMAN_WORDS = {
    "Paused: {reason}": "Angehalten: {reason}",
    "{count:,} of {kind} {title}": "{kind} {title}: {count:,}",
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
                "{count:,} of {kind} {title}", count=1500, kind=Message("model"), title="model"
            ),
            "Modell model: 1.500",
        ),
        (
            Message("Paused: {reason}", reason=Message("{size:,.1f} MB", size=0.5)),
            "Angehalten: 0,5 MB",
        ),
        (Message("Paused: {reason}", reason="{size} 1,500"), "Angehalten: {size} 1,500"),
        (Message("Unknown {name}", name="model"), "Unknown model"),
    ],
)
def test_messages_are_rendered(message: Message, german: str) -> None:
    """Template and nested messages are translated and numbers localized; a name stays as it is."""
    assert render(message, GERMAN_WORDS, "de") == german


def test_dates_are_written_as_in_the_language() -> None:
    """Each language has its own order of day, month and year."""
    moment = datetime.datetime(2026, 11, 5, 9, 7).astimezone()
    format_date = _load("formats").format_date
    assert [format_date(moment, language) for language in ("", "de", "ja")] == [
        "2026-11-05 09:07",
        "05.11.2026 09:07",
        "2026/11/05 09:07",
    ]


def test_prepared_text_is_not_translated_again() -> None:
    """What a layout shows that is no plain text of ours is in the user's language already, or is
    their own: Blender does not touch it.
    """
    assert [
        place
        for path in sorted((PACKAGE / "ui").rglob("*.py"))
        for place in _translated_twice(path)
    ] == []


_DRAWS = {"label", "operator", "prop", "menu", "progress", "operator_menu_enum", "prop_search"}


def _translated_twice(path: Path) -> list[str]:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _DRAWS
        ):
            told = {keyword.arg: keyword.value for keyword in node.keywords}
            if "text" in told and not _is_plain(told["text"]) and "translate" not in told:
                wrong.append(f"{path.name}:{node.lineno}: {ast.unparse(told['text'])}")
    return wrong


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_plain(node.body) and _is_plain(node.orelse)
    return isinstance(node, ast.Constant)
