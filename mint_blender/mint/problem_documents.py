# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the body of an error response to a `Problem`. Pure; never raises.

Accepts problem documents (RFC 9457), OAuth error bodies, and bodies that are not JSON objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .errors import FieldError, Problem

MAX_TEXT_LENGTH = 500
MAX_FIELD_ERRORS, MAX_STEPS = 50, 20
"""How many errors are read, and how many steps of the path of each."""


def read_problem(status: int, body: object, *, secret: str = "") -> Problem:
    """Return the problem that a parsed body (or None) describes.

    `secret` is removed wherever the server repeats it.
    """
    members = _Members(body if isinstance(body, Mapping) else {}, secret)
    nested = _Members(members.object("error"), secret)
    problem = Problem(
        status=status,
        slug=_slug(members.text("type") or members.text("error") or nested.text("code")),
        title=members.text("title") or members.text("error"),
        detail=members.text("detail")
        or members.text("error_description")
        or nested.text("message")
        or members.text("message"),
        instance=members.text("instance"),
        errors=_field_errors(members.value("errors"), secret),
    )
    # a gateway's JSON has no type
    is_mints = bool(members.text("type")) and bool(problem.explanation)
    return replace(problem, has_details=is_mints)


def clean_line(value: object, secret: str) -> str | None:
    """Return a printable line of bounded length without the secret; None if there is no text."""
    if not isinstance(value, str):
        return None
    whole = value.replace(secret, "(key)") if secret else value
    line = " ".join(
        "".join(c if c.isprintable() else " " for c in whole[: MAX_TEXT_LENGTH * 4]).split()
    )
    return (line if len(line) <= MAX_TEXT_LENGTH else f"{line[:MAX_TEXT_LENGTH]}…") or None


class _Members:
    """The members of an untrusted JSON object."""

    def __init__(self, data: Mapping[str, Any], secret: str) -> None:
        self._data = data
        self._secret = secret

    def value(self, name: str) -> object:
        return self._data.get(name)

    def object(self, name: str) -> Mapping[str, Any]:
        value = self._data.get(name)
        return value if isinstance(value, Mapping) else {}

    def text(self, name: str) -> str | None:
        return clean_line(self._data.get(name), self._secret)


def _slug(type_: str | None) -> str | None:
    """Return the last path segment of a problem's `type`, which is a URI or a bare word."""
    return (type_ or "").split("#")[0].split("?")[0].rstrip("/").rpartition("/")[2] or None


def _field_errors(entries: object, secret: str) -> tuple[FieldError, ...]:
    first = entries[:MAX_FIELD_ERRORS] if isinstance(entries, list) else []
    found = (_field_error(entry, secret) for entry in first)
    return tuple(error for error in found if error is not None)


def _field_error(entry: object, secret: str) -> FieldError | None:
    if not isinstance(entry, Mapping):
        message = clean_line(entry, secret)
        return FieldError(message) if message else None
    members = _Members(entry, secret)
    path = members.value("path")
    pointer = (
        "".join(f"/{step}" for step in path[:MAX_STEPS] if isinstance(step, str | int))
        if isinstance(path, list)
        else members.text("path")
    )
    message = (
        members.text("message")
        or members.text("detail")
        or members.text("title")
        or members.text("code")
    )
    return (
        FieldError(message, clean_line(pointer, secret), members.text("code")) if message else None
    )
