# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate from the dialog or from the form: each operator reads its arguments and starts a job."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import bpy

from ...addon_settings import may_go_online
from ...message import Message
from .. import session
from ..job_actions import (
    Action,
    Result,
    run_action,
    wait_for_job,
    wait_for_jobs,
)
from ..operator_bases import ButtonOperator, CheckedOperator, MintOperator
from ..pricing import limit_dialog
from ..translations import OURS
from ..typed_context import layout_of
from . import properties as create_properties
from . import saved_settings

if TYPE_CHECKING:
    from ...jobs.queries import Query
    from ...jobs.service import JobService
    from ...mint.generation_request import GenerationRequest

MODES = [
    ("AUTO", "Automatic", "Generate without stopping at the Preview"),
    ("REVIEW", "Review", "Stop at the Preview, so that you can approve or revise it"),
]


_STILL = 4
"""Pixels by which the pointer may move during a click."""
_INTERVAL = 0.02
"""Seconds between two looks whether the button below the pointer is the active one."""
_LOOKS = 100
"""How often that is looked for."""


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

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Press the button below the pointer, which was pressed there, too.

        While Blender is slow, the field is still the active button: it has not looked again what is
        below the pointer. Then this waits until it has.
        """
        saved_settings.typing_ended()
        if _has_moved(event) or _press(context):
            return {"FINISHED", "PASS_THROUGH"}
        self._looks = _LOOKS
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL", "PASS_THROUGH"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Try again, as long as the pointer rests where it was pressed and nothing else is."""
        self._looks -= event.type == "TIMER"
        is_over = self._looks == 0 or event.value == "PRESS" or _has_moved(event)
        if is_over or (event.type == "TIMER" and _press(context)):
            self.cancel(context)
            return {"FINISHED", "PASS_THROUGH"}
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave no timer."""
        context.window_manager.event_timer_remove(self._timer)


def _has_moved(event: bpy.types.Event) -> bool:
    """Return whether the pointer has left the place where a mouse button was pressed last."""
    across = abs(event.mouse_x - event.mouse_prev_press_x)
    up = abs(event.mouse_y - event.mouse_prev_press_y)
    return max(across, up) > _STILL


def _press(context: bpy.types.Context) -> bool:
    """Press the active button, unless that is a field; return whether it was pressed."""
    if getattr(context, "property", None) or not bpy.ops.ui.button_execute.poll():  # type: ignore[call-arg]
        return False
    pressed: Any = bpy.ops.ui.button_execute("INVOKE_DEFAULT")
    return "FINISHED" in pressed


def _wait_for_all(service: "JobService", job_id: str, followers: list[str]) -> None:
    """Wait for a model, and for its motions unless it waits for a decision. Raises Stopped."""
    from ...jobs.phases import Phase

    wait_for_job(service, job_id)
    if service.job(job_id).phase is Phase.PLACED:
        wait_for_jobs(service, followers)


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
