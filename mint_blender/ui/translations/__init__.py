# SPDX-License-Identifier: GPL-3.0-or-later
"""Our texts in other languages: German and Japanese.

Blender itself looks up labels, tooltips and enum items, in the table that it is given here, which
holds only the language in use. Sentences with values in them come from rooms that know neither
Blender nor languages: `translated` translates them where they reach a layout or a report.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent

from ... import __package__ as ADDON
from ...message import Message

if TYPE_CHECKING:
    from datetime import date as Date
    from datetime import datetime

LOCALES = {"de": ("de", "de_DE"), "ja": ("ja", "ja_JP")}
"""Languages, with Blender's names for them.

Which of the two names is in force differs between versions; an unknown one does no harm.
"""

OURS = "Mint"
"""The translation context of properties with words that mean something else elsewhere in Blender,
such as the preset "Fast".
"""

CONTEXTS = ("*", "Operator", OURS)
"""Translation contexts; labels of operators have one of their own.

Blender's own translations come before ours.
"""


def translated(text: str, language: str | None = None) -> str:
    """Return a message in the language of the interface, or in another one for a test.

    Any other string is a name, the user's own words, or translated already, and stays as it is.
    """
    if not isinstance(text, Message):
        return text
    language = spoken() if language is None else language
    if language not in LOCALES:
        return text
    from .formats import render

    return render(text, _table(language), language)


def number(value: float) -> str:
    """Return a whole number, such as an amount of Credits, as the user's language writes it."""
    from .formats import format_number

    return format_number(value, spoken())


def date(moment: datetime) -> str:
    """Return day and time as the user's language writes them."""
    from .formats import format_date

    return format_date(moment, spoken())


def day(date: Date) -> str:
    """Return day, month and year as the user's language writes them."""
    from .formats import format_day

    return format_day(date, spoken())


def day_of_year(date: Date) -> str:
    """Return day and month as the user's language writes them."""
    from .formats import format_day_of_year

    return format_day_of_year(date, spoken())


def spoken() -> str:
    """Return the language of the interface as two letters; empty where nothing is translated."""
    if not _registration.language:
        return ""  # Blender has no table of ours, so that it is in English or an unknown language
    return _locale() if bpy.context.preferences.view.use_translate_interface else ""


def _locale() -> str:
    return str(bpy.app.translations.locale or "")[:2]


@lru_cache(maxsize=1)
def _table(language: str) -> dict[str, str]:
    """Return the texts of one language, read from disk when it is first needed."""
    from . import tables

    return tables.load(language)


class _Registration:
    """The table that Blender was given, and the owner of our subscription to its language."""

    language = ""


_registration = _Registration()


def register() -> None:
    """Give Blender the table of the language in use, now and whenever the user changes it."""
    bpy.app.handlers.load_post.append(_subscribe)
    _subscribe()


@persistent
def _subscribe(_path: str = "") -> None:
    """Subscribe to changes of Blender's language.

    Blender 4.3 drops subscriptions when it opens a file, even with `PERSISTENT`.
    """
    bpy.msgbus.clear_by_owner(_registration)
    language: Any = (bpy.types.PreferencesView, "language")
    bpy.msgbus.subscribe_rna(
        key=language,
        owner=_registration,
        args=(),
        notify=follow_language,
        options={"PERSISTENT"},
    )
    follow_language()


def unregister() -> None:
    """Remove the table from Blender."""
    if _subscribe in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(_subscribe)
    bpy.msgbus.clear_by_owner(_registration)
    _give("")
    _table.cache_clear()


def follow_language() -> None:
    """Replace the table if Blender's language has changed; English needs none."""
    language = _locale()
    _give(language if language in LOCALES else "")


def _give(language: str) -> None:
    if language == _registration.language:
        return
    if _registration.language:
        bpy.app.translations.unregister(ADDON)
    if language:
        table: Any = {
            (context, english): foreign
            for english, foreign in _table(language).items()
            for context in CONTEXTS
        }
        bpy.app.translations.register(ADDON, dict.fromkeys(LOCALES[language], table))
    _registration.language = language
