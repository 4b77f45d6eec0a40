# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done after a generation: optimize, convert, retry, and generate again.

A result is named by the id of a job, or by that of the model or world at Mint. In background mode
each operator waits for its end.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from .. import heartbeat, session
from ..create import properties as create_properties
from ..job_actions import Result, report_error, run_action
from ..library_browser.asset_lookup import AssetOperator, about_asset, asset
from ..pricing import limit_dialog
from ..text_wrap import wrapped
from ..translations import OURS, translated
from ..typed_context import layout_of, scene_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.job_values import Delivery
    from ...jobs.queries import Query
    from ...jobs.request_template import RequestTemplate
    from ...jobs.service import JobService
    from ...mint.schema import Asset

FORMATS = [
    ("FBX", "FBX", "For game engines and most 3D programs"),
    ("OBJ", "OBJ", "Shapes only. Nearly every program can read it"),
    ("STL", "STL", "For 3D printing; without colors"),
    ("USDZ", "USDZ", "For augmented reality on Apple devices"),
]


class MINT_OT_optimize(limit_dialog.SpendingDialog, bpy.types.Operator):
    """Have Mint make a lighter version of this model, to replace the one in the scene."""

    bl_idname = "mint.optimize"
    bl_label = "Optimize Model"
    bl_description = (
        "Let Mint make a lighter version of this model and replace the one in the scene. This "
        "costs Credits"
    )
    bl_options = {"REGISTER"}

    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the model at Mint", options={"SKIP_SAVE"}
    )
    level: bpy.props.EnumProperty(
        name="Level", items=create_properties.LEVELS, default="MODERATE", translation_context=OURS
    )

    _missing: frozenset[str] = frozenset()
    _edited: tuple[str, ...] = ()

    def queries(self) -> "list[Query]":
        """Return the query for the price, the same for all levels; none for an invalid id."""
        from ...jobs.queries import OptimizationPrice
        from ...mint.schema import is_valid_id

        return [OptimizationPrice(self.asset_id)] if is_valid_id(self.asset_id) else []

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask which level, and show the price."""
        from ...files.file_choice import OPTIMIZED_NEEDS
        from ...scene.gltf.gltf_extensions import readable_extensions
        from . import placed_results

        self._missing = OPTIMIZED_NEEDS - readable_extensions()
        self._edited = tuple(placed_results.edited_objects(self.asset_id, scene_of(context)))
        return self.ask_before_spending(context, width=320, confirm_text="Optimize")

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw level, price, and warnings."""
        from ...files.file_choice import explain_missing
        from ...jobs.queries import OptimizationPrice
        from ..pricing.price_dialog import draw_price
        from . import placed_results

        self.layout.row().prop(self, "level", expand=True)
        draw_price(layout_of(self), OptimizationPrice(self.asset_id))
        if self._missing:
            wrapped(layout_of(self), explain_missing(self._missing), icon="ERROR", width=320)
        if self._edited:
            wrapped(
                layout_of(self),
                placed_results.kept_message(list(self._edited)),
                icon="ERROR",
                width=320,
            )

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start the optimization, unless this Blender could not open its file."""
        from ...files.file_choice import OPTIMIZED_NEEDS, explain_missing
        from ...jobs.job_values import Delivery
        from ...mint.schema import Kind, OptimizationLevel
        from ...scene.gltf.gltf_extensions import readable_extensions

        missing = OPTIMIZED_NEEDS - readable_extensions()
        if missing:
            return report_error(
                operator, Message("Nothing was started. {reason}", reason=explain_missing(missing))
            )
        delivery, level = (
            create_properties.with_cursor(context, Delivery(replaces=True)),
            OptimizationLevel(self.level.lower()),
        )
        return about_asset(
            operator,
            Kind.MODEL,
            self.asset_id,
            lambda service, asset: service.fetch(asset, delivery, optimize=level),
        )


class MINT_OT_convert(bpy.types.Operator):
    """Save this model as FBX, OBJ, STL or USDZ."""

    bl_idname = "mint.convert"
    bl_label = "Convert Model"
    bl_description = (
        "Save this model as FBX, OBJ, STL or USDZ. Formats that Mint has to convert cost Credits. "
        "Existing files are not overwritten"
    )
    bl_options = {"REGISTER"}

    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the model at Mint", options={"SKIP_SAVE", "HIDDEN"}
    )
    formats: bpy.props.EnumProperty(
        name="Formats",
        description="Shift-click to select several",
        items=FORMATS,
        options={"ENUM_FLAG"},
        default={"FBX"},
    )
    directory: bpy.props.StringProperty(
        name="Folder",
        description="Where the files are saved",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    _is_asked = False
    """Whether it was opened in a window, where a click has to show what it costs."""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the folder, beginning beside the open file."""
        self._is_asked = True
        if not self.directory:
            self.directory = bpy.path.abspath("//") or f"{Path.home()}{os.sep}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the formats beside the file browser."""
        self.layout.column().prop(self, "formats", expand=True)
        wrapped(
            layout_of(self),
            Message(
                "Formats that Mint has to convert cost Credits. Existing files are not overwritten."
            ),
            icon="INFO",
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Start a job that converts and saves; from the file browser, ask before it costs."""
        from ...mint.schema import Assets, Format, Kind

        if not self.directory.strip():
            return report_error(self, Message("No folder selected."))
        formats = [format for format in Format if format.name in self.formats]
        folder, asset_id = Path(bpy.path.abspath(self.directory)), self.asset_id

        def convert(operator: bpy.types.Operator | None) -> Result:
            return about_asset(
                operator,
                Kind.MODEL,
                asset_id,
                lambda service, asset: service.convert(asset, formats, folder),
            )

        made = asset(Kind.MODEL, asset_id).assets or Assets()
        if self._is_asked and not all(map(made.converted_url, formats)):
            words = ", ".join(format.name for format in formats)
            return limit_dialog.ask_price(
                words, Message("Convert"), lambda service: None, (), convert
            )
        return convert(self)


class MINT_OT_retry_asset(AssetOperator):
    """Retry what failed at Mint."""

    bl_idname = "mint.retry_asset"
    bl_label = "Retry Generation"
    bl_description = "Retry what failed at Mint. This costs Credits again"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Show the price before the click that retries."""
        from ...jobs import request_template
        from ...jobs.queries import Price
        from ...mint.schema import Kind

        kind, asset_id, start = Kind(self.kind.lower()), self.asset_id, self.start
        failed, delivery = asset(kind, asset_id), self.delivery(context)
        query = Price.of(request_template.of_asset(failed, ()).request)
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


class _TemplateOperator(bpy.types.Operator):
    """Base of the operators that reuse the request of a job or of an entry of the library."""

    job_id: bpy.props.StringProperty(
        name="Job", description="ID of the job, or the beginning of it", options={"SKIP_SAVE"}
    )
    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the Model or World at Mint", options={"SKIP_SAVE"}
    )

    def template(self) -> "RequestTemplate":
        """Return the request to reuse.

        Raises:
            NotPossible: It is not known.
            JournalError: The journal cannot be opened.
        """
        from ...jobs import request_template
        from ...jobs.job import asset_of
        from ...jobs.service import NotPossible
        from ..library_browser import loader

        service = session.service()
        if self.job_id:
            job = service.job(self.job_id)
            return request_template.of_job(job, service.jobs_of_asset(asset_of(job)))
        asset = loader.known().get(self.asset_id)
        if asset is None:
            raise NotPossible(Message("This item is no longer in the list. Refresh the library."))
        return request_template.of_asset(asset, service.jobs_of_asset(asset.id))


