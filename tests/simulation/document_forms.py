# SPDX-License-Identifier: GPL-3.0-or-later
"""Other forms of Mint's JSON that its contract allows."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone
from typing import Any

from .surprises import Surprises

TIMES = ("createdAt", "updatedAt", "completedAt", "canceledAt")
EAST = timezone(timedelta(hours=5, minutes=30))


def in_form(body: dict[str, Any], surprises: Surprises) -> None:
    """Give a document the form that it has in this world."""
    if surprises.changes_documents:
        for document in [body, *body.get("data", ())]:
            _change(document, surprises)


def _change(document: dict[str, Any], surprises: Surprises) -> None:
    kind = document.get("object")
    if kind == "world" and surprises.worlds_have_no_prompt:
        document.pop("prompt", None)
    if surprises.prompts_are_normalized and isinstance(document.get("prompt"), str):
        document["prompt"] = normalized(document["prompt"])
    for name in TIMES:
        if isinstance(document.get(name), str):
            document[name] = _time(document[name], surprises.dates)
    if kind == "operation" and surprises.operations_have_no_date:
        document.pop("createdAt", None)


def normalized(prompt: str) -> str:
    """Return a prompt as a careful service may store it."""
    return " ".join(unicodedata.normalize("NFC", prompt).split())


def _time(text: str, form: str) -> str:
    at = datetime.fromisoformat(text)
    if form == "offset":
        return at.astimezone(EAST).isoformat(timespec="microseconds")
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if form == "seconds" else text
