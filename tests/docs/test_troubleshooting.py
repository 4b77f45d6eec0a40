# SPDX-License-Identifier: GPL-3.0-or-later
"""The headings of the page *Troubleshooting* are messages that the add-on really shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from mint_blender.jobs.presentation import error_messages
from mint_blender.mint import errors

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
GAP = "…"
_BOUNDARY = " .:;,("
"""What may follow a quoted beginning of a message."""


def quoted() -> list[str]:
    """Return the messages that the page quotes: its headings of the third level."""
    return re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def texts_in(source: str) -> Iterator[str]:
    """Yield the texts of a module, with a gap for each value that is filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{[^{}]*\}", GAP, node.value)


@lru_cache
def texts() -> tuple[str, ...]:
    """Return the texts of all modules."""
    modules = (ROOT / "mint_blender").rglob("*.py")
    return tuple(
        text for module in modules for text in texts_in(module.read_text(encoding="utf-8"))
    )


def shows(text: str, message: str) -> bool:
    """Return whether a text is a message, or has it as one of its sentences or their beginning."""
    if message not in text:
        return False
    for found in re.finditer(re.escape(message), text):
        before, after = text[: found.start()], text[found.end() :]
        is_begun = not before or before.endswith((". ", ": ", f"{GAP} "))
        if is_begun and (not after or message.endswith(GAP) or after[0] in _BOUNDARY):
            return True
    return False


@pytest.mark.parametrize("message", quoted())
def test_a_quoted_message_exists(message: str) -> None:
    """A user who searches for a message finds it here; one that has changed is noticed."""
    assert any(shows(text, message) for text in texts()), f"no message says {message!r}"


def test_an_unknown_message_is_noticed() -> None:
    """Words inside of another word or sentence do not count as a message."""
    assert shows("Mint cannot cancel this now. It continues.", "Mint cannot cancel this now")
    assert shows("… belongs to another account. Use it.", "… belongs to another account")
    assert not shows("This would cost about … Credits.", "cost about … Credits")
    assert not shows("Mint cannot cancel this nowadays.", "Mint cannot cancel this now")


def _meanings() -> Iterator[str]:
    pending = [errors.ProblemError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        yield str(kind.meaning)


def test_what_mint_can_answer_is_explained() -> None:
    """Each kind of refusal, and each reason of a failed generation, has an entry."""
    known = quoted()
    reasons = [*_meanings(), *map(str, error_messages._ADVICE.values())]
    lacking = [each for each in reasons if not any(shows(each, message) for message in known)]
    assert not lacking, f"docs/troubleshooting.md does not explain: {lacking}"


def test_no_message_is_explained_twice() -> None:
    """Otherwise links to its heading would be ambiguous."""
    assert len(quoted()) == len(set(quoted()))
