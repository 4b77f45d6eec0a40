# SPDX-License-Identifier: GPL-3.0-or-later
"""Style presets: words that are added to a prompt, under a name that the user has given them.

They are kept in a file in the folder of Blender's preferences, which can be edited, copied to
another computer, or deleted. It is written at the first change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...message import Message
from .. import heartbeat, session
from ..translations import translated

FILE = "mint_styles.json"


@dataclass(frozen=True)
class Style:
    """Words for the end of a prompt."""

    name: str
    words: str


FIRST = (
    Style(Message("Clay"), Message("unpainted gray clay")),
    Style(Message("Low Poly"), Message("low poly, flat colors")),
    Style(Message("Realistic"), Message("photorealistic, fine surface detail")),
    Style(Message("Stylized"), Message("stylized, hand-painted textures")),
)
"""The presets of a user who has not changed any, in the language of the interface."""


class FileError(Exception):
    """The file cannot be read or written; the message says why."""


class _State:
    styles: tuple[Style, ...] | None = None


def known() -> tuple[Style, ...]:
    """Return the presets as last read, sorted by name."""
    return session.state(_State).styles or ()


def prepare() -> None:
    """Read the presets, unless that was done in this session."""
    state = session.state(_State)
    if state.styles is not None:
        return
    try:
        state.styles = _read()
    except FileError:  # the next change reports it
        state.styles = _first()
    heartbeat.redraw()


def save(style: Style, *, instead_of: str = "") -> None:
    """Add a preset, or replace the one with its name, or with an earlier name.

    Raises:
        FileError: The file cannot be read or written, so nothing was changed.
    """
    gone = {style.name, instead_of}
    _write([*(each for each in _read() if each.name not in gone), style])


def remove(name: str) -> None:
    """Remove a preset.

    Raises:
        FileError: The file cannot be read or written, so nothing was changed.
    """
    _write([each for each in _read() if each.name != name])


def file() -> Path:
    """Return the file, which may not exist."""
    return Path(bpy.utils.user_resource("CONFIG")) / FILE


def _first() -> tuple[Style, ...]:
    return tuple(Style(translated(each.name), translated(each.words)) for each in FIRST)


def _read() -> tuple[Style, ...]:
    path = file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Style(str(each["name"]), str(each["words"])) for each in found)
    except FileNotFoundError:
        return _first()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FileError(
            Message("The style presets cannot be read. Repair or delete {file}.", file=str(path))
        ) from error


def _write(styles: list[Style]) -> None:
    """Replace the file at once, so that it is whole at any time."""
    from ...files import disk

    styles.sort(key=lambda each: each.name.casefold())
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = [{"name": each.name, "words": each.words} for each in styles]
        with disk.replacing(path) as part:
            part.write_text(json.dumps(text, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise FileError(
            Message(
                "The style presets cannot be written to {file}: {reason}.",
                file=str(path),
                reason=error.strerror or str(error),
            )
        ) from error
    session.state(_State).styles = tuple(styles)
