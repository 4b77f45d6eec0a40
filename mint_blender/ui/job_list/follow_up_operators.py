# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done after a generation: optimize, retry, and generate a variation.

A result is named by the id of a job, or by that of the model or world at Mint. In background mode
each operator waits for its end.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, UserError
from .. import heartbeat, session
from ..create import properties as create_properties
from ..job_actions import Result, attempt, report_error
from ..library_browser.operators import AssetOperator, about_asset, known_asset
from ..operator_bases import CheckedOperator, MintOperator
from ..pricing import limit_dialog
from ..text_wrap import wrapped
from ..translations import OURS, translated
from ..typed_context import layout_of, scene_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.job_values import Delivery
    from ...jobs.new_jobs import RequestTemplate
    from ...jobs.queries import Query
    from ...jobs.service import JobService
    from ...mint.schema import Asset

KEPT = Message(
    "Mint reduces the model as it was generated. What you changed on its mesh stays on a hidden"
    " copy."
)


class MINT_OT_optimize(limit_dialog.SpendingDialog, CheckedOperator):
    """Let Mint make a version of this model with fewer polygons and replace the one in the scene.

    This costs Credits.
    """

    bl_idname = "mint.optimize"
    bl_label = "Reduce Polygons"

    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the model at Mint", options={"SKIP_SAVE"}
    )
    level: bpy.props.EnumProperty(
        name="Level", items=create_properties.LEVELS, default="MODERATE", translation_context=OURS
    )

    _faces: int = 0
    _expected: Any = {}  # faces by level

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why this Blender could not open what Mint would make."""
        return create_properties.cannot_open_optimized()

    def queries(self) -> "list[Query]":
        """Return the query for the price, the same for all levels; none for an invalid id."""
        from ...jobs.queries import OptimizationPrice
        from ...mint.schema import is_valid_id

        return [OptimizationPrice(self.asset_id)] if is_valid_id(self.asset_id) else []

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask which level, and show the price."""
        from ...jobs.presentation import optimized_faces
        from . import placed_results

        scene = scene_of(context)
        service = session.existing_service()
        self._faces = placed_results.face_count(self.asset_id, scene)
        jobs = service.jobs() if service is not None else []
        self._expected = optimized_faces.expected(jobs, self._faces)
        return self.ask_before_spending(context, width=320, confirm_text="Reduce Polygons")

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw the levels with the faces to expect, and what happens to edits."""
        layout = layout_of(self)
        if self._faces:
            layout.label(
                text=translated(Message("{count:,} faces now", count=self._faces)), translate=False
            )
        column = layout.column(align=True)
        for level, name, description in create_properties.LEVELS:
            text = translated(Message(name))
            if level in self._expected:
                words = Message(
                    "{level} (about {count:,} faces)", level=text, count=self._expected[level]
                )
                text = translated(words)
            else:  # Mint names no figure before a level was used
                text = f"{text} · {translated(Message(description))}"
            column.prop_enum(self, "level", level, text=text, translate=False)
        if self._faces and len(self._expected) < len(create_properties.LEVELS):
            layout.label(text="Faces are known after a level's first use")
        if self._faces:
            wrapped(layout_of(self), KEPT, icon="INFO", width=320)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start the optimization."""
        from ...jobs.job_values import Delivery
        from ...mint.schema import OptimizationLevel

        delivery = create_properties.with_cursor(context, Delivery(replaces=True))
        level = OptimizationLevel(self.level.lower())
        return about_asset(
            operator,
            "MODEL",
            self.asset_id,
            lambda service, asset: service.fetch(asset, delivery, optimize=level),
        )


