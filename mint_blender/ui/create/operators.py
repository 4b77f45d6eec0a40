# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate from the dialog or from the form: each operator reads its arguments and starts a job."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import bpy

from ...addon_settings import may_go_online
from ...message import Message
from .. import session
from ..job_actions import Action, Result, run_action
from ..pricing import limit_dialog
from ..text_wrap import wrapped
from ..translations import OURS, translated
from ..typed_context import layout_of
from . import properties as create_properties

if TYPE_CHECKING:
    from ...jobs.queries import Query
    from ...jobs.service import JobService
    from ...mint.generation_request import GenerationRequest
    from ...mint.schema import OptimizationLevel

MODES = [
    ("AUTO", "Automatic", "Generate without stopping at the Preview"),
    ("REVIEW", "Review", "Stop at the Preview, so that you can approve or revise it"),
]


class _State:
    def __init__(self) -> None:
        self.unsent: dict[str, str] = {}
        """What was typed into the dialog for each kind, and not sent."""


def _unsent() -> dict[str, str]:
    return session.state(_State).unsent


class MINT_OT_generate(limit_dialog.SpendingDialog, bpy.types.Operator):
    """Generate a 3D Model or a World from a prompt, with Mint."""

    bl_idname = "mint.generate"
    bl_label = "Generate with Mint"
    bl_options = {"REGISTER"}

    kind: bpy.props.EnumProperty(name="Kind", items=create_properties.KINDS)
    prompt: bpy.props.StringProperty(
        name="Prompt", description="What to generate", options={"SKIP_SAVE"}
    )
    style: bpy.props.StringProperty(
        name="Style", description="Words that are added to the prompt", options={"SKIP_SAVE"}
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
    optimize: bpy.props.EnumProperty(
        name="Reduce Polygons Afterwards",
        items=create_properties.OPTIMIZE,
        translation_context=OURS,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the dialog, with the settings that the form has."""
        copy_settings(self, ("preset", "mode", "pose", "optimize"))
        if not self.prompt:  # one that is given is complete
            copy_settings(self, ("style",))
        self.prompt = self.prompt or _unsent().get(self.kind, "")
        return self.ask_before_spending(context, width=420, confirm_text="Generate")

    def cancel(self, context: bpy.types.Context) -> None:
        """Keep what was typed and not sent for the next time."""
        super().cancel(context)
        if not self.is_done:
            _unsent()[self.kind] = self.prompt

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw the arguments and the price."""
        from ..pricing import price_dialog

        layout = layout_of(self)
        layout.use_property_split = True
        row = layout.row()
        row.use_property_split = False
        row.activate_init = True  # the field takes the keyboard at once
        row.prop(self, "prompt", text="", placeholder="a small ceramic lamp with an orange shade")
        layout.prop(self, "style", placeholder="None")
        layout.prop(self, "preset")
        layout.prop(self, "mode")
        layout.prop(self, "name")
        if self.kind == "MODEL":
            layout.prop(self, "pose")
            layout.prop(self, "optimize")
        price_dialog.draw_price(layout, self.queries()[0])
        if self._level():
            wrapped(layout, price_dialog.optimizing_words(), icon="ADD", width=420)

    def _request(self) -> "GenerationRequest":
        return create_properties.build_request(
            kind=self.kind,
            prompt=create_properties.with_style(self.prompt.strip(), self.style.strip()),
            preset=self.preset,
            mode=self.mode,
            name=self.name,
            pose=self.pose,
            images=tuple(
                bpy.path.abspath(image.strip()) for image in self.images.split(";") if image.strip()
            ),
        )

    def _level(self) -> "OptimizationLevel | None":
        from ...mint.schema import OptimizationLevel

        return (
            OptimizationLevel(self.optimize.lower())
            if self.optimize != "OFF" and self.kind == "MODEL"
            else None
        )

    def queries(self) -> "Sequence[Query]":
        """Return the prices of the generation and of its optimization."""
        from ...jobs.queries import prices_of

        return prices_of(self._request(), self._level())

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start the job."""
        request = self._request()
        delivery = create_properties.with_cursor(context, kind=self.kind)
        level, kind_word = self._level(), self.kind
        return run_action(
            operator,
            lambda service: service.start(request, delivery, optimize=level).id,
            lambda: _unsent().pop(kind_word, None),
        )


class MINT_OT_generate_from_form(bpy.types.Operator):
    """Send this to Mint.

    You can keep working; the result is placed in the scene when it is done.
    """

    bl_idname = "mint.generate_from_form"
    bl_label = "Generate"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether Mint would accept the form; the tooltip says why not."""
        complaint = create_properties.complaint(create_properties.of(context))
        if complaint is not None:
            cls.poll_message_set(translated(complaint))
        return complaint is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Send it at a click on its price; without one, a dialog asks."""
        from ..pricing import paid_clicks

        if not paid_clicks.is_click(self, event):
            return {"CANCELLED"}
        fields, service = create_properties.of(context), session.existing_service()
        queries = create_properties.prices_of(fields)
        shown = create_properties.prices_of_button(fields)
        if service is None or not may_go_online() or service.budget.total(shown) is not None:
            return self.execute(context)
        start, done = self._action(context), _sent
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
        level, motions = create_properties.optimize_of(fields), create_properties.motions_of(fields)

        def start(service: "JobService") -> str:
            job = service.start(request, delivery, optimize=level, motions=motions)
            followers = [each.id for each in service.followers(job)]
            if bpy.app.background and followers:
                _wait_for_all(service, job.id, followers)
            return job.id

        return start


def _wait_for_all(service: "JobService", job_id: str, followers: list[str]) -> None:
    """Wait for a model, and for its motions unless it waits for a decision. Raises Stopped."""
    from ...jobs.phases import Phase
    from .. import headless

    headless.wait_for_job(service, job_id)
    if service.job(job_id).phase is Phase.PLACED:
        headless.wait_for_jobs(service, followers, place=True)


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
            found = create_properties.mode_of(form) if name == "mode" else getattr(form, name)
            setattr(operator, name, found)
