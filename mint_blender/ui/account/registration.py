# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the preferences, the account's operators, and what watches the balance."""

from __future__ import annotations

from .. import heartbeat, session, visibility
from ..registry import Registry
from . import disk_usage, log_file, operators
from .preferences import MintPreferences

_parts = Registry()


def register() -> None:
    """Register them, and write what is logged into the log file."""
    _parts.add(log_file.prepare, log_file.stop)
    _parts.add_classes(MintPreferences, *operators.CLASSES, *disk_usage.CLASSES)
    session.on_first_use(_follow_jobs)


def _follow_jobs() -> None:
    """Follow what jobs cost and which ones need Credits."""
    from . import balance_watch, billing_watch, usage_chart

    heartbeat.on_jobs_changed(billing_watch.catch_up)
    heartbeat.on_jobs_changed(balance_watch.catch_up)
    heartbeat.on_answers(billing_watch.catch_up)
    visibility.when_drawn("usage", usage_chart.catch_up)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
