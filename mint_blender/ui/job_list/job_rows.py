# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that have no card, as one of Blender's own lists: one row each, with filter and scroll.

The rows are copied from the prepared groups when jobs change. They hold no more than an id and a
name, which the list's filter looks at; the rest is looked up while drawing.
"""

from typing import TYPE_CHECKING, Any

import bpy

from .. import session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...jobs.job import Job
    from ...jobs.service import JobService


class _State:
    chosen: str = ""
    """The id of the job whose card is shown below the list."""
    rows_of: "Mapping[str, Job] | None" = None
    """The jobs that the rows were last compared with."""


def _active_changed(jobs: "MintJobs", context: bpy.types.Context) -> None:
    is_row = 0 <= jobs.active < len(jobs.rows)
    session.state(_State).chosen = jobs.rows[jobs.active].job_id if is_row else ""


class MintJobRow(bpy.types.PropertyGroup):
    """A job in the list. `name` is its title."""

    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})


class MintJobs(bpy.types.PropertyGroup):
    """The list. In the window manager, so that none of it is saved in a .blend file."""

    rows: bpy.props.CollectionProperty(type=MintJobRow, options={"SKIP_SAVE"})
    active: bpy.props.IntProperty(
        name="Job", default=-1, min=-1, options={"SKIP_SAVE"}, update=_active_changed
    )


def sync(service: "JobService") -> bool:
    """Update the rows from the jobs, and keep the choice. Return False: no job was changed."""
    from . import grouped_jobs

    grouped_jobs.prepare(service)
    jobs, wanted = bpy.context.window_manager.mint_jobs, grouped_jobs.without_card()
    state = session.state(_State)
    if state.rows_of is wanted and len(jobs.rows) == len(wanted):
        return False
    state.rows_of = wanted
    if [row.job_id for row in jobs.rows] != list(wanted):
        chosen = state.chosen
        jobs.rows.clear()
        for job in wanted.values():
            row = jobs.rows.add()
            row.name, row.job_id = job.title, job.id
        jobs.active = list(wanted).index(chosen) if chosen in wanted else -1
    return False


def chosen() -> "Job | None":
    """Return the job whose card is shown below the list."""
    from . import grouped_jobs

    return grouped_jobs.without_card().get(session.state(_State).chosen)


class MINT_UL_jobs(bpy.types.UIList):
    """Picture, title and state of each job."""

    bl_idname = "MINT_UL_jobs"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
    ) -> None:
        """Draw one row."""
        from . import card

        card.draw_row(layout, item.job_id, item.name)


CLASSES = (MintJobRow, MintJobs, MINT_UL_jobs)
