# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a job that has no card as a row of Blender's list: picture or icon, title and state."""

from __future__ import annotations

import bpy

from ...jobs.phases import Phase
from .. import icons, session
from ..icons import icon_number
from . import card_texts, grouped_jobs
from .card import STATE_ICONS


def draw(layout: bpy.types.UILayout, job_id: str, name: str) -> None:
    """Draw the row of a job; `name` is shown if the job is gone."""
    job, service = grouped_jobs.without_card().get(job_id), session.existing_service()
    texts = card_texts.of(job) if job else None
    icon = icons.of_file(texts.picture) if texts and texts.picture else 0
    if not icon and job is not None:
        icon = icon_number(STATE_ICONS.get(job.phase, "TIME"))
    # queued jobs all have the same state: leave it out, so that there is more room for the title
    has_state = job is not None and service is not None and job.phase is not Phase.WAITING
    row = layout.split(factor=0.55) if has_state else layout
    row.label(text=texts.title if texts else name, translate=False, icon_value=icon)
    if job is not None and texts is not None and service is not None and has_state:
        state = row.row()
        state.active = False
        state.label(text=card_texts.state(service, job, texts), translate=False)
