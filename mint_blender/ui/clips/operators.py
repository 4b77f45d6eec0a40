# SPDX-License-Identifier: GPL-3.0-or-later
"""Play a clip of the selected character, change how it plays, and bring others."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, UserError, sentences
from .. import session, text_wrap
from ..create import motion_choice
from ..create import properties as create_properties
from ..create.motion_choice import MotionChoice
from ..job_actions import Result, report_error, wait_for_jobs
from ..library_browser.operators import about_asset
from ..operator_bases import CheckedOperator, FilesOperator, MintOperator
from ..pricing import limit_dialog
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.job_values import Delivery
    from ...jobs.queries import Query
    from ...jobs.service import JobService
    from ...mint.schema import Asset
    from ...scene.animation.clips import Clip


def rig_of(context: bpy.types.Context) -> Any:
    """Return the armature of the active character, or None."""
    from ...scene.animation import clips

    active = context.active_object
    root = selected.model_root(active)
    below = root.children_recursive if root is not None else ()
    return clips.rig_of(active) or next((obj for obj in below if obj.type == "ARMATURE"), None)


_LINKED = Message("This character is linked from another file and can be changed only there.")


class _OnCharacter(CheckedOperator):
    """Base of the operators on the active character."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that no character of this file is active."""
        from ...scene.data_blocks import is_linked

        rig = rig_of(context)
        if rig is None:
            return Message("Select a character: an armature or its mesh.")
        return _LINKED if is_linked(rig) else ""


