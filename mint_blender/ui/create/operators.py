# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate from the dialog or from the form: each operator reads its arguments and starts a job."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from ...addon_settings import may_go_online
from ...message import Message
from .. import session
from ..job_actions import (
    Action,
    Result,
    report_error,
    run_action,
    wait_for_job,
    wait_for_jobs,
)
from ..operator_bases import ButtonOperator, CheckedOperator, MintOperator
from ..pricing import limit_dialog
from ..text_wrap import wrapped
from ..translations import OURS, translated
from ..typed_context import layout_of
from . import properties as create_properties
from . import saved_settings

if TYPE_CHECKING:
    from ...jobs.batch_lines import Line
    from ...jobs.job_values import Delivery
    from ...jobs.queries import Query
    from ...jobs.service import JobService
    from ...mint.generation_request import GenerationRequest

MODES = [
    ("AUTO", "Automatic", "Generate without stopping at the Preview"),
    ("REVIEW", "Review", "Stop at the Preview, so that you can approve or revise it"),
]


_STILL = 4
"""Pixels by which the pointer may move during a click."""


class MINT_OT_generate(limit_dialog.SpendingDialog, MintOperator):
    """Generate a 3D Model or a World from a prompt, with Mint."""

    bl_idname = "mint.generate"
    bl_label = "Generate with Mint"

    kind: bpy.props.EnumProperty(name="Kind", items=create_properties.KINDS)
    prompt: bpy.props.StringProperty(
        name="Prompt", description="What to generate", options={"SKIP_SAVE"}
    )
    preset: bpy.props.EnumProperty(
        name="Preset", items=create_properties.PRESETS, default="STANDARD", translation_context=OURS
    )
    mode: bpy.props.EnumProperty(name="Mode", items=MODES)
    name: bpy.props.StringProperty(
        name="Name", description="Name of the result", options={"SKIP_SAVE"}
    )
    images: bpy.props.StringProperty(
        name="Reference Images",
        description="Reference images: paths or https addresses, separated by semicolons",
        options={"SKIP_SAVE"},
    )
    pose: bpy.props.EnumProperty(name="Pose", items=create_properties.POSES)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the dialog, with the prompt and the settings that the form has."""
        copy_settings(self, ("preset", "mode", "pose"))
        self.prompt = self.prompt or create_properties.of(context).prompt
        return self.ask_before_spending(context, width=420, confirm_text="Generate")

    def cancel(self, context: bpy.types.Context) -> None:
        """Keep what was typed and not sent in the form."""
        super().cancel(context)
        if not self.is_done:
            create_properties.of(context).prompt = self.prompt

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw the arguments."""
        layout = layout_of(self)
        layout.use_property_split = True
        row = layout.row()
        row.use_property_split = False
        row.activate_init = True  # the field takes the keyboard at once
        row.prop(self, "prompt", text="", placeholder="a small ceramic lamp with an orange shade")
        layout.prop(self, "preset")
        layout.prop(self, "mode")
        layout.prop(self, "name")
        if self.kind == "MODEL":
            layout.prop(self, "pose")

    def _request(self) -> "GenerationRequest":
        return create_properties.build_request(
            kind=self.kind,
            prompt=self.prompt.strip(),
            preset=self.preset,
            mode=self.mode,
            name=self.name,
            pose=self.pose,
            images=tuple(
                bpy.path.abspath(image.strip()) for image in self.images.split(";") if image.strip()
            ),
        )

    def queries(self) -> "Sequence[Query]":
        """Return the price of the generation."""
        from ...jobs.queries import Price

        return (Price.of(self._request()),)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start the job."""
        request = self._request()
        delivery = create_properties.with_cursor(context, kind=self.kind)
        return run_action(operator, lambda service: service.start(request, delivery).id)


class MINT_OT_generate_from_form(CheckedOperator):
    """Send this to Mint.

    You can keep working; the result is placed in the scene when it is done.
    """

    bl_idname = "mint.generate_from_form"
    bl_label = "Generate"
    bl_options = {"INTERNAL"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why Mint would not accept the form."""
        return create_properties.complaint(create_properties.of(context)) or ""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Send it at a click on its price; without one, a dialog asks."""
        from ..pricing import paid_clicks

        if not paid_clicks.is_click(self, event):
            return {"CANCELLED"}
        fields = create_properties.of(context)
        service = session.existing_service()
        queries = create_properties.prices_of(fields)
        if service is None or not may_go_online() or service.budget.total(queries) is not None:
            return self.execute(context)
        start = self._action(context)
        done = _sent
        return limit_dialog.ask_price(
            create_properties.request_of(fields).prompt,
            Message("Generate"),
            lambda service: service.budget.total(queries),
            queries,
            lambda later: run_action(later, start, done),
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Start the job, save the settings, and clear prompt, name and pictures."""
        return run_action(self, self._action(context), _sent)

    def _action(self, context: bpy.types.Context) -> Action:
        """Return the action with what the form says now."""
        fields = create_properties.of(context)
        request = create_properties.request_of(fields)
        delivery = create_properties.delivery_of(fields, context)
        motions = create_properties.motions_of(fields)

        def start(service: "JobService") -> str:
            job = service.start(request, delivery, motions=motions)
            followers = [follower.id for follower in service.followers(job)]
            if bpy.app.background and followers:
                _wait_for_all(service, job.id, followers)
            return job.id

        return start


