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

    return _prefix(), tuple(
        (f"bpy.{name}" if "." in name else f"bpy.ops.mint.{name}", _file(page))
        for page, names in PAGES.items()
        for name in names
    )


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


def address(website: object) -> str:
    """Return what a manifest has as its website, with a slash at its end; empty if it is none."""
    is_address = isinstance(website, str) and website.startswith("https://")
    return f"{str(website).rstrip('/')}/" if is_address else ""


def _prefix() -> str:
    """Return the folder of the pages in the language of the interface."""
    language = spoken()
    return f"{website()}{language}/" if language else website()


def _file(page: str) -> str:
    """Return the file of a page, with the anchor behind it."""
    name, mark, anchor = page.partition("#")
    return f"{name}.html{mark}{anchor}"


PAGES = {
    "blender/review#decide": ("approve", "revise*", "types.windowmanager.mint_feedback"),
    "blender/review": ("review", "*_preview"),
    "blender/styles#earlier-prompts": ("choose_prompt",),
    "blender/styles#styles": ("*_style", "types.mintform.style*"),
    "blender/worlds#choose-before-generating": ("types.mintform.splats", "types.mintform.panorama"),
    "blender/characters": ("types.mintform.animate", "types.mintform.motions", "animate"),
    "start/first-model": ("generate*", "types.mintform.*"),
    "blender/reference-images": ("*reference*", "types.mintreference.*"),
    "blender/jobs#many-prompts-at-once": ("toggle_batch",),
    "blender/jobs#where-results-go": ("place*",),
    "blender/jobs#in-the-place-of-an-object": ("*block_out",),
    "blender/export#optimize": ("optimize",),
    "blender/export#replace-a-version": ("replace_model",),
    "blender/characters#clips-of-a-character": ("*clip*",),
    "blender/export#make-something-like-it": ("use_prompt",),
    "blender/after#export-for-an-engine": ("export",),
    "blender/after#make-lighter": ("levels_of_detail", "make_lighter", "show_version"),
    "blender/after#stand-on-the-floor": ("drop_to_floor", "let_fall"),
    "blender/after#look-at-it-again": ("*viewpoint*", "render_panorama", "*_walk"),
    "blender/after#shadow-and-light": ("ground_shadow", "mix_with_scene_light"),
    "blender/after#crop-and-save-splats": ("crop_splats", "end_crop", "save_splats"),
    "blender/worlds#look-at-it": ("look_*", "walk_inside", "restore_view"),
    "blender/worlds#camera": ("render_from_here",),
    "start/first-model#5-use-the-model": ("picture", "show_cube"),
    "blender/worlds#size-and-place": ("repair_world",),
    "blender/worlds#panorama": ("restore_scene_world",),
    "blender/worlds": ("*world*",),
    "blender/worlds#collider": ("*collider",),
    "blender/worlds#splats": ("*splats*",),
    "blender/library#in-the-3d-view": ("browse_library",),
    "blender/library": ("*library", "*asset", "types.mintlibrary.*"),
    "start/api-key#another-address": ("confirm_address",),
    "costs": ("refresh_account", "spend"),
    "blender/preferences#folders": ("*_downloads",),
    "troubleshooting": ("copy_diagnostics", "copy_report"),
    "blender/jobs": ("*",),
}
"""The operators and properties of each page; the first pattern that fits counts. Blender compares
names in lower case. Preferences are missing, since Blender does not look up their type.
"""