class MINT_OT_again(limit_dialog.SpendingDialog, _TemplateOperator):
    """Generate this once more with the same settings, or with another prompt."""

    bl_idname = "mint.again"
    bl_label = "Generate Again"
    bl_description = (
        "Generate this again with the same settings or with another prompt. This costs Credits "
        "again"
    )
    bl_options = {"REGISTER"}

    prompt: bpy.props.StringProperty(
        name="Prompt",
        description="New prompt. Leave empty to keep the same one",
        options={"SKIP_SAVE"},
    )

    _known: Any  # a RequestTemplate: Blender evaluates the annotations of a class
    _gone: tuple[str, ...] = ()

    def queries(self) -> "list[Query]":
        """Return the prices of the generation and of its optimization."""
        from ...jobs.queries import OptimizationPrice, Price

        optimization = [OptimizationPrice()] if self._known.optimize else []
        return [Price.of(self._known.request), *optimization]

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Show the prompt, which may be changed, and the price."""
        from ...jobs.service import NotPossible
        from ...jobs.storage.journal import JournalError

        try:
            self._known = self.template()
            self._gone = self._known.gone  # read now, since drawing must not read the disk
            self.prompt = self.prompt or self._known.request.prompt
        except (NotPossible, JournalError) as error:
            return report_error(self, str(error))
        return self.ask_before_spending(context, width=420, confirm_text="Generate")

    def draw_dialog(self, context: bpy.types.Context) -> None:
        """Draw what will be sent, and what it costs."""
        from ...jobs.queries import Price
        from ..pricing.price_dialog import draw_price, optimizing_words

        layout = layout_of(self)
        row = layout.row()
        row.activate_init = True
        row.prop(self, "prompt", text="")
        layout.label(
            text=" · ".join(translated(word) for word in _settings_words(self._known)),
            translate=False,
            icon="SETTINGS",
        )
        for image in self._gone:
            wrapped(
                layout,
                Message("The reference image {name} is no longer on disk.", name=Path(image).name),
                icon="ERROR",
                width=420,
            )
        draw_price(layout, Price.of(self._known.request))
        if self._known.optimize:
            wrapped(layout, optimizing_words(), icon="ADD", width=420)

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Start a new job, placed like the first one if that is in this file."""
        from ...jobs.service import NotPossible
        from ...jobs.storage.journal import JournalError

        try:
            wanted = self.template().with_prompt(self.prompt)
        except (NotPossible, JournalError) as error:
            return report_error(operator, str(error))
        delivery = (
            create_properties.with_cursor(context, wanted.delivery)
            if wanted.delivery.document not in session.document_ids()
            else replace(wanted.delivery, rotation=None)
        )
        return run_action(
            operator,
            lambda service: service.start(wanted.request, delivery, optimize=wanted.optimize).id,
        )


