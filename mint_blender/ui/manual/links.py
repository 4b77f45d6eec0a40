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


PAGES = (
    ("bpy.ops.mint.approve", "blender/review#decide"),
    ("bpy.ops.mint.revise*", "blender/review#decide"),
    ("bpy.ops.mint.review", "blender/review"),
    ("bpy.ops.mint.*_preview", "blender/review"),
    ("bpy.types.windowmanager.mint_feedback", "blender/review#decide"),
    ("bpy.ops.mint.generate*", "start/first-model"),
    ("bpy.ops.mint.choose_prompt", "blender/styles#earlier-prompts"),
    ("bpy.ops.mint.*_style", "blender/styles#style-presets"),
    ("bpy.types.mintform.style*", "blender/styles#style-presets"),
    ("bpy.types.mintform.splats", "blender/worlds#choose-before-generating"),
    ("bpy.types.mintform.panorama", "blender/worlds#choose-before-generating"),
    ("bpy.types.mintform.animate", "blender/characters"),
    ("bpy.types.mintform.motions", "blender/characters"),
    ("bpy.types.mintform.*", "start/first-model"),
    ("bpy.ops.mint.*reference*", "blender/reference-images"),
    ("bpy.types.mintreference.*", "blender/reference-images"),
    ("bpy.ops.mint.toggle_batch", "blender/jobs#many-prompts-at-once"),
    ("bpy.ops.mint.place*", "blender/jobs#where-results-go"),
    ("bpy.ops.mint.*block_out", "blender/jobs#in-the-place-of-an-object"),
    ("bpy.ops.mint.optimize", "blender/export#optimize"),
    ("bpy.ops.mint.replace_model", "blender/export#replace-a-version"),
    ("bpy.ops.mint.animate", "blender/characters"),
    ("bpy.ops.mint.*clip*", "blender/characters#clips-of-a-character"),
    ("bpy.ops.mint.use_prompt", "blender/export#make-something-like-it"),
    ("bpy.ops.mint.export", "blender/after#export-for-an-engine"),
    ("bpy.ops.mint.levels_of_detail", "blender/after#make-lighter"),
    ("bpy.ops.mint.make_lighter", "blender/after#make-lighter"),
    ("bpy.ops.mint.show_version", "blender/after#make-lighter"),
    ("bpy.ops.mint.drop_to_floor", "blender/after#stand-on-the-floor"),
    ("bpy.ops.mint.let_fall", "blender/after#stand-on-the-floor"),
    ("bpy.ops.mint.*viewpoint*", "blender/after#look-at-it-again"),
    ("bpy.ops.mint.render_panorama", "blender/after#look-at-it-again"),
    ("bpy.ops.mint.*_walk", "blender/after#look-at-it-again"),
    ("bpy.ops.mint.ground_shadow", "blender/after#shadow-and-light"),
    ("bpy.ops.mint.mix_with_scene_light", "blender/after#shadow-and-light"),
    ("bpy.ops.mint.crop_splats", "blender/after#crop-and-save-splats"),
    ("bpy.ops.mint.end_crop", "blender/after#crop-and-save-splats"),
    ("bpy.ops.mint.save_splats", "blender/after#crop-and-save-splats"),
    ("bpy.ops.mint.look_*", "blender/worlds#look-at-it"),
    ("bpy.ops.mint.walk_inside", "blender/worlds#look-at-it"),
    ("bpy.ops.mint.restore_view", "blender/worlds#look-at-it"),
    ("bpy.ops.mint.render_from_here", "blender/worlds#camera"),
    ("bpy.ops.mint.picture", "start/first-model#5-use-the-model"),
    ("bpy.ops.mint.show_cube", "start/first-model#5-use-the-model"),
    ("bpy.ops.mint.repair_world", "blender/worlds#size-and-place"),
    ("bpy.ops.mint.restore_scene_world", "blender/worlds#panorama"),
    ("bpy.ops.mint.*world*", "blender/worlds"),
    ("bpy.ops.mint.*collider", "blender/worlds#collider"),
    ("bpy.ops.mint.*splats*", "blender/worlds#splats"),
    ("bpy.ops.mint.browse_library", "blender/library#in-the-3d-view"),
    ("bpy.ops.mint.*library", "blender/library"),
    ("bpy.ops.mint.*asset", "blender/library"),
    ("bpy.types.mintlibrary.*", "blender/library"),
    ("bpy.ops.mint.confirm_address", "start/api-key#another-address"),
    ("bpy.ops.mint.refresh_account", "costs"),
    ("bpy.ops.mint.spend", "costs"),
    ("bpy.ops.mint.*_downloads", "blender/preferences#folders"),
    ("bpy.ops.mint.copy_diagnostics", "troubleshooting"),
    ("bpy.ops.mint.copy_report", "troubleshooting"),
    ("bpy.ops.mint.*", "blender/jobs"),
)
"""The page about each operator and property; the first pattern that fits counts. Blender compares
names in lower case. Preferences are missing, since Blender does not look up their type.
"""
