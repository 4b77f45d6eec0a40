# SPDX-License-Identifier: GPL-3.0-or-later
"""The color, shape and name for the words of a prompt; the same words always give the same."""

from __future__ import annotations

import hashlib
import re

Color = tuple[float, float, float]

# sRGB, 0..1
COLORS: dict[str, Color] = {
    "red": (0.80, 0.12, 0.10),
    "orange": (0.93, 0.45, 0.08),
    "yellow": (0.95, 0.80, 0.15),
    "green": (0.18, 0.60, 0.22),
    "teal": (0.08, 0.55, 0.55),
    "blue": (0.12, 0.30, 0.80),
    "purple": (0.48, 0.20, 0.68),
    "pink": (0.93, 0.50, 0.65),
    "brown": (0.42, 0.26, 0.14),
    "black": (0.06, 0.06, 0.07),
    "white": (0.92, 0.92, 0.90),
    "gray": (0.50, 0.50, 0.52),
    "gold": (0.83, 0.62, 0.18),
}
SHAPES = ("lamp", "chest", "mug", "stool", "tree", "rock")
FIGURES = ("knight",)
"""Only a prompt that names one gets it."""
SYNONYMS = {
    "box": "chest", "crate": "chest", "cup": "mug", "chair": "stool", "seat": "stool", "table": "stool", "lantern": "lamp",
    "light": "lamp", "bush": "tree", "plant": "tree", "stone": "rock", "boulder": "rock",
}  # fmt: skip
HASHED = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"\[[^]]*\]", " ", text.lower()))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(" ".join(_words(text)).encode()).digest()[:4], "big")


def color_word(description: str) -> str:
    """Return the last color named in the text, or one derived from its words."""
    named = [word for word in _words(description) if word in COLORS]
    return named[-1] if named else HASHED[_hash(description) % len(HASHED)]


def color(description: str) -> Color:
    """Return the sRGB values of that color."""
    return COLORS[color_word(description)]


def shape(description: str) -> str:
    """Return the first shape named in the text, or one derived from its first line."""
    for word in _words(description):
        if word in SHAPES or word in FIGURES or word in SYNONYMS:
            return SYNONYMS.get(word, word)
    return SHAPES[_hash(description.split("\n", 1)[0]) % len(SHAPES)]


def slug(text: str, limit: int = 40) -> str:
    """Return the start of the file names."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-") or "untitled"
