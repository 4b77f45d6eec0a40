# SPDX-License-Identifier: GPL-3.0-or-later
"""All switches, which change the behavior of the service.

A switch is selected by its word in a prompt, `a chair [moderation]`, by the scenario's `switches`
(for each operation) or by `rules` (for prompts that match). Their table is in README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

README = Path(__file__).with_name("README.md")


@dataclass(frozen=True)
class Switch:
    """A row of the table."""

    name: str
    # where it acts: "work" the operation, "assets" what it makes, "start" / "poll" their responses,
    # "read" reads of resources, "file" downloads, "motion" a motion, whose words have it
    acts: str
    does: str


def _table() -> Iterable[Switch]:
    section = README.read_text(encoding="utf-8").partition("\n## Switches\n")[2]
    for row in re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$", section, re.MULTILINE):
        yield Switch(*row)


TABLE = tuple(_table())
NAMES = frozenset(s.name for s in TABLE)
_WORD = re.compile(r"\[([a-z0-9-]+)\]")


def selected(
    prompt: str, always: Iterable[str] = (), rules: Iterable[Mapping[str, Any]] = ()
) -> list[str]:
    """Return the switches for a prompt; unknown words in brackets are part of the prompt."""
    names = [*always, *(word for word in _WORD.findall(prompt) if word in NAMES)]
    for rule in rules:
        if re.search(rule["prompt"], prompt):
            names.extend(rule["switches"])
    check(names)
    return list(dict.fromkeys(names))


def check(names: Iterable[str]) -> None:
    """Raise on a name that is not in the table: a test must not pass because of a misspelling."""
    unknown = sorted(set(names) - NAMES)
    if unknown:
        raise ValueError(f"unknown switch(es): {', '.join(unknown)}")


def without(prompt: str) -> str:
    """Return the prompt without its switch words, for names and files."""
    return (
        " ".join(_WORD.sub(lambda m: "" if m[1] in NAMES else m[0], prompt).split()) or "untitled"
    )
