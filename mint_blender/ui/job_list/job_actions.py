# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with Mint: each operator reads its arguments and calls one function.

With a window they return at once and the heartbeat follows. In background mode no timer ticks, so
they wait until the job rests, and raise RuntimeError (Blender's way of an operator that reports an
error) when it did not go well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from ...addon_settings import may_go_online
from ...jobs import presenter, rejected_files
from ...jobs.job import Job, Phase, Verb
from ...jobs.queries import OptimizationPrice, Price
from ...jobs.service import JobService, NotPossible, TooExpensive
from ...jobs.storage.journal import JournalError
from ...mint.generation_request import GenerationRequest
from ...mint.schema import Kind, Mode, OptimizationLevel, Pose, Preset
from .. import headless, heartbeat, notifications, session
from ..create import properties as create_properties
from ..pricing import limit_dialog, price_dialog, price_queries, safe_dialog
from ..text_wrap import wrapped
from ..translations import OURS, filled, translated
from . import auto_import, placed_results, review_feedback

MODES = [
    ("AUTO", "Straight Through", "Make the result without stopping"),
    ("REVIEW", "Review", "Stop at the Preview, to approve it or ask for changes"),
]

Result = Any  # a set of words, which the stubs want spelled as literals

OFFLINE = session.OFFLINE

Act = Callable[[JobService], str | None]
"""What is to be done.

Nothing of the operator may be in it: above a limit it is done later, and Blender frees the operator
before.
"""


def begin(
    operator: bpy.types.Operator | None, act: Act, then: Callable[[], object] = lambda: None
) -> Result:
    """Do something with the board; `act` may return the id of a job to wait for, `then` is called
    when it was done.

    What cannot be is reported in a sentence. What is above a limit of the preferences is begun
    again when the user has confirmed it: an `act` starts one thing only.
    """
    if not may_go_online():
        return complain(operator, OFFLINE)
    try:
        board = session.service()
        job_id = act(board)
        if bpy.app.background and job_id is not None:
            headless.until_rest(board, job_id)
    except TooExpensive as trouble:
        return _above_a_limit(operator, trouble, act, then)
    except (NotPossible, JournalError, headless.Stopped) as trouble:
        return complain(operator, str(trouble))
    then()
    heartbeat.ensure()
    heartbeat.redraw()
    return {"FINISHED"}


def _above_a_limit(
    operator: bpy.types.Operator | None, trouble: TooExpensive, act: Act, then: Callable[[], object]
) -> Result:
    """Without a window it is refused. With one, the user decides once the price is known."""
    if bpy.app.background:
        return complain(operator, str(trouble))
    if trouble.unasked and limit_dialog.waits_for_price():
        return complain(
            operator, "Mint is being asked for the price of the click before: wait a moment."
        )
    if trouble.unasked and operator is not None:
        limit_dialog.when_priced(
            session.service(), trouble.unasked, lambda later: begin(later, act, then)
        )
        heartbeat.ensure()
        return {"FINISHED"}
    limit_dialog.when_confirmed(trouble, lambda later: begin(later, _beyond_limits(act), then))
    return {"CANCELLED"}


def _beyond_limits(act: Act) -> Act:
    def wanted(board: JobService) -> str | None:
        with board.budget.beyond_limits():
            return act(board)

    return wanted


def complain(operator: bpy.types.Operator | None, sentence: str) -> Result:
    """Say in a sentence what cannot be: by the operator, or in the status bar where the click is
    long over.
    """
    heartbeat.redraw()  # what was refused may have changed elsewhere: show it as it is
    if operator is not None:
        operator.report({"ERROR"}, translated(sentence))
    else:
        notifications.say(filled("Mint: {1}", translated(sentence)), good=False)
    return {"CANCELLED"}


def find_job(job_id: str) -> Job | None:
    """The job a button was made for; None when it is gone."""
    board = session.existing_service()
    try:
        return board.job(job_id) if board else None
    except NotPossible:
        return None


_unsent: dict[str, str] = {}
"""What was typed into the dialog for each kind, and not sent."""


