# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu with more that can be done with the chosen item of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..typed_context import layout_of
from .properties import fields_of

if TYPE_CHECKING:
    from ...mint.schema import Asset


class MINT_MT_library_item(bpy.types.Menu):
    """More that can be done with the chosen item of the library."""

    bl_idname = "MINT_MT_library_item"
    bl_label = "Library Item"
    bl_description = "More that can be done with this item"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what makes sense for the chosen item."""
        from ...jobs.library.view_model import AssetState, state_of
        from . import panel_data

        layout, asset = layout_of(self), panel_data.chosen(fields_of(context))
        if asset is None:
            return
        layout.operator_context = "INVOKE_DEFAULT"
        if state_of(asset) is AssetState.DONE:
            _draw_uses(layout, asset)
        _draw_uses_of_prompt(layout, asset)
        if asset.mint_url:
            layout.operator("mint.open_in_mint", icon="URL").url = asset.mint_url


def _draw_uses(layout: bpy.types.UILayout, asset: Asset) -> None:
    """Draw what can be made of a finished item."""
    from ...mint.schema import Kind

    if asset.kind is Kind.MODEL:
        layout.operator("mint.optimize", text="Optimize…", icon="MOD_DECIM").asset_id = asset.id
        layout.operator("mint.convert", text="Convert…", icon="EXPORT").asset_id = asset.id
    save = layout.operator("mint.save_to_library", icon="ASSET_MANAGER")
    save.kind, save.asset_id = asset.kind.name, asset.id
    layout.separator()


def _draw_uses_of_prompt(layout: bpy.types.UILayout, asset: Asset) -> None:
    """Draw what can be done with the prompt of an item."""
    if asset.prompt:
        again = layout.operator("mint.again", text="Generate Again…", icon="DUPLICATE")
        again.asset_id = asset.id
        use = layout.operator("mint.use_prompt", text="Use as Draft", icon="GREASEPENCIL")
        use.asset_id = asset.id
    if prompt_of(asset):
        copy = layout.operator("mint.copy_prompt", icon="COPYDOWN")
        copy.asset_id = asset.id


def prompt_of(asset: Asset) -> str | None:
    """Return the prompt of an item, or the caption that Mint has given it."""
    return asset.prompt or (asset.assets.caption if asset.assets else None)
