# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the review of Previews."""

from __future__ import annotations

import bpy

from .. import heartbeat, session, visibility
from ..registry import Registry
from . import preview_operators, review_feedback, review_notice

_parts = Registry()


def register() -> None:
    """Register it."""
    _parts.add_classes(
        review_feedback.MintDraft, *preview_operators.CLASSES, *review_notice.CLASSES
    )
    _parts.add_property("mint_drafts", bpy.props.CollectionProperty(type=review_feedback.MintDraft))
    session.on_first_use(_follow_jobs)


def _follow_jobs() -> None:
    """Keep a draft for each job that waits for a decision, and make the pictures of its card."""
    from . import full_size, large_previews

    _parts.add(full_size.add_handlers, full_size.remove_handlers)
    heartbeat.on_beat(review_feedback.catch_up_later, is_waiting=review_feedback.is_behind)
    heartbeat.on_jobs_changed(review_feedback.catch_up)
    heartbeat.on_beat(
        large_previews.catch_up,
        is_waiting=large_previews.is_waiting,
        is_due_soon=large_previews.is_waiting,
    )
    heartbeat.on_jobs_changed(large_previews.free)
    visibility.when_drawn(large_previews.NAME, large_previews.look)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
