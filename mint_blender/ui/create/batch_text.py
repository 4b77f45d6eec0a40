# SPDX-License-Identifier: GPL-3.0-or-later
"""A text of the Text Editor as a batch: one prompt per line, each a job of its own."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from .. import session
from ..job_actions import report_error, run_action
from ..pricing import limit_dialog
from ..text_wrap import wrapped
from ..translations import OURS, translated
from ..typed_context import layout_of
from . import properties as create_properties
from .operators import MODES, copy_settings

if TYPE_CHECKING:
    from ...jobs.batch_lines import Line
    from ...jobs.job_values import Delivery
    from ...jobs.queries import Query
    from ...jobs.service import JobService

LANDINGS = [
    (
        "SIDE_BY_SIDE",
        "Side by Side",
        "Place each result when it is done, in a row from the 3D cursor",
    ),
    (
        "READY",
        "Place Manually",
        "Do not place results automatically. Place the ones you like yourself",
    ),
]
NO_PROMPTS = Message("This text contains no prompts. Write one per line.")


class MINT_OT_batch_text(limit_dialog.SpendingDialog, bpy.types.Operator):
    """Start a job for each line of a text.

    Each line is one prompt.
    """

    bl_idname = "mint.batch_text"
    bl_label = "Generate Each Line with Mint"
    bl_options = {"REGISTER"}

    text: bpy.props.StringProperty(
        name="Text", description="Text with one prompt per line", options={"SKIP_SAVE"}
    )
    kind: bpy.props.EnumProperty(name="Kind", items=create_properties.KINDS)
    style: bpy.props.StringProperty(
        name="Style", description="Words that are added to each prompt", options={"SKIP_SAVE"}
    )
    preset: bpy.props.EnumProperty(
        name="Preset", items=create_properties.PRESETS, default="FAST", translation_context=OURS
    )
    mode: bpy.props.EnumProperty(name="Mode", items=MODES)
    landing: bpy.props.EnumProperty(
        name="Results", items=LANDINGS, description="What to do with the results"
    )
    spacing: bpy.props.FloatProperty(
        name="Spacing",
        default=2.0,
        min=0.0,
        soft_max=100.0,
        unit="LENGTH",
        description="Distance between results. Wider results take the space they need",
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the file has a text; the tooltip says why not."""
        if not bpy.data.texts:
            cls.poll_message_set(
                translated(
                    Message(
                        "No text to read prompts from. Write one in the Text Editor, one prompt "
                        "per line"
                    )
                )
            )
        return bool(bpy.data.texts)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Open the dialog, with the settings that the form has."""
        copy_settings(self, ("kind", "style", "preset", "mode"))
        self.text = self.text or _text_at_hand(context)
        return self.ask_before_spending(context, width=420, confirm_text="Generate All")

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw what will be started, and what it will cost."""
        layout = layout_of(self)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop_search(self, "text", bpy.data, "texts", icon="TEXT")
        layout.prop(self, "kind")
        layout.prop(self, "style", placeholder="None")
        layout.prop(self, "preset")
        layout.prop(self, "mode")
        layout.prop(self, "landing")
        row = layout.row()
        row.active = self.landing == "SIDE_BY_SIDE"
        row.prop(self, "spacing")
        layout.separator()
        self._draw_price(layout)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Any:
        """Start all jobs; the service runs as many at once as Mint allows.

        In background mode, wait until they have ended.
        """
        from ...jobs import batch_lines
        from .. import headless

        name = self.text or _text_at_hand(context)
        lines = self._lines(name)
        if not lines:
            is_there = name in bpy.data.texts
            missing = Message("There is no text “{name}” in this file.", name=self.text)
            return report_error(operator, NO_PROMPTS if is_there else missing)
        if complaint := batch_lines.first_complaint(lines):
            number, problem = complaint
            return report_error(
                operator, Message("Line {number}: {problem}", number=number, problem=problem)
            )
        targets = self._targets(context, len(lines))
        lands = self.landing == "SIDE_BY_SIDE"

        def start(service: "JobService") -> None:
            requests = [line.request for line in lines]
            job_ids = [job.id for job in service.start_all(zip(requests, targets, strict=True))]
            if bpy.app.background:
                headless.wait_for_jobs(service, job_ids, place=lands)

        return run_action(operator, start)

    def _lines(self, name: str) -> "list[Line]":
        """Return a line for each prompt of a text; none if there is no such text."""
        from ...jobs import batch_lines

        text: bpy.types.Text | None = bpy.data.texts.get(name)
        words = {name: getattr(self, name).lower() for name in ("kind", "preset", "mode")}
        style = self.style.strip()
        return batch_lines.lines_of_text(
            text.as_string() if text is not None else "",
            lambda prompt: {**words, "prompt": create_properties.with_style(prompt, style)},
        )

    def _targets(self, context: bpy.types.Context, count: int) -> "list[Delivery]":
        """Return where each result is placed.

        With several Worlds none becomes the scene's background, which would be the last one's.
        """
        import uuid

        from ...jobs.job_values import Delivery
        from ...scene.model import grid_layout

        delivery = Delivery(
            scene=context.scene.name, group=uuid.uuid4().hex[:12], panorama=count == 1
        )
        if self.landing == "READY":
            return [delivery] * count
        cursor = create_properties.cursor(context)
        places = [grid_layout.cell(cursor, number, self.spacing) for number in range(count)]
        return [replace(delivery, at=at, document=session.document_id()) for at in places]

    def queries(self) -> "list[Query]":
        """Return the prices of the prompts, and the balance."""
        from ...jobs.budget import batch_prices
        from ...jobs.queries import Balance

        return [*batch_prices.price_queries(self._lines(self.text)), Balance()]

    def price(self, service: "JobService") -> float | None:
        """Return what all prompts cost, in Credits; None: unknown."""
        from ...jobs.budget import batch_prices

        lines = self._lines(self.text)
        return batch_prices.known_prices(service.budget, lines).total(lines) if lines else None

    def _draw_price(self, layout: bpy.types.UILayout) -> None:
        from ...jobs.budget import batch_prices
        from ..pricing import price_dialog

        lines, service = self._lines(self.text), session.existing_service()
        if not lines:
            wrapped(layout, NO_PROMPTS, icon="ERROR")
            return
        prompts = Message("{count:,} prompts", count=len(lines))
        if len(lines) == 1:
            prompts = Message("{count} prompt", count=1)
        total = batch_prices.known_prices(service.budget, lines).total(lines) if service else None
        if service is None or total is None:
            layout.label(text=translated(prompts), icon="INFO", translate=False)
            queries = batch_prices.price_queries(lines)
            if service is not None and any(map(service.queries.is_pending, queries)):
                layout.label(text="Asking Mint for the price…", icon="TIME")
            elif service is not None and any(each in service.queries.answers for each in queries):
                layout.label(text="Price unavailable")
            return
        said = Message("{jobs}, about {credits:,.0f} Credits in total", jobs=prompts, credits=total)
        layout.label(text=translated(said), icon="INFO", translate=False)
        if service.budget.balance is not None:
            left = service.budget.balance - total
            row = layout.row()
            row.alert = left < 0
            row.label(text=translated(price_dialog.left_words(left)), translate=False)


def _text_at_hand(context: bpy.types.Context) -> str:
    """Return the name of the text that is being edited, else of the only one there is."""
    shown = getattr(context.space_data, "text", None)
    if isinstance(shown, bpy.types.Text):
        return shown.name
    return bpy.data.texts[0].name if len(bpy.data.texts) == 1 else ""


def _draw_in_text_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator_context = "INVOKE_DEFAULT"
    self.layout.operator(
        MINT_OT_batch_text.bl_idname, text="Generate Each Line with Mint…", icon="WORLD"
    )


MENUS = ((bpy.types.TEXT_MT_text, _draw_in_text_menu),)
