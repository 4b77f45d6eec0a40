# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, dates and messages as a language writes them. Knows no Blender.

Only the interface uses this: the command line and JSON are English.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ...message import Message

Separators = tuple[str, str]
"""The separators between thousands and before decimals."""

SEPARATORS: dict[str, Separators] = {"de": (".", ",")}
"""Separators by language, where they differ from English."""

DAYS = {"de": "%d.%m.%Y", "ja": "%Y/%m/%d"}
DAYS_OF_YEAR = {"de": "%d.%m.", "ja": "%m/%d"}


def format_number(value: float, language: str) -> str:
    """Return a number without decimals, its thousands separated."""
    return localize_digits(f"{value:,.0f}", language)


def localize_digits(text: str, language: str) -> str:
    """Return a number that is written in English as another language writes it."""
    thousands, decimals = SEPARATORS.get(language, (",", "."))
    return text.translate({ord(","): thousands, ord("."): decimals})


def format_date(moment: datetime, language: str) -> str:
    """Return day and time in the time zone of this computer."""
    try:
        local = moment.astimezone()
    except (OSError, OverflowError):  # Windows knows no time zones before 1970
        local = moment
    return f"{format_day(local, language)} {local:%H:%M}"


def format_day(day: date, language: str) -> str:
    """Return day, month and year."""
    return day.strftime(DAYS.get(language, "%Y-%m-%d"))


def format_day_of_year(day: date, language: str) -> str:
    """Return day and month."""
    return day.strftime(DAYS_OF_YEAR.get(language, "%m-%d"))


def render(message: Message, texts: Mapping[str, str], language: str) -> str:
    """Return a message in a language, given the texts of that language.

    Numbers are written as that language does, and messages among the values are rendered too. Other
    values are names or the user's own words and stay.
    """
    template = texts.get(message.template, message.template)
    if not message.params:
        return template  # as it is: it may hold braces
    return _Formatter(texts, language).vformat(template, (), message.params)


class _Formatter(string.Formatter):
    def __init__(self, texts: Mapping[str, str], language: str) -> None:
        self._texts = texts
        self._language = language

    def format_field(self, value: Any, spec: str) -> str:
        if isinstance(value, Message):
            value = render(value, self._texts, self._language)
        text = format(value, spec)
        return localize_digits(text, self._language) if isinstance(value, int | float) else text
