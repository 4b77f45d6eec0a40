# SPDX-License-Identifier: GPL-3.0-or-later
"""Our texts in other languages: German and Japanese.

Labels, tooltips and enum items are looked up by Blender, which is given the tables with `register`.
Sentences with values in them come from rooms that know neither Blender nor languages: they are
turned with `translated` where they reach a layout or a report.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import bpy

from ... import __package__ as ADDON
from .matching import PLACEHOLDER, Catalog, Separators
from .user_text import USER_TEXT

LANGUAGES = {"de": "german", "ja": "japanese"}
LOCALES = {"de": ("de", "de_DE"), "ja": ("ja", "ja_JP")}
"""Blender's names for them: which of the two is in force differs between versions, and an unknown
one does no harm.
"""

SEPARATORS: dict[str, Separators] = {"de": (".", ",")}
"""Of languages that write numbers in another way than English does: between thousands, and before
decimals.
"""

OURS = "Mint"
"""The translation context of properties with words that mean something else elsewhere in Blender,
such as the preset "Fast".
"""

CONTEXTS = ("*", "Operator", OURS)
"""Blender looks labels of operators up in a context of their own.

What it has a word for itself comes before ours.
"""


def translated(text: str, language: str | None = None) -> str:
    """The text in the language of Blender's interface (or in another one, for a test); unchanged
    where that is English.
    """
    language = language or spoken()
    return catalog(language).translated(text) if text and language in LANGUAGES else text


def filled(template: str, *values: str) -> str:
    """A sentence in the user's language around values that stay as they are: the user's words, or
    what is translated already.
    """
    language = spoken()
    if language in LANGUAGES:
        return catalog(language).filled(template, values)
    return PLACEHOLDER.sub(lambda found: values[int(found[0][1:-1]) - 1], template)


def number(value: float) -> str:
    """A whole number, such as an amount of Credits, as the user's language writes it."""
    return translated(f"{value:,.0f}")


def spoken() -> str:
    """The language of the interface as two letters; empty where nothing is translated."""
    view = bpy.context.preferences.view
    return str(bpy.app.translations.locale or "")[:2] if view.use_translate_interface else ""


@cache
def catalog(language: str) -> Catalog:
    """The texts of one language, loaded when it is first needed."""
    return Catalog(texts(language), USER_TEXT, SEPARATORS.get(language, (",", ".")))


def texts(language: str) -> dict[str, str]:
    """The table of one language, English to its own."""
    if language == "de":
        from .german import TEXTS as german

        return german
    from .japanese import TEXTS as japanese

    return japanese


def register() -> None:
    """Hand the tables to Blender."""
    tables: Any = {}
    for language, locales in LOCALES.items():
        table = {
            (context, english): foreign
            for english, foreign in texts(language).items()
            for context in CONTEXTS
        }
        tables.update(dict.fromkeys(locales, table))
    bpy.app.translations.register(ADDON, tables)


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(ADDON)
    catalog.cache_clear()