class MINT_OT_generate(safe_dialog.Spending, bpy.types.Operator):
    """Generate a 3D Model or a World from a prompt, with Mint"""

    bl_idname = "mint.generate"
    bl_label = "Generate with Mint"
    bl_options = {"REGISTER"}

    kind: bpy.props.EnumProperty(name="Kind", items=create_properties.KINDS)
    prompt: bpy.props.StringProperty(
        name="Prompt", description="What to make", options={"SKIP_SAVE"}
    )
    preset: bpy.props.EnumProperty(
        name="Preset", items=create_properties.PRESETS, default="STANDARD", translation_context=OURS
    )
    mode: bpy.props.EnumProperty(name="Mode", items=MODES)
    name: bpy.props.StringProperty(
        name="Name", description="What to call the result", options={"SKIP_SAVE"}
    )
    images: bpy.props.StringProperty(
        name="Pictures",
        description="Reference pictures: paths or https addresses, separated by semicolons",
        options={"SKIP_SAVE"},
    )
    pose: bpy.props.EnumProperty(name="Pose", items=create_properties.POSES)
    optimize: bpy.props.EnumProperty(
        name="Optimize Afterwards", items=create_properties.OPTIMIZE, translation_context=OURS
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """From a menu: ask for the prompt first."""
        self.prompt = self.prompt or _unsent.get(self.kind, "")
        price_queries.ask_unknown(*self._prices())
        return self.ask_before_spending(context, width=420, confirm_text="Generate")

    def cancel(self, context: bpy.types.Context) -> None:
        """Not now: what was typed is there when the dialog is opened again."""
        _unsent[self.kind] = self.prompt

    def draw(self, context: bpy.types.Context) -> None:
        """The dialog."""
        layout = self.layout
        layout.use_property_split = True
        row = layout.row()
        row.use_property_split = False
        row.activate_init = True  # one types without clicking first
        row.prop(self, "prompt", text="", placeholder="a small ceramic lamp with an orange shade")
        layout.prop(self, "preset")
        layout.prop(self, "mode")
        layout.prop(self, "name")
        if self.kind == "MODEL":
            layout.prop(self, "pose")
            layout.prop(self, "optimize")
        board = session.existing_service()
        price = board.budget.price(self._price()) if board else None
        layout.label(
            text="" if price is None else translated(f"About {price:,.0f} Credits"), translate=False
        )
        if self._level():
            wrapped(layout, price_dialog.optimizing_words(), icon="ADD", width=420)

    def check(self, context: bpy.types.Context) -> bool:
        """Something in the dialog was changed: the price may be another."""
        price_queries.ask_unknown(*self._prices())
        return True

    def _price(self) -> Price:
        return Price(Kind(self.kind.lower()), Preset(self.preset.lower()), Mode(self.mode.lower()))

    def _level(self) -> OptimizationLevel | None:
        return (
            OptimizationLevel(self.optimize.lower())
            if self.optimize != "OFF" and self.kind == "MODEL"
            else None
        )

    def _prices(self) -> list[Price | OptimizationPrice]:
        return [self._price(), *([OptimizationPrice()] if self._level() else [])]

    def execute(self, context: bpy.types.Context) -> Result:
        """Start it."""
        kind = Kind(self.kind.lower())
        request = GenerationRequest(
            kind=kind,
            prompt=self.prompt.strip(),
            preset=Preset(self.preset.lower()),
            mode=Mode(self.mode.lower()),
            name=self.name.strip() or None,
            images=tuple(
                bpy.path.abspath(image.strip()) for image in self.images.split(";") if image.strip()
            ),
            pose=Pose(self.pose.lower()) if self.pose != "NONE" and kind is Kind.MODEL else None,
        )
        target, level, kind_word = create_properties.here(context), self._level(), self.kind
        return begin(
            self,
            lambda board: board.start(request, target, optimize=level).id,
            lambda: _unsent.pop(kind_word, None),
        )


class MINT_OT_generate_from_form(bpy.types.Operator):
    """Send this to Mint. You go on working; the result lands in the scene when it is done"""

    bl_idname = "mint.generate_from_form"
    bl_label = "Generate"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only what Mint would take; the reason is the tooltip."""
        complaint = create_properties.complaint(create_properties.of(context))
        if complaint is not None:
            cls.poll_message_set(translated(complaint))
        return complaint is None

    def execute(self, context: bpy.types.Context) -> Result:
        """Start it, keep the settings, and clear what belongs to this one wish."""
        fields = create_properties.of(context)
        request, target = (
            create_properties.request_of(fields),
            create_properties.target_of(fields, context),
        )
        level = create_properties.optimize_of(fields)
        return begin(
            self,
            lambda board: board.start(request, target, optimize=level).id,
            create_properties.sent,
        )


class JobOperator(bpy.types.Operator):
    """What all operators about one job share: they find it, and say in a sentence what cannot be."""  # noqa: E501

    bl_options = {"REGISTER"}

    job_id: bpy.props.StringProperty(
        name="Job", description="The job's id, or the beginning of it", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Do it with the job as it is now."""
        try:
            return self.find(context, session.service())
        except (NotPossible, JournalError) as trouble:
            return complain(self, str(trouble))

    def find(self, context: bpy.types.Context, board: JobService) -> Result:
        """Look for the job, and do it. May raise NotPossible."""
        return self.act(context, board, board.job(self.job_id))

    def act(self, context: bpy.types.Context, board: JobService, job: Job) -> Result:
        """What is done. May raise NotPossible."""
        raise NotImplementedError


class _Decision(JobOperator):
    """Decides about a job, and lets the heartbeat follow."""

    verb: Verb

    def act(self, context: bpy.types.Context, board: JobService, job: Job) -> Result:
        """Needs Mint."""

        return begin(self, self.decision(job))

    def decision(self, job: Job) -> Act:
        """What was decided, without a trace of the operator: above a limit it is done later, and
        Blender frees the operator before.
        """
        verb, job_id = self.verb.value, job.id

        def decide(board: JobService) -> str:
            getattr(board, verb)(job_id)
            return job_id

        return decide


class MINT_OT_approve(_Decision):
    """Accept this Preview: Mint makes the final result of it"""

    bl_idname = "mint.approve"
    bl_label = "Approve Preview"
    verb = Verb.APPROVE

    preview: bpy.props.IntProperty(
        name="Preview",
        description="Which Preview was looked at; 0: the newest",
        min=0,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def act(self, context: bpy.types.Context, board: JobService, job: Job) -> Result:
        """Only the newest: Mint makes no other one, whatever was looked at."""
        newest = len(job.previews)
        if self.preview and not (job.has_preview and self.preview == newest):
            raise NotPossible(
                f"{job.title}: Mint can only make the newest Preview, number {newest}. Look at that"
                " one first."
            )
        return super().act(context, board, job)


class MINT_OT_revise(_Decision):
    """Ask for another Preview with what you wrote"""

    bl_idname = "mint.revise"
    bl_label = "Revise Preview"

    feedback: bpy.props.StringProperty(
        name="Change", description="What should be different", options={"SKIP_SAVE"}
    )

    def decision(self, job: Job) -> Act:
        """With these words, else with those beside the Preview."""
        draft, job_id = review_feedback.of(job.id), job.id
        feedback = self.feedback or (draft.feedback if draft else "")

        def decide(board: JobService) -> str:
            board.revise(job_id, feedback)
            return job_id

        return decide


class MINT_OT_resume(_Decision):
    """Go on with this job: nothing is started or paid twice"""

    bl_idname = "mint.resume"
    bl_label = "Resume Job"
    verb = Verb.RESUME


class MINT_OT_retry(_Decision):
    """A new attempt at this job. It costs Credits again"""

    bl_idname = "mint.retry"
    bl_label = "Retry Job"
    verb = Verb.RETRY


class MINT_OT_cancel(_Decision):
    """Stop this job, at Mint too"""

    bl_idname = "mint.cancel"
    bl_label = "Cancel Job"
    verb = Verb.CANCEL


class MINT_OT_dismiss(JobOperator):
    """Take this job off the list. What is in your scene stays"""

    bl_idname = "mint.dismiss"
    bl_label = "Dismiss Job"

    def find(self, context: bpy.types.Context, board: JobService) -> Result:
        """Off the list, even if it cannot be read; needs no network."""
        board.dismiss(self.job_id)
        heartbeat.jobs_changed(board)
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_place(JobOperator):
    """Bring this result into the current scene, where its prompt was clicked or at the 3D cursor"""

    bl_idname = "mint.place"
    bl_label = "Place Result"

    raw: bpy.props.BoolProperty(
        name="Import Anyway",
        description=(
            "Hand the file to Blender's importer without our check, also one that it refused."
            " Blender may crash on it"
        ),
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask before an edited model is replaced, and before a refused file is tried: Blender may
        crash, and unsaved work with it.
        """
        if not self.raw:
            return self._ask_about_edits(context, event)
        message = (
            "This file did not pass the check. Blender may crash while importing it: save your work"
            " first."
        )
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Import Anyway",
            message=message,
            confirm_text="Import Anyway",
            icon="WARNING",
        )

    def _ask_about_edits(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        job = find_job(self.job_id)
        edited = placed_results.edited(job) if job is not None else []
        if not edited:
            return self.execute(context)
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Replace Model",
            message=translated(placed_results.kept_words(edited)),
            confirm_text="Replace Model",
            icon="WARNING",
        )

    def act(self, context: bpy.types.Context, board: JobService, job: Job) -> Result:
        """Land it here and now."""
        is_refused = self.raw and job.phase is Phase.PAUSED and rejected_files.has_importable(job)
        if (job.phase not in {Phase.READY, Phase.PLACED} and not is_refused) or job.convert:
            raise NotPossible(f"{job.title} is not ready to place: {presenter.state(job)}.")
        if job.target.document != session.document_id():
            job = board.set_delivery(job.id, create_properties.here(context, job.target))
        if trouble := auto_import.land(board, job, raw=self.raw):
            return complain(self, trouble)
        heartbeat.redraw()
        return {"FINISHED"}


CLASSES = (
    MINT_OT_generate,
    MINT_OT_generate_from_form,
    MINT_OT_approve,
    MINT_OT_revise,
    MINT_OT_resume,
    MINT_OT_retry,
    MINT_OT_cancel,
    MINT_OT_dismiss,
    MINT_OT_place,
)
