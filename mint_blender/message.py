# SPDX-License-Identifier: GPL-3.0-or-later
"""A message for the user: English text that keeps its template and its values.

Every room may import this module; it imports none of ours and knows no language. The interface
translates a message where it is shown (`ui/translations`); everything else reads it as a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Self

Param = str | int | float
"""A value in a message: a nested `Message` is translated, a number is written as the language
writes numbers, and any other text stays as it is, since it is a name or the user's own words.
"""


class Message(str):
    """A text of the add-on: `Message("{file} contains no triangles.", file=name)`.

    As a string it is the English text. `template` is what is looked up in a translation, `params`
    are the values to fill in, and `code` identifies the message for programs; most have none.

    Enum members are words of ours and become messages; an exception becomes its own message.
    """

    template: str
    params: dict[str, Param]
    code: str | None

    def __new__(cls, template: str, /, **params: Any) -> Self:
        """Return a message without a code."""
        return cls.build(template, params)

    @classmethod
    def build(cls, template: str, params: Mapping[str, Any], code: str | None = None) -> Self:
        """Return a message from parts that were stored apart."""
        values = {name: _param(value) for name, value in params.items()}
        message = super().__new__(cls, template.format(**values) if values else template)
        message.template = template
        message.params = values
        message.code = code
        return message

    def __str__(self) -> str:
        """Return the message itself, so that `str(error)` keeps the template of its message."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).build, (self.template, self.params, self.code)

    def with_code(self, code: str) -> Self:
        """Return the same message with a code."""
        return type(self).build(self.template, self.params, code)

    def to_json(self) -> dict[str, Any]:
        """Return the message as plain values that `from_json` reads."""
        params = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.params.items()
        }
        return {"code": self.code, "template": self.template, "params": params}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the message that `to_json` wrote.

        Raises:
            Exception: The record is damaged.
        """
        template = record["template"]
        code = record.get("code")
        if not isinstance(template, str) or not isinstance(code, str | None):
            raise TypeError("a template and a code are text")
        params = {
            name: cls.from_json(value) if isinstance(value, Mapping) else value
            for name, value in record["params"].items()
        }
        if params:
            _check_template(template)
        return cls.build(template, params, code)


class UserError(Exception):
    """Base of the errors that are a sentence for the user: what happened, and what to do."""


class MessageError(UserError):
    """An error whose text is a message: `MessageError("{file} is empty.", file=name)`."""

    def __init__(self, template: str, /, **params: Any) -> None:
        is_message = isinstance(template, Message)
        super().__init__(template if is_message else Message(template, **params))


_FORMAT = r"[<>^]?\d{0,2},?(\.\d{1,2})?[a-z%]?"


def _check_template(template: str) -> None:
    """Raise KeyError for a template with fields that no message of ours has.

    Python's formats can read attributes, and a width of a billion takes as much memory.
    """
    import re
    import string

    for _, name, format, conversion in string.Formatter().parse(template):
        if name is not None and not (
            name.isidentifier() and conversion is None and re.fullmatch(_FORMAT, format or "")
        ):
            raise KeyError(name)


def message_of(value: object) -> Message:
    """Return the message of an exception, or any other text as a message that is not translated."""
    text = str(value)
    return text if isinstance(text, Message) else Message("{text}", text=text)


def sentences(*messages: str) -> Message:
    """Return several sentences as one message; empty ones are left out."""
    return _joined(
        Message("{first} {second}"), [message for message in messages if message] or [""]
    )


def lines(*messages: str) -> Message:
    """Return several texts as one message, each on a line of its own."""
    return _joined(Message("{first}\n{second}"), messages)


def listed(words: Iterable[str]) -> Message:
    """Return words as one message: "one and two and three"."""
    return _joined(Message("{first} and {second}"), words)


def _joined(words: Message, texts: Iterable[str]) -> Message:
    first, *rest = texts
    joined = message_of(first)
    for text in rest:
        joined = Message(words.template, first=joined, second=text)
    return joined


def _param(value: object) -> Param:
    if type(value) is int or type(value) is float:
        return value  # most are; the questions below are slow
    if isinstance(value, Enum):
        return Message(str(value.value))
    if isinstance(value, str):
        return str(value)
    from numbers import Integral, Real

    if isinstance(value, Integral):  # NumPy's too
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)
