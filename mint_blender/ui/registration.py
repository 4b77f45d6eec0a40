# SPDX-License-Identifier: GPL-3.0-or-later
"""Register and unregister every feature of the interface.

A feature is a module with `register()` and `unregister()`. A feature that subscribes to the events
of another one need not unsubscribe, since subscriptions end with the session. What follows jobs is
imported and subscribed when the job service is first opened (`session.on_first_use`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from . import heartbeat, menus, notifications, session, translations, visibility
from .account import registration as account
from .create import registration as create
from .job_list import registration as job_list
from .library_browser import registration as library_browser
from .manual import links as manual
from .pricing import registration as pricing
from .references import registration as references
from .review import registration as review
from .selection import registration as selection
from .viewport import registration as viewport
from .worlds import registration as worlds


class Feature(Protocol):
    """A module that can be registered."""

    def register(self) -> None:
        """Make the feature known to Blender, the heartbeat and the session."""

    def unregister(self) -> None:
        """Undo that; also what a failed `register` has done so far."""


FEATURES: tuple[Feature, ...] = (
    translations,
    session,
    visibility,
    notifications,
    account,
    pricing,
    selection,
    worlds,
    create,
    references,
    review,
    viewport,
    job_list,
    library_browser,
    menus,
    manual,
    heartbeat,
)
"""The features in the order in which panels appear and events are delivered. The session comes
before the features that keep state in it, the heartbeat after those that subscribe to it.
"""

_registered: list[Feature] = []


def register() -> None:
    """Register everything; if one feature fails, undo the others and raise its error."""
    for feature in FEATURES:
        try:
            feature.register()
        except Exception:
            with suppress(Exception):
                feature.unregister()
            unregister()
            raise
        _registered.append(feature)


def unregister() -> None:
    """Unregister everything, the last first. What fails is logged and stops nothing else."""
    while _registered:
        feature = _registered.pop()
        try:
            feature.unregister()
        except Exception:  # the rest must still be undone
            log = session.logger(__name__)
            log.exception("A feature of the add-on could not be unregistered")
