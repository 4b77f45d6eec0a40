# SPDX-License-Identifier: GPL-3.0-or-later
"""What all cards need to know while the sidebar is drawn once."""

from __future__ import annotations

from ....addon_settings import may_go_online
from ....jobs.service import JobService
from ... import text_wrap
from .. import grouped_jobs

_NARROW = 265
"""Pixels, at scale 1, of a sidebar in which a state beside a picture is cut off."""
_BESIDE_PROGRESS = 106.0
"""Pixels, at scale 1, of the picture beside a bar, and of the buttons for cancel and the menu."""


class Sidebar:
    """The sidebar during one drawing: read from Blender once, not for each card.

    `width` is in pixels.
    """

    def __init__(self, service: JobService, width: int) -> None:
        self.service = service
        self.width = width
        self.is_narrow = width < text_wrap.scaled(_NARROW)
        """Whether state and cost are below the picture, as they would be cut off beside it."""
        self.is_roomy = not text_wrap.is_narrow(width)
        """Whether there is room for words on the buttons of a line."""
        beside = 0.0 if self.is_narrow else _BESIDE_PROGRESS
        self._progress_room = width - text_wrap.scaled(text_wrap.BOX + beside)
        self._font = text_wrap.interface_font()
        self.is_online = may_go_online()
        self.kept_reviews = grouped_jobs.kept_reviews()
        """The ids of jobs whose cards stay as large as when they asked for a decision."""

    def fits_into_bar(self, text: str) -> bool:
        """Return whether the bar of a running job has room for a text."""
        return text_wrap.width_of(text, self._font) <= self._progress_room
