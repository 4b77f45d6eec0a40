# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the list of jobs and what can be done with a job."""

from __future__ import annotations

import bpy

from ...scene import undo_step
from .. import heartbeat, session, visibility
from ..registry import Registry
from . import (
    decision_operators,
    follow_up_operators,
    job_rows,
    list_operators,
    result_operators,
)

_parts = Registry()


def register() -> None:
    """Register them."""
    _parts.add_classes(
        *job_rows.CLASSES,
        *decision_operators.CLASSES,
        *result_operators.CLASSES,
        *list_operators.CLASSES,
        *follow_up_operators.CLASSES,
        *undo_step.CLASSES,
    )
    _parts.add_property("mint_jobs", bpy.props.PointerProperty(type=job_rows.MintJobs))
    session.on_first_use(_follow_jobs)


def _follow_jobs() -> None:
    """Keep the list up to date, and import results at a beat."""
    from .. import icons
    from . import auto_import, background_import, grouped_jobs, job_documents, placed_results

    heartbeat.on_jobs_changed(icons.catch_up)
    heartbeat.on_beat(grouped_jobs.settle, is_waiting=grouped_jobs.is_unsettled)
    _parts.add(placed_results.add, placed_results.remove)
    heartbeat.on_beat(
        background_import.poll,
        is_waiting=background_import.is_waiting,
        is_due_soon=background_import.is_due_soon,
    )
    heartbeat.on_beat(auto_import.import_ready, is_waiting=auto_import.is_waiting)
    heartbeat.on_jobs_changed(background_import.warm_up)
    heartbeat.on_beat(job_rows.sync)
    heartbeat.on_jobs_changed(job_rows.sync)
    heartbeat.before_redraw(grouped_jobs.prepare)
    _parts.add(job_documents.add, job_documents.remove)
    session.on_service_opened(job_documents.open_with)
    heartbeat.on_file_loaded(job_documents.file_opened)
    heartbeat.before_redraw(job_documents.follow)
    session.on_service_opened(grouped_jobs.prepare)
    visibility.when_drawn("jobs", grouped_jobs.check)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
