# SPDX-License-Identifier: GPL-3.0-or-later
"""A text of the Text Editor as a batch: one prompt per line, each a job of its own."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

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
    from ...jobs.job_values import Delivery
    from ...jobs.queries import Price, Query
    from ...jobs.service import JobService
    from ...mint.generation_request import GenerationRequest
    from ...mint.schema import Estimate

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


class Prompt(NamedTuple):
    """A line that is not empty, and its number."""

    number: int
    words: str


def prompts_in(text: bpy.types.Text | None) -> list[Prompt]:
    """Return every line of a text that is not empty."""
    lines = text.as_string().splitlines() if text is not None else []
    return [
        Prompt(number, words)
        for number, line in enumerate(lines, start=1)
        if (words := line.strip())
    ]


class MINT_OT_batch_text(limit_dialog.SpendingDialog, bpy.types.Operator):
    """Start a job for each line of a text."""

    bl_idname = "mint.batch_text"
    bl_label = "Generate Each Line with Mint"
    bl_description = "Start a job for each line of a text. Each line is one prompt"
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

    def execute(self, context: bpy.types.Context) -> Any:
        """Start all jobs; the service runs as many at once as Mint allows.

        In background mode, wait until they have ended.
        """
        from .. import headless

        text: bpy.types.Text | None = bpy.data.texts.get(self.text or _text_at_hand(context))
        prompts = prompts_in(text)
        if text is None or not prompts:
            return report_error(
                self,
                NO_PROMPTS
                if text is not None
                else Message("There is no text “{name}” in this file.", name=self.text),
            )
        planned = [(prompt, self._request(prompt.words)) for prompt in prompts]
        for prompt, request in planned:
            if complaint := request.validation_error():
                return report_error(
                    self,
                    Message("Line {number}: {problem}", number=prompt.number, problem=complaint),
                )
        requests, targets = (
            [request for _, request in planned],
            self._targets(context, len(planned)),
        )
        lands = self.landing == "SIDE_BY_SIDE"

        def start(service: "JobService") -> None:
            job_ids = [job.id for job in service.start_all(zip(requests, targets, strict=True))]
            if bpy.app.background:
                headless.wait_for_jobs(service, job_ids, place=lands)

        return run_action(self, start)

    def _request(self, prompt: str) -> "GenerationRequest":
        return create_properties.build_request(
            kind=self.kind,
            prompt=create_properties.with_style(prompt, self.style.strip()),
            preset=self.preset,
            mode=self.mode,
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
        """Return the price of one prompt, and the balance."""
        from ...jobs.queries import Balance

        return [self._price_query(), Balance()]

    def _price_query(self) -> "Price":
        from ...jobs.queries import Price

        return Price.of(self._request(""))

    def _price(self) -> "Estimate | None":
        """Return what Mint has answered about one prompt; None before that."""
        from ...mint.schema import Estimate

        service = session.existing_service()
        answered = service.queries.answers.get(self._price_query()) if service else None
        return answered.answer if answered and isinstance(answered.answer, Estimate) else None

    def _draw_price(self, layout: bpy.types.UILayout) -> None:
        count = len(prompts_in(bpy.data.texts.get(self.text)))
        if not count:
            wrapped(layout, NO_PROMPTS, icon="ERROR")
            return
        service = session.existing_service()
        price = self._price()
        each = price.estimated_total if price else None
        said = (
            Message("{count} prompt", count=count)
            if count == 1
            else Message("{count:,} prompts", count=count)
        )
        if each is None:
            layout.label(text=translated(said), icon="INFO", translate=False)
            if price is not None:
                layout.label(text="Price unavailable")
            elif service is not None and service.queries.is_pending(self._price_query()):
                layout.label(text="Asking Mint for the price…", icon="TIME")
            return
        total, balance = each * count, service.budget.balance if service else None
        layout.label(
            text=translated(
                Message("{jobs}, about {credits:,.0f} Credits in total", jobs=said, credits=total)
            ),
            icon="INFO",
            translate=False,
        )
        if balance is not None:
            row = layout.row()
            row.alert = total > balance
            left = balance - total
            row.label(
                text=translated(
                    Message("Leaves {credits:,.0f} Credits", credits=left)
                    if left >= 0
                    else Message("{credits:,.0f} Credits short", credits=-left)
                ),
                translate=False,
            )


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


def add_to_menu() -> None:
    """Add the entry to the Text Editor's menu."""
    bpy.types.TEXT_MT_text.append(_draw_in_text_menu)


def remove_from_menu() -> None:
    """Remove the entry."""
    bpy.types.TEXT_MT_text.remove(_draw_in_text_menu)


CLASSES = (MINT_OT_batch_text,)
