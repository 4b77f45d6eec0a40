# SPDX-License-Identifier: GPL-3.0-or-later
"""Look up a Model or World by its id, as far as the library or a job knows it."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ...jobs.job import Job, asset_of
from ...jobs.service import JobService
from ...message import Message
from ...mint.schema import Asset, Kind, is_valid_id
from .. import session
from ..job_actions import Result, report_error, run_action
from . import loader


def about_asset(
    operator: bpy.types.Operator,
    kind: Kind,
    asset_id: str,
    start: Callable[[JobService, Asset], Job],
) -> Result:
    """Start a job about an asset; a mistyped id is reported before anything is sent."""
    asset_id = asset_id.strip()
    if not is_valid_id(asset_id):
        return report_error(
            operator,
            Message("Not a valid Mint ID. IDs contain only letters, digits, _ and -."),
        )
    return run_action(operator, lambda board: start(board, asset(kind, asset_id)).id)


def asset(kind: Kind, asset_id: str) -> Asset:
    """Return what is known of an asset: its id at least, and its job reads the rest."""
    board = session.existing_service()
    if board is not None:
        # without a window no heart beats, and a script asks right after a job has ended
        loader.follow(board)
    told = (
        job.asset
        for job in (board.jobs() if board else ())
        if job.asset is not None and asset_of(job) == asset_id
    )
    return (
        loader.known().get(asset_id) or next(told, None) or Asset.from_json(kind, {"id": asset_id})
    )