class MINT_OT_use_prompt(_TemplateOperator):
    """Put this into the form above, to change it and generate something like it."""

    bl_idname = "mint.use_prompt"
    bl_label = "Use as Draft"
    bl_description = (
        "Copy this into the form above, to change it before generating. Nothing is started"
    )
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Fill the form with prompt and name, and with settings and pictures if known."""
        from ...jobs.service import NotPossible
        from ...jobs.storage.journal import JournalError

        try:
            known = self.template()
        except (NotPossible, JournalError) as error:
            return report_error(self, str(error))
        if not known.request.prompt and not known.request.images:
            return report_error(self, Message("Mint returned no prompt for this item."))
        create_properties.fill_form(create_properties.of(context), known)
        for image in known.gone:
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


def _settings_words(known: "RequestTemplate") -> list[str]:
    """Return the settings of the request, without the prompt."""
    from ...mint.schema import Kind

    request = known.request
    words = [
        Message("3D Model") if request.kind is Kind.MODEL else Message("World"),
        Message(request.preset.value.title()),
    ]
    words += [Message("Review")] if request.mode.value == "review" else []
    words += (
        [Message("{count} reference images", count=len(request.images))] if request.images else []
    )
    return [*words, *([Message("Optimized")] if known.optimize else [])]


CLASSES = (
    MINT_OT_optimize,
    MINT_OT_convert,
    MINT_OT_retry_asset,
    MINT_OT_again,
    MINT_OT_use_prompt,
)