class _OnClip(_OnCharacter):
    """Base of the operators on one clip."""

    clip: bpy.props.StringProperty(
        name="Clip",
        description="Name of the clip, which is that of its track",
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Find the clip, and do what the operator does with it."""
        from ...scene.animation import clips

        rig = rig_of(context)
        clip = clips.clip_named(rig, self.clip)
        if clip is None:
            return report_error(
                self, Message("This character has no clip “{name}”.", name=self.clip)
            )
        return self.change(context, rig, clip)

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Change something about a clip."""
        raise NotImplementedError


class MINT_OT_play_clip(_OnClip):
    """Let this clip move the character, set the preview range to it, and play it.

    While it plays: stop.
    """

    bl_idname = "mint.play_clip"
    bl_label = "Play Clip"

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Assign the Action, and play; or stop."""
        from ...scene.animation import clips

        screen = None if bpy.app.background else context.screen
        is_playing = screen is not None and screen.is_animation_playing
        if is_playing and clips.is_assigned(rig, clip):
            bpy.ops.screen.animation_cancel(restore_frame=False)
            return {"FINISHED"}
        clips.show(rig, clip, scene_of(context))
        if screen is not None and not is_playing:
            bpy.ops.screen.animation_play()
        return {"FINISHED"}


class MINT_OT_loop_clip(_OnClip):
    """Let this clip go on from its beginning when it ends."""

    bl_idname = "mint.loop_clip"
    bl_label = "Loop"

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Switch it on or off."""
        from ...scene.animation import clips

        clips.set_loop(rig, clip, not clip.is_loop)
        return {"FINISHED"}


class MINT_OT_clip_in_place(_OnClip):
    """Take the travel out of a clip."""

    bl_idname = "mint.clip_in_place"
    bl_label = "In Place"
    bl_description = (
        "Keep the character where it is: its way over the floor is taken out of this clip, and "
        "comes back when this is off"
    )

    def change(self, context: bpy.types.Context, rig: Any, clip: "Clip") -> Result:
        """Switch it on or off."""
        from ...scene.animation import clips

        if clips.set_in_place(rig, clip, not clip.is_in_place):
            return {"FINISHED"}
        self.report(
            {"INFO"}, translated(Message("“{name}” stays in place already.", name=clip.name))
        )
        return {"CANCELLED"}


class MINT_OT_import_clip(_OnCharacter, FilesOperator):
    """Add the clips of GLB files with the same skeleton to this character.

    A clip made for another rest pose is fitted.
    """

    bl_idname = "mint.import_clip"
    bl_label = "Import Clip from File"

    filter_glob: bpy.props.StringProperty(default="*.glb", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the files."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Add each file; one that cannot be added does not stop the others."""
        from ...scene.animation import clips

        names: list[str] = []
        sentences_: list[Message] = []
        for path in self.paths():
            try:
                added = clips.add_from_file(path, rig_of(context), scene=scene_of(context))
            except UserError as error:
                sentences_.append(Message("{problem}", problem=error))
                continue
            names += added.names
            sentences_ += added.notes
        if not names:
            return report_error(self, sentences(*sentences_) or Message("No file selected."))
        done = Message("Clips added: {names}.", names=", ".join(names))
        self.report({"WARNING" if sentences_ else "INFO"}, translated(sentences(done, *sentences_)))
        return {"FINISHED"}


def _draw_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator_context = "INVOKE_DEFAULT"
    self.layout.operator("mint.import_clip", text="Import Clip from File…", icon="IMPORT")


# what the section has, too, so that F3 finds it
MENUS = ((bpy.types.VIEW3D_MT_object_animation, _draw_menu),)


_WIDTH = 360
_NO_T_POSE = Message(
    "This model is not known to stand in T-Pose, as Mint wants it for rigging. What fails may cost"
    " Credits all the same."
)
_ALL_THERE = Message("These motions are there already. Nothing is ordered.")
_TITLE = Message("Animate (Beta)")


class MINT_OT_animate(limit_dialog.SpendingDialog, MotionChoice, MintOperator):
    """Let Mint rig this humanoid and make a clip for each motion.

    This costs Credits. Beta.
    """

    bl_idname = "mint.animate"
    bl_label = "Animate"

    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the model at Mint", options={"SKIP_SAVE"}
    )
    height: bpy.props.FloatProperty(
        name="Height",
        description="0: that of the model in the scene",
        unit="LENGTH",
        min=0.0,
        soft_max=10.0,
        options={"SKIP_SAVE"},
    )
    in_place: bpy.props.BoolProperty(
        name="In Place",
        description="Take the way over the floor out of the clips",
        options={"SKIP_SAVE"},
    )
    pay_again: bpy.props.BoolProperty(
        name="Pay Again",
        description="Also order what was ordered before for this model",
        options={"SKIP_SAVE"},
    )

    _is_t_pose: bool = False
    _known: tuple[str, ...] = ()  # the words of what was ordered before

    def queries(self) -> "list[Query]":
        """Return a query for the price of each motion that has to be paid."""
        from ...jobs.queries import AnimationPrice

        return [AnimationPrice(self.asset_id)] * len(self._unpaid())

    def price(self, service: "JobService") -> float | None:
        """Return what all motions cost that have to be paid, in Credits; None: unknown."""
        return service.budget.total(self.queries())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask which motions, and show the price of all."""
        from ..job_list import placed_results

        scene = scene_of(context)
        service = session.existing_service()
        self.height = self.height or placed_results.height_of(self.asset_id, scene)
        if service is not None:
            self._is_t_pose = _is_t_pose(service, self.asset_id)
            before = service.paid_motions(self.asset_id)
            self._known = tuple(job.motion.words.casefold() for job in before if job.motion)
        self.walk = not self.motions
        return self.ask_before_spending(
            context, width=_WIDTH, confirm_text="Animate", title=translated(_TITLE)
        )

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw a line for each motion, the height, and what is known about how it is done."""
        layout = layout_of(self)
        motion_choice.draw(layout, self, self._known)
        layout.prop(self, "height")
        if any(words.casefold() in self._known for words in motion_choice.chosen(self)):
            layout.prop(self, "pay_again")
        if motion_choice.chosen(self) and not self._unpaid():
            wrapped(layout, _ALL_THERE, icon="CHECKMARK", width=_WIDTH)
        motion_choice.draw_catalog(layout, _WIDTH)
        if not self._is_t_pose:
            wrapped(layout, _NO_T_POSE, icon="ERROR", width=_WIDTH)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start all motions. Without a window, wait for them."""
        from ...jobs.job_values import Delivery
        from ..job_list import placed_results

        scene = scene_of(context)
        pay_again = self.pay_again
        height = self.height or placed_results.height_of(self.asset_id, scene)
        meters = height * scene.unit_settings.scale_length or None
        motions = motion_choice.requests(self, meters, in_place=self.in_place)
        delivery = create_properties.with_cursor(context, Delivery(replaces=True))

        def start(service: "JobService", model: "Asset") -> "Job":
            jobs = service.animate(model, motions, delivery, pay_again=pay_again)
            for job in jobs:
                _bring(service, job, delivery)
            if bpy.app.background:
                wait_for_jobs(service, [job.id for job in jobs])
            return jobs[0]

        return about_asset(operator, "MODEL", self.asset_id, start)

    def _unpaid(self) -> list[str]:
        """Return the words of the motions that have to be paid."""
        ordered = () if self.pay_again else self._known
        return [words for words in motion_choice.chosen(self) if words.casefold() not in ordered]


def _bring(service: "JobService", job: "Job", delivery: "Delivery") -> None:
    """Have a motion that was ordered before placed in this scene. Raises UserError."""
    from ...jobs.phases import HAS_RESULT
    from ...scene.animation import tracks
    from ..job_list import auto_import

    if job.phase not in HAS_RESULT or job.id in tracks.jobs():
        return
    job = service.set_delivery(job.id, replace(delivery, group=job.delivery.group))
    if not job.is_on_disk:
        service.fetch_again(job.id)
    elif auto_import.request(job):
        return
    elif problem := auto_import.import_result(service, job):
        raise UserError(problem)


def _is_t_pose(service: "JobService", asset_id: str) -> bool:
    """Return whether a model was requested in T-Pose, as far as is known."""
    from ...mint.schema import Pose

    return any(job.request.pose is Pose.T_POSE for job in service.journal.jobs_of_asset(asset_id))


_CLIPS = Message("Clips")
_IMPORT = Message("Import Clip…")
_EXPORT = Message("Export GLB…")


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the clips of the active character, with what a click can do; nothing for others."""
    rig = _known_rig(context.active_object)
    if rig is None:
        return
    from ...scene.animation import clips

    header: Any
    body: Any  # None while it is closed
    header, body = layout.panel("mint_clips")
    header.label(text=translated(_CLIPS), translate=False)
    if body is None:
        return
    column = body.column(align=True)
    is_playing = bool(context.screen and context.screen.is_animation_playing)
    for clip in clips.clips_of(rig):
        _draw_clip(column, clip, is_shown=clips.is_assigned(rig, clip), is_playing=is_playing)
    row = text_wrap.button_row(body, (_IMPORT, _EXPORT), width=context.region.width)
    row.operator_context = "INVOKE_DEFAULT"
    row.operator("mint.import_clip", text=translated(_IMPORT), translate=False, icon="IMPORT")
    export: Any = row.operator(
        "mint.export", text=translated(_EXPORT), translate=False, icon="EXPORT"
    )
    export.engine = "glb"


def _draw_clip(
    column: bpy.types.UILayout, clip: "Clip", *, is_shown: bool, is_playing: bool
) -> None:
    row = column.row(align=True)
    icon: Any = "PAUSE" if is_shown and is_playing else "PLAY"
    row.operator(
        "mint.play_clip", text=clip.name, translate=False, icon=icon, depress=is_shown
    ).clip = clip.name
    row.operator(
        "mint.clip_in_place", text="", icon="CON_LOCLIMIT", depress=clip.is_in_place
    ).clip = clip.name
    row.operator(
        "mint.loop_clip", text="", icon="FILE_REFRESH", depress=clip.is_loop
    ).clip = clip.name


def _known_rig(active: Any) -> Any:
    """Return the armature of the active character, as far as that is known without a scan."""
    from ...scene.animation import clips

    if (rig := clips.rig_of(active)) is not None:
        return rig
    root = selected.model_root(active)
    below = selected.known_objects(root) if root is not None else None
    return next((obj for obj in below or () if obj.type == "ARMATURE"), None)
