# SPDX-License-Identifier: GPL-3.0-or-later
"""Links to the manual: Blender's *Online Manual* (F1) on our buttons, and buttons of our own."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import bpy

from ... import __package__ as ADDON
from ...message import Message
from ..translations import spoken, translated

_MANUAL = Message("Manual")


def register() -> None:
    """Tell Blender where to look up our operators and properties."""
    bpy.utils.register_manual_map(online_manual)


def unregister() -> None:
    """Remove that; also after a `register` that failed."""
    with suppress(ValueError):
        bpy.utils.unregister_manual_map(online_manual)


def online_manual() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the address of the manual, and the page of each name; Blender asks on a click."""
    if not website():
        return "", ()
    from .pages import PAGES

    return _prefix(), tuple((pattern, _file(page)) for pattern, page in PAGES)


def draw(layout: bpy.types.UILayout, page: str = "index") -> None:
    """Draw a button that opens a page of the manual, if it is published."""
    if website():
        text = translated(_MANUAL)
        button = layout.operator("wm.url_open", text=text, translate=False, icon="HELP")
        button.url = _prefix() + _file(page)


@lru_cache(maxsize=1)
def website() -> str:
    """Return the address of the manual as the manifest has it; empty if there is none.

    In an extension the manifest is in the package, in a clone beside it, and with pip nowhere.
    """
    import tomllib

    package = Path(__file__).parents[2]
    for folder in (package, package.parent):
        try:
            text = (folder / "blender_manifest.toml").read_text(encoding="utf-8")
            manifest = tomllib.loads(text)
        except (OSError, ValueError):
            continue
        if manifest.get("id") == ADDON.rpartition(".")[2]:
            return address(manifest.get("website"))
    return ""


def address(found: object) -> str:
    """Return what a manifest has as its website, with a slash at its end; empty if it is none."""
    is_address = isinstance(found, str) and found.startswith("https://")
    return f"{str(found).rstrip('/')}/" if is_address else ""


def _prefix() -> str:
    """Return the folder of the pages in the language of the interface."""
    language = spoken()
    return f"{website()}{language}/" if language else website()


def _file(page: str) -> str:
    """Return the file of a page, with the anchor behind it."""
    name, mark, anchor = page.partition("#")
    return f"{name}.html{mark}{anchor}"
