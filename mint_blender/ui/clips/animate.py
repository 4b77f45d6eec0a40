# SPDX-License-Identifier: GPL-3.0-or-later
"""Let Mint rig a model, and make a clip of it for each motion."""

from dataclasses import replace
from typing import TYPE_CHECKING

import bpy

from ...message import Message
from .. import session
from ..create import motion_choice
from ..create import properties as create_properties
from ..create.motion_choice import MotionChoice
from ..job_actions import Result
from ..library_browser.asset_lookup import about_asset
from ..pricing import limit_dialog
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.job_values import Delivery
    from ...jobs.queries import Query
    from ...jobs.service import JobService
    from ...mint.schema import Asset

_WIDTH = 360
_NO_T_POSE = Message(
    "This model is not known to stand in T-Pose, as Mint wants it for rigging. What fails may cost"
    " Credits all the same."
)
_ALL_THERE = Message("These motions are there already. Nothing is ordered.")
_TITLE = Message("Animate (Beta)")


class MINT_OT_animate(limit_dialog.SpendingDialog, MotionChoice, bpy.types.Operator):
    """Let Mint rig this humanoid and make a clip for each motion.

    This costs Credits. Beta.
    """

    bl_idname = "mint.animate"
    bl_label = "Animate"
    bl_options = {"REGISTER"}

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
    again: bpy.props.BoolProperty(
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

        scene, service = scene_of(context), session.existing_service()
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
        if any(each.casefold() in self._known for each in motion_choice.chosen(self)):
            layout.prop(self, "again")
        if motion_choice.chosen(self) and not self._unpaid():
            wrapped(layout, _ALL_THERE, icon="CHECKMARK", width=_WIDTH)
        motion_choice.draw_catalog(layout, _WIDTH)
        if not self._is_t_pose:
            wrapped(layout, _NO_T_POSE, icon="ERROR", width=_WIDTH)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start all motions. Without a window, wait for them."""
        from ...jobs.job_values import Delivery
        from ...mint.schema import Kind
        from .. import headless
        from ..job_list import placed_results

        scene, again = scene_of(context), self.again
        height = self.height or placed_results.height_of(self.asset_id, scene)
        meters = height * scene.unit_settings.scale_length or None
        motions = motion_choice.requests(self, meters, in_place=self.in_place)
        delivery = create_properties.with_cursor(context, Delivery(replaces=True))

        def start(service: "JobService", model: "Asset") -> "Job":
            jobs = service.animate(model, motions, delivery, again=again)
            for job in jobs:
                _bring(service, job, delivery)
            if bpy.app.background:
                headless.wait_for_jobs(service, [job.id for job in jobs], place=True)
            return jobs[0]

        return about_asset(operator, Kind.MODEL, self.asset_id, start)

    def _unpaid(self) -> list[str]:
        """Return the words of the motions that have to be paid."""
        known = () if self.again else self._known
        return [each for each in motion_choice.chosen(self) if each.casefold() not in known]


def _bring(service: "JobService", job: "Job", delivery: "Delivery") -> None:
    """Have a motion that was ordered before placed in this scene. Raises NotPossible."""
    from ...jobs.phases import HAS_RESULT
    from ...jobs.service import NotPossible
    from ...scene.animation import tracks
    from ..job_list import auto_import, background_import

    if job.phase not in HAS_RESULT or job.id in tracks.jobs():
        return
    job = service.set_delivery(job.id, replace(delivery, group=job.delivery.group))
    if not job.is_on_disk:
        service.fetch_again(job.id)
    elif background_import.request(job):
        return
    elif problem := auto_import.import_result(service, job):
        raise NotPossible(problem)


def _is_t_pose(service: "JobService", asset_id: str) -> bool:
    """Return whether a model was requested in T-Pose, as far as is known."""
    from ...mint.schema import Pose

    return any(job.request.pose is Pose.T_POSE for job in service.jobs_of_asset(asset_id))