class MINT_OT_retry_asset(AssetOperator):
    """Retry what failed at Mint.

    This costs Credits again.
    """

    bl_idname = "mint.retry_asset"
    bl_label = "Retry Generation"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Show the price before the click that retries."""
        from ...jobs import new_jobs
        from ...jobs.queries import Price

        kind = self.kind
        asset_id = self.asset_id
        start = self.start
        failed = known_asset(kind, asset_id)
        delivery = self.delivery(context)
        query = Price.of(new_jobs.template_of_asset(failed, ()).request)
        return limit_dialog.ask_price(
            failed.name or failed.prompt or asset_id,
            Message("Retry"),
            lambda service: service.budget.price(query),
            [query],
            lambda later: about_asset(
                later, kind, asset_id, lambda service, asset: start(service, asset, delivery)
            ),
        )

    @staticmethod
    def start(service: "JobService", asset: "Asset", delivery: "Delivery") -> "Job":
        """Start a new attempt; its result is placed when it is done."""
        return service.retry_asset(asset, delivery)


class MINT_OT_use_prompt(MintOperator):
    """Fill the form with the request of a job, of an entry of the library or of what is selected.

    Nothing is started, and nothing is paid.
    """

    bl_idname = "mint.use_prompt"
    bl_label = "Generate Variation"
    bl_description = (
        "Fill the form with the prompt, settings and reference images of this, to change them and "
        "click Generate. The original stays; the new one is placed beside it"
    )

    job_id: bpy.props.StringProperty(
        name="Job", description="ID of the job, or the beginning of it", options={"SKIP_SAVE"}
    )
    asset_id: bpy.props.StringProperty(
        name="ID",
        description="ID of the Model or World at Mint. Without both, the selected result",
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Fill the form with prompt and name, and with settings and pictures if known."""
        return attempt(self, lambda: self._fill(context, session.service()))

    def _fill(self, context: bpy.types.Context, service: "JobService") -> Result:
        template, ids = self._template(context, service)
        if not template.request.prompt and not template.request.images:
            return report_error(self, Message("Mint returned no prompt for this item."))
        original = _original(scene_of(context), ids)
        create_properties.fill_form(create_properties.of(context), template, original)
        if original:
            text = Message("The original stays; the new one is placed beside it")
            self.report({"INFO"}, translated(text))
        for image in template.gone:
            self.report(
                {"WARNING"},
                translated(
                    Message(
                        "The reference image {name} is no longer on disk.", name=Path(image).name
                    )
                ),
            )
        heartbeat.redraw()
        return {"FINISHED"}

    def _template(
        self, context: bpy.types.Context, service: "JobService"
    ) -> "tuple[RequestTemplate, tuple[str, str]]":
        """Return the request to reuse, with the ids of its job and of what it has made.

        Raises:
            UserError: It is not known.
        """
        from ...jobs import new_jobs
        from ...jobs.job import asset_of
        from ..library_browser import entries

        if not self.job_id and not self.asset_id:
            return _of_selected(context)
        if self.job_id:
            job = service.job(self.job_id)
            made = asset_of(job)
            by_id = {
                other.id: other for other in (*service.jobs(), *service.journal.jobs_of_asset(made))
            }
            template = new_jobs.template_of_job(job, by_id.values())
            return template, (job.id, made or "")
        asset = entries.current_library().get(self.asset_id)
        if asset is None:
            raise UserError(Message("This item is no longer in the list. Refresh the library."))
        return new_jobs.template_of_asset(asset, service.journal.jobs_of_asset(asset.id)), (
            "",
            asset.id,
        )


def _of_selected(context: bpy.types.Context) -> "tuple[RequestTemplate, tuple[str, str]]":
    """Return the request that the file keeps with the selected result, and its ids.

    Raises:
        UserError: Nothing of Mint is selected.
    """
    from ...jobs.new_jobs import RequestTemplate
    from ...mint.generation_request import GenerationRequest
    from ...mint.schema import Kind
    from ...scene import tags
    from ..selection import selected

    root = selected.root_of(context.active_object)
    origin = tags.read(root) if root is not None else None
    if origin is None:
        raise UserError(Message("Select a model or World from Mint."))
    request = GenerationRequest(Kind(origin.kind), origin.prompt, name=origin.name or None)
    return RequestTemplate(request, is_complete=False), (origin.job_id, origin.asset_id)


def _original(scene: bpy.types.Scene, ids: tuple[str, str]) -> str:
    """Return the id by which a result is found in a scene; empty if it is not there."""
    from ...scene import tags

    return next(
        (
            origin.job_id or origin.asset_id
            for root in tags.roots(job_id=ids[0], asset_id=ids[1], scene=scene)
            if (origin := tags.read(root)) is not None
        ),
        "",
    )