class MINT_OT_finish_click(ButtonOperator):
    """Press the button that was clicked to end the typing of the prompt."""

    # In a sidebar, Blender takes the press of that click to end the typing, and nobody gets its
    # release. The release of a click on a button is the button's.

    bl_idname = "mint.finish_click"
    bl_label = "Finish Click"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the prompt was typed into, and the pointer is in a sidebar."""
        return saved_settings.was_typed() and getattr(context.region, "type", "") == "UI"

    @staticmethod
    def add_keys(items: bpy.types.KeyMapItems) -> None:
        """Have it called for each release in a sidebar that nothing else takes."""
        items.new("mint.finish_click", "LEFTMOUSE", "RELEASE")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Press the button below the pointer, which was pressed there, too."""
        saved_settings.typing_ended()
        moved = (
            abs(event.mouse_x - event.mouse_prev_press_x),
            abs(event.mouse_y - event.mouse_prev_press_y),
        )
        if max(moved) <= _STILL and bpy.ops.ui.button_execute.poll():  # type: ignore[call-arg]
            bpy.ops.ui.button_execute("INVOKE_DEFAULT")
        return {"FINISHED", "PASS_THROUGH"}


def _wait_for_all(service: "JobService", job_id: str, followers: list[str]) -> None:
    """Wait for a model, and for its motions unless it waits for a decision. Raises Stopped."""
    from ...jobs.phases import Phase

    wait_for_job(service, job_id)
    if service.job(job_id).phase is Phase.PLACED:
        wait_for_jobs(service, followers, place=True)


def _sent() -> None:
    """Clear the form, and show the row of the job."""
    from ..job_list import grouped_jobs

    create_properties.clear_sent()
    grouped_jobs.show_last(session.service())


def copy_settings(operator: bpy.types.Operator, names: Iterable[str]) -> None:
    """Give an operator the settings of the form, except those that the caller has given."""
    form = create_properties.of(bpy.context)
    for name in names:
        if not operator.properties.is_property_set(name):
            value = create_properties.mode_of(form) if name == "mode" else getattr(form, name)
            setattr(operator, name, value)


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
_SPACING = 2.0
"""Between results that are placed in a row, in scene units; wider ones take what they need."""
_NO_TEXTS = Message(
    "No text to read prompts from. Write one in the Text Editor, one prompt per line"
)
NO_PROMPTS = Message("This text contains no prompts. Write one per line.")


class MINT_OT_batch_text(limit_dialog.SpendingDialog, CheckedOperator):
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

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that the file has no text."""
        return "" if bpy.data.texts else _NO_TEXTS

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
        layout.separator()
        self._draw_price(layout)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Any:
        """Start all jobs; the service runs as many at once as Mint allows.

        In background mode, wait until they have ended.
        """
        from ...jobs import batch_lines

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
                wait_for_jobs(service, job_ids, place=lands)

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
        places = [grid_layout.cell(cursor, number, _SPACING) for number in range(count)]
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
        from ..account import billing_watch
        from ..pricing import price_dialog

        lines = self._lines(self.text)
        service = session.existing_service()
        if not lines:
            wrapped(layout, NO_PROMPTS, icon="ERROR")
            return
        prompts = Message("{count:,} prompts", count=len(lines))
        if len(lines) == 1:
            prompts = Message("{count} prompt", count=1)
        layout.label(text=translated(prompts), icon="INFO", translate=False)
        total = batch_prices.known_prices(service.budget, lines).total(lines) if service else None
        free = billing_watch.free()
        if total is not None and free is not None:
            row = layout.row()
            row.alert = total > free
            row.label(text=translated(price_dialog.left_words(free, total)), translate=False)


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
