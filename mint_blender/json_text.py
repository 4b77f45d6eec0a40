# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse JSON that others wrote.

Every room may import this module; it imports none of ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def parse(text: str | bytes, *, most_levels: int | None = None) -> Any:
    """Return the value that a JSON text describes.

    Args:
        text: The text; bytes are UTF-8, UTF-16 or UTF-32.
        most_levels: How deep objects and lists may be nested. Without it, as deep as Python reads.

    Raises:
        ValueError: It is not valid JSON, or nested too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if most_levels is not None and _is_deeper(value, most_levels):
        raise ValueError("nested too deeply")
    return value


def members(text: str | bytes) -> dict[str, Any]:
    """Return the members of a JSON object; none if the text is something else."""
    try:
        value = parse(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def with_short_texts(value: Any, longest: Mapping[str, int], otherwise: int) -> Any:
    """Return parsed JSON whose texts are cut; a cut one ends with an ellipsis.

    Args:
        value: What `parse` has returned, whose levels were limited.
        longest: How many characters the text of a member may have, by its name.
        otherwise: How many any other text, and the name of a member, may have.
    """

    def short(part: Any, limit: int) -> Any:
        if isinstance(part, str):
            return part if len(part) <= limit else f"{part[: limit - 1]}…"
        if isinstance(part, list):
            return [short(member, limit) for member in part]
        if isinstance(part, dict):
            return {
                short(name, otherwise): short(member, longest.get(name, otherwise))
                for name, member in part.items()
            }
        return part

    return short(value, otherwise)


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels + 1):
        level = [
            member
            for parent in level
            if isinstance(parent, dict | list)
            for member in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
