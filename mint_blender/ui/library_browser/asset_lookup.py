# SPDX-License-Identifier: GPL-3.0-or-later
"""Look up a Model or World by its id, as far as the library or a job knows it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy

from ...message import Message
from .. import session
from ..create import properties as create_properties
from ..job_actions import Result, report_error, run_action

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.job_values import Delivery
    from ...jobs.service import JobService
    from ...mint.schema import Asset, Kind

KINDS = [("MODEL", "3D Model", "A 3D Model"), ("WORLD", "World", "A World")]


class AssetOperator(bpy.types.Operator):
    """Base of the operators that start a job about a Model or World that is at Mint."""

    bl_options = {"REGISTER"}

    kind: bpy.props.EnumProperty(name="Kind", items=KINDS)
    asset_id: bpy.props.StringProperty(
        name="ID", description="ID of the Model or World at Mint", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Start the job."""
        from ...mint.schema import Kind

        start, delivery = self.start, self.delivery(context)
        return about_asset(
            self,
            Kind(self.kind.lower()),
            self.asset_id,
            lambda service, asset: start(service, asset, delivery),
        )

    def delivery(self, context: bpy.types.Context) -> "Delivery":
        """Return where the result is placed: at the current 3D cursor."""
        return create_properties.with_cursor(context, kind=self.kind)

    @staticmethod
    def start(service: "JobService", asset: "Asset", delivery: "Delivery") -> "Job":
        """Start the job."""
        raise NotImplementedError


def about_asset(
    operator: bpy.types.Operator | None,
    kind: "Kind",
    asset_id: str,
    start: "Callable[[JobService, Asset], Job]",
) -> Result:
    """Start a job about an asset; a mistyped id is reported before anything is sent."""
    from ...mint.schema import is_valid_id

    asset_id = asset_id.strip()
    if not is_valid_id(asset_id):
        return report_error(
            operator,
            Message("Not a valid Mint ID. IDs contain only letters, digits, _ and -."),
        )
    return run_action(operator, lambda service: start(service, asset(kind, asset_id)).id)


def asset(kind: "Kind", asset_id: str) -> "Asset":
    """Return what is known of an asset: its id at least, and its job reads the rest."""
    from ...mint.schema import Asset
    from . import loader

    service = session.existing_service()
    if service is not None:
        # without a window no heartbeat runs, and a script may ask right after a job has ended
        loader.follow(service)
    told = (
        job.asset
        for job in (service.jobs_of_asset(asset_id) if service else ())
        if job.asset is not None
    )
    return (
        loader.known().get(asset_id) or next(told, None) or Asset.from_json(kind, {"id": asset_id})
    )
