# SPDX-License-Identifier: GPL-3.0-or-later
"""Translates sentences that already have their values in them.

Pure: knows no Blender, only a table from English to another language.

The lower rooms say "Mint needs 146 more Credits to go on." without knowing that anybody might want
to read that in another language. Here each English template of the table ("Mint needs {1} to go
on.") becomes a pattern, once; a sentence that fits one is said in the other language with the same
values, which are translated too where they are known texts. What nobody knows comes back as it was,
and so do the user's own words. Numbers are written as the language does: "1,500" is one and a half
in German.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from .formats import Separators

PLACEHOLDER = re.compile(r"\{\d+\}")
_BETWEEN = re.compile(r"(?<=[.!?…;)])\s+|\s+(?=\()|:\s+|,\s+|\n")
_MOST_PARTS = 24
_MOST_KEPT = 4096
_FEW_LETTERS = 8
_QUOTED = re.compile(r"[“\"](\{\d+\})[”\"]")
_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?(\+| [KMG]?B)?|-?\d+\.\d+( [KMG]?B)?")


class Template:
    """One English text with values in it, and the same in the other language."""

    def __init__(self, english: str, foreign: str, user_text: Collection[int] = ()) -> None:
        literals = PLACEHOLDER.split(english)
        self.numbers = PLACEHOLDER.findall(english)
        self._user_text = {*_QUOTED.findall(english), *(f"{{{number}}}" for number in user_text)}
        self.weight = sum(character.isalpha() for literal in literals for character in literal)
        # "{1} of {2}" is in half of all sentences: it counts only between numbers, names of files,
        # and texts known themselves.
        self.is_weak = self.weight < _FEW_LETTERS and not literals[0].strip()
        self._hint = max(literals, key=len)
        self._foreign = foreign
        groups = [
            "(.+?)" if index == 0 or literals[index] else "(.*?)"
            for index in range(len(literals) - 1)
        ]
        text = "".join(
            re.escape(literal) + group
            for literal, group in zip(literals, [*groups, ""], strict=True)
        )
        self._pattern = re.compile(text, re.DOTALL)

    def values(self, text: str) -> tuple[str, ...] | None:
        """The values in a text of this form; None when it is of another."""
        fits = self._pattern.fullmatch(text) if self._hint in text else None
        return fits.groups() if fits else None

    def filled(self, values: Sequence[str], translated: Callable[[str], str] = str) -> str:
        """The foreign text with these values, each of them `translated` unless it is the user's
        own.
        """
        pairs = zip(self.numbers, values, strict=True)
        named = {
            number: value if number in self._user_text else translated(value)
            for number, value in pairs
        }
        return PLACEHOLDER.sub(lambda found: named.get(found[0], ""), self._foreign)


class Catalog:
    """All texts of one language."""

    def __init__(
        self,
        texts: Mapping[str, str],
        user_text: Mapping[str, Collection[int]] | None = None,
        separators: Separators = (",", "."),
    ) -> None:
        self._texts, self._separators, user_text = texts, separators, user_text or {}
        templates = (
            Template(english, foreign, user_text.get(english, ()))
            for english, foreign in texts.items()
            if PLACEHOLDER.search(english)
        )
        self._templates = sorted(templates, key=lambda each: -each.weight)
        self._kept: dict[str, str] = {}
        self.misses = 0

    def translated(self, text: str) -> str:
        """The text in this language, as far as it is known.

        Each text is worked out once; drawing it again is a look-up.
        """
        kept = self._kept.get(text)
        if kept is None:
            self.misses += 1
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[text] = self._worked_out(text)
        return kept

    def filled(self, template: str, values: Sequence[str]) -> str:
        """A template of the table in this language, with values that are as they shall be."""
        return Template(template, self._texts.get(template, template)).filled(values)

    def number(self, text: str) -> str:
        """A number that is written in English, as this language writes it."""
        thousands, decimals = self._separators
        return text.translate({ord(","): thousands, ord("."): decimals})

    def _worked_out(self, text: str) -> str:
        if _NUMBER.fullmatch(text):
            return self.number(text)
        known = self._known(text)
        return known if known is not None else self._in_parts(text)

    def _known(self, text: str) -> str | None:
        """A text of the table, or one that fits a template."""
        exact = self._texts.get(text)
        if exact is not None:
            return exact
        for template in self._templates:
            values = template.values(text)
            if values is not None and (
                not template.is_weak or all(self._is_value(value) for value in values)
            ):
                return template.filled(values, self._worked_out)
        begun = self._texts.get(text[:1].upper() + text[1:])  # "Partly done, ready to place"
        return begun[:1].lower() + begun[1:] if begun is not None else None

    def _is_value(self, text: str) -> bool:
        return not text or (" " not in text and not text.isalpha()) or self._known(text) is not None

    def _in_parts(self, text: str) -> str:
        """Several sentences, or half a sentence of ours around somebody else's words: the longest
        known parts, from left to right.
        """
        found = islice(_BETWEEN.finditer(text), _MOST_PARTS - 1)
        ends = [*((each.start(), each.end()) for each in found), (len(text), len(text))]
        told, start, index = "", 0, 0
        while index < len(ends):
            longest = next(
                (
                    last
                    for last in range(len(ends) - 1, index - 1, -1)
                    if self._part(text[start : ends[last][0]])
                ),
                None,
            )
            last = index if longest is None else longest
            stop, begin = ends[last]
            part, gap = text[start:stop], text[stop:begin]
            told += (self._part(part) or part) if longest is not None else part
            told += gap.replace(" ", "") if told.endswith("。") else gap
            start, index = begin, last + 1
        return told

    def _part(self, part: str) -> str | None:
        """Single words are left alone here: they may be anybody's."""
        bare = part.strip()
        return self._known(bare) if " " in bare and bare == part else None
