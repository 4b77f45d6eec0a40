# SPDX-License-Identifier: GPL-3.0-or-later
"""Our texts in other languages: German and Japanese.

Labels, tooltips and enum items are looked up by Blender, which is given the tables with `register`. Sentences with values in them come
from rooms that know neither Blender nor languages: they are turned with `translated` where they reach a layout or a report.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import bpy

from ... import __package__ as ADDON
from .matching import Catalogue

LANGUAGES = {"de": "german", "ja": "japanese"}
LOCALES = {"de": ("de", "de_DE"), "ja": ("ja", "ja_JP")}
"""Blender's names for them: which of the two is in force differs between versions, and an unknown one does no harm."""

OURS = "Mint"
"""The translation context of properties with words that mean something else elsewhere in Blender, such as the preset "Fast"."""

CONTEXTS = ("*", "Operator", OURS)
"""Blender looks labels of operators up in a context of their own. What it has a word for itself comes before ours."""


def translated(text: str, language: str | None = None) -> str:
    """The text in the language of Blender's interface (or in another one, for a test); unchanged where that is English."""
    language = language or spoken()
    return catalogue(language).translated(text) if text and language in LANGUAGES else text


def spoken() -> str:
    """The language of the interface as two letters; empty where nothing is translated."""
    view = bpy.context.preferences.view
    return str(bpy.app.translations.locale or "")[:2] if view.use_translate_interface else ""


@cache
def catalogue(language: str) -> Catalogue:
    """The texts of one language, loaded when it is first needed."""
    return Catalogue(texts(language))


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
        table = {(context, english): foreign for english, foreign in texts(language).items() for context in CONTEXTS}
        tables.update(dict.fromkeys(locales, table))
    bpy.app.translations.register(ADDON, tables)


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(ADDON)
    catalogue.cache_clear()
