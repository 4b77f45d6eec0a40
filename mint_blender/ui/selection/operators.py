# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace the selected model by what Mint has of it now."""

import bpy

from ...message import Message
from ..create import properties as create_properties
from ..job_actions import Result
from ..library_browser.asset_lookup import about_asset
from ..translations import translated
from ..typed_context import scene_of


class MINT_OT_replace_model(bpy.types.Operator):
    """Replace this model by its newest version at Mint."""

    bl_idname = "mint.replace_model"
    bl_label = "Replace with Newest Version"
    bl_description = (
        "Download the newest version from Mint for free and replace this model in the scene. Your "
        "transforms, modifiers and materials stay"
    )
    bl_options = {"REGISTER"}

    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the model at Mint", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask before an edited model is replaced."""
        from ..job_list import placed_results

        edited = placed_results.edited_objects(self.asset_id, scene_of(context))
        if not edited:
            return self.execute(context)
        return placed_results.confirm_replacing(self, event, edited)

    def execute(self, context: bpy.types.Context) -> Result:
        """Start a job that only downloads; its result replaces the model in the scene."""
        from ...jobs.job_values import Delivery
        from ...mint.schema import Kind

        if not self.asset_id:
            self.report({"ERROR"}, translated(Message("Select a model from Mint.")))
            return {"CANCELLED"}
        delivery = create_properties.with_cursor(context, Delivery(replaces=True))
        return about_asset(
            self,
            Kind.MODEL,
            self.asset_id,
            lambda service, asset: service.fetch(asset, delivery),
        )


CLASSES = (MINT_OT_replace_model,)
