# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about the selected model, and the menu of a selected result."""

from typing import TYPE_CHECKING

import bpy

from ...message import Message
from .. import session, text_wrap, visibility
from ..after import menus as after_menus
from ..clips import operators as clips_panel
from ..create import properties as create_properties
from ..job_actions import Result, report_error
from ..library_browser.operators import about_asset
from ..operator_bases import MintOperator
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of
from . import selected

if TYPE_CHECKING:
    from ...jobs.queries import OptimizationPrice
    from ...scene.tags import Provenance

_REDUCE = Message("Reduce Polygons")
_ANIMATE = Message("Animate…")
_VARIATION = Message("Generate Variation")
_PICTURE = Message("Picture")


def title(context: bpy.types.Context) -> str:
    """Return the name of the model that is selected; empty without one."""
    root = selected.model_root(context.active_object)
    return root.name if root is not None else ""


def draw_header(layout: bpy.types.UILayout) -> None:
    """Draw the menu with the rarer actions."""
    layout.menu("MINT_MT_selection", text="", icon="DOWNARROW_HLT")


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the facts of the selected model, its prompt, and the next steps."""
    from ...scene import tags

    visibility.note(selected.PANEL)
    root = selected.model_root(context.active_object)
    origin = tags.read(root) if root is not None else None
    if root is None or origin is None:
        return
    column = layout.column(align=True)
    for line in facts_lines(root, scene_of(context), width=context.region.width):
        column.label(text=line, translate=False)
    if origin.file_used == "optimized":
        column.label(text=translated(Message("Optimized")), translate=False)
    if origin.prompt and origin.prompt != origin.title:
        aside = layout.column()
        aside.active = False
        wrapped(aside, origin.prompt, width=context.region.width, max_lines=3, translate=False)
    clips_panel.draw(layout, context)
    after_menus.draw_model(layout, root, context.region.width)
    after_menus.draw(layout)
    _draw_next_steps(layout, root, origin, context.region.width)
    _draw_block_out(layout, root, context.region.width)


def _draw_block_out(layout: bpy.types.UILayout, root: bpy.types.Object, width: int) -> None:
    """Draw what can be done with the object whose place a model has taken."""
    block_out = root.get("mint_block_out")
    if block_out is None:
        return
    row = layout.row(align=True)
    for shown, words in (("BEFORE", Message("Before")), ("AFTER", Message("After"))):
        row.operator(
            "mint.show_block_out",
            text=translated(words),
            translate=False,
            depress=block_out.hide_get() is (shown == "AFTER"),
        ).shown = shown
    row = text_wrap.button_row(
        layout, (Message("Turn 90°"), Message("Delete Block-Out")), width=width
    )
    row.operator("mint.turn_in_block_out", icon="LOOP_FORWARDS")
    row.operator("mint.delete_block_out", icon="TRASH")


class _BlockOutOperator(bpy.types.Operator):
    """Base of the operators on the block-out of the selected model."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the active object belongs to a model that has one."""
        root = selected.model_root(context.active_object)
        return root is not None and root.get("mint_block_out") is not None

    def root(self, context: bpy.types.Context) -> bpy.types.Object:
        """Return the root of that model."""
        root = selected.model_root(context.active_object)
        assert root is not None, "poll has seen one"
        return root


class MINT_OT_show_block_out(_BlockOutOperator):
    """Show the object that stood here before, or the model that took its place."""

    bl_idname = "mint.show_block_out"
    bl_label = "Before and After"

    shown: bpy.props.EnumProperty(
        name="Shown",
        items=[
            ("BEFORE", "Before", "The object that stood here"),
            ("AFTER", "After", "The model"),
        ],
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Show one of them."""
        from ...scene.model import block_out

        root = self.root(context)
        is_before = self.shown == "BEFORE"
        block_out.show(root, before=is_before)
        # a hidden object cannot be the active one, and this panel is about that
        context.view_layer.objects.active = root[block_out.BLOCK_OUT] if is_before else root
        return {"FINISHED"}


class MINT_OT_turn_in_block_out(_BlockOutOperator):
    """Turn this model by a quarter within its box, and fit it again."""

    bl_idname = "mint.turn_in_block_out"
    bl_label = "Turn 90°"

    def execute(self, context: bpy.types.Context) -> Result:
        """Turn it."""
        from ...scene.model import block_out

        block_out.turn(self.root(context))
        return {"FINISHED"}


class MINT_OT_delete_block_out(_BlockOutOperator):
    """Delete the hidden object whose place this model has taken."""

    bl_idname = "mint.delete_block_out"
    bl_label = "Delete Block-Out"

    def execute(self, context: bpy.types.Context) -> Result:
        """Delete it."""
        from ...scene.model import block_out

        root = self.root(context)
        block_out.show(root, before=False)
        bpy.data.objects.remove(root["mint_block_out"])
        root.pop("mint_block_out", None)
        return {"FINISHED"}


class MINT_OT_picture(bpy.types.Operator):
    """Put ground, light and a framed camera around this model, for a picture with F12."""

    bl_idname = "mint.picture"
    bl_label = "Picture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the active object belongs to a model."""
        return selected.model_root(context.active_object) is not None

    def execute(self, context: bpy.types.Context) -> Result:
        """Set up the scene; an earlier picture goes."""
        from ...scene import picture, tags

        root = selected.model_root(context.active_object)
        assert root is not None, "poll has seen one"
        picture.add(scene_of(context), tags.hierarchy(root))
        done = Message(
            "Ground, light and a camera are around {name}: render with F12", name=root.name
        )
        self.report({"INFO"}, translated(done))
        return {"FINISHED"}


class MINT_MT_selection(bpy.types.Menu):
    """More that can be done with the selected result."""

    bl_label = "Selected Result"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what makes sense for this result."""
        from ...scene import tags

        layout = layout_of(self)
        active = context.active_object
        root = selected.root_of(active)
        origin = tags.read(root) if root is not None else None
        if active is None or root is None or origin is None:
            return
        layout.operator_context = "INVOKE_DEFAULT"
        is_model = origin.kind == "model" and bool(origin.asset_id)
        if is_model and not selected.is_instance(active):
            layout.operator("mint.replace_model", icon="FILE_REFRESH").asset_id = origin.asset_id
        if origin.kind == "world":
            _draw_variation(layout, root, origin)
            if not selected.is_instance(active):
                layout.menu("MINT_MT_world", icon="WORLD")
        if origin.mint_url:
            layout.operator("mint.open_in_mint", icon="URL").url = origin.mint_url


def facts_lines(root: bpy.types.Object, scene: bpy.types.Scene, *, width: int) -> list[str]:
    """Return faces and size: on one line, or on two if the sidebar is too narrow."""
    facts = selected.facts(root)
    if facts is None:
        return [" "]  # a line as high as what will be here
    words = translated(
        Message("1 face") if facts.faces == 1 else Message("{count:,} faces", count=facts.faces)
    )
    parts = [text for text in (words, size_words(facts.size, scene)) if text]
    line = " · ".join(parts)
    is_too_wide = text_wrap.width_of(line) > width - text_wrap.scaled(text_wrap.PANEL)
    return parts if is_too_wide else [line]


def size_words(size: tuple[float, float, float] | None, scene: bpy.types.Scene) -> str:
    """Return width, depth and height in the scene's units."""
    if size is None:
        return ""
    units = scene.unit_settings
    if units.system == "NONE":
        return " × ".join(f"{side:.2f}" for side in size)
    return " × ".join(
        bpy.utils.units.to_string(
            units.system, "LENGTH", side * units.scale_length, precision=3, compatible_unit=False
        )
        for side in size
    )


def _draw_next_steps(
    layout: bpy.types.UILayout, root: bpy.types.Object, origin: "Provenance", width: int
) -> None:
    """Draw what costs Credits, with its price, then what is free."""
    from ..pricing import price_dialog

    column = layout.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    if (query := _price_to_reduce(origin)) is not None:
        service = session.existing_service()
        price = service.budget.price(query) if service is not None else None
        words = _REDUCE if price is None else price_dialog.with_price(_REDUCE, price)
        column.operator(
            "mint.optimize", text=translated(words), translate=False, icon="MOD_DECIM"
        ).asset_id = origin.asset_id
    if origin.kind == "model" and origin.asset_id and _is_humanoid(root):
        column.operator(
            "mint.animate", text=translated(_ANIMATE), translate=False, icon="ARMATURE_DATA"
        ).asset_id = origin.asset_id
    row = text_wrap.button_row(layout, (_VARIATION, _PICTURE), width=width)
    _draw_variation(row, root, origin)
    row.operator("mint.picture", icon="RESTRICT_RENDER_OFF")


def _is_humanoid(root: bpy.types.Object) -> bool:
    """Return whether a model is known to stand in T-Pose, or has a rig."""
    from ...mint.schema import Pose

    facts = selected.facts(root)
    if facts is None:
        return False
    is_t_pose = facts.job is not None and facts.job.request.pose is Pose.T_POSE
    return is_t_pose or any(obj.type == "ARMATURE" for obj in (root, *facts.objects))


def _price_to_reduce(origin: "Provenance") -> "OptimizationPrice | None":
    """Return the query for what a version with fewer polygons costs; None if there can be none."""
    from ...jobs.queries import OptimizationPrice

    is_reduced = origin.file_used == "optimized"
    if origin.kind != "model" or not origin.asset_id or is_reduced:
        return None
    return OptimizationPrice(origin.asset_id)


def price_shown(context: bpy.types.Context) -> "OptimizationPrice | None":
    """Return the query for the price that stands on a button of the section, to be asked."""
    from ...scene import tags

    root = selected.model_root(context.active_object)
    origin = tags.read(root) if root is not None else None
    if origin is None or create_properties.cannot_open_optimized():
        return None
    return _price_to_reduce(origin)


def _draw_variation(
    layout: bpy.types.UILayout, root: bpy.types.Object, origin: "Provenance"
) -> None:
    """Draw the button that fills the form: with what its job had, or what the file keeps."""
    facts = selected.facts(root)
    job = facts.job if facts is not None else None
    if job is not None or origin.prompt:
        layout.operator(
            "mint.use_prompt", text=translated(_VARIATION), translate=False, icon="DUPLICATE"
        ).job_id = job.id if job is not None else ""


class MINT_OT_replace_model(MintOperator):
    """Download the newest version from Mint for free and replace this model in the scene.

    Your transforms, modifiers and materials stay.
    """

    bl_idname = "mint.replace_model"
    bl_label = "Replace with Newest Version"

    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the model at Mint", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Start a job that only downloads; its result replaces the model in the scene."""
        from ...jobs.job_values import Delivery

        if not self.asset_id:
            return report_error(self, Message("Select a model from Mint."))
        delivery = create_properties.with_cursor(context, Delivery(replaces=True))
        return about_asset(
            self,
            "MODEL",
            self.asset_id,
            lambda service, asset: service.fetch(asset, delivery),
        )
