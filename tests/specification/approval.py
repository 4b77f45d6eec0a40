# SPDX-License-Identifier: GPL-3.0-or-later
"""Two windows show a Preview, which is revised elsewhere. An approval does not name one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .state import change

NEXT = {"": "shown", "shown": "clicked", "clicked": "checked", "checked": "sent"}
"""What happens in a window after what."""


class Window(NamedTuple):
    """A window, and the Preview that the person has seen in it."""

    what: str = ""
    seen: int = 0


class Desk(NamedTuple):
    """A state."""

    preview: int = 1
    """The one at Mint."""
    approved: tuple[int, int] | None = None
    """The Preview that was seen, and the one that was approved."""
    windows: tuple[Window, ...] = (Window(), Window())
    revisions: int = 1
    """How many are left."""


class Approval:
    """The model of approvals, with or without the rule `preview`."""

    def __init__(self, off: str = "") -> None:
        self.off = off

    def start(self) -> Desk:
        """Return the first state."""
        return Desk()

    def steps(self, w: Desk) -> Iterator[tuple[str, Desk]]:
        """Yield what may happen, and the state after it."""
        is_checked = any(window.what == "checked" for window in w.windows)
        if w.revisions and not w.approved and not is_checked:  # Mint cannot rule that out
            yield (
                "revised elsewhere",
                w._replace(preview=w.preview + 1, revisions=w.revisions - 1),
            )
        for index, window in enumerate(w.windows):
            yield from self._act(w, index, window)

    def _act(self, w: Desk, index: int, window: Window) -> Iterator[tuple[str, Desk]]:
        seen = window.seen if window.what else w.preview
        if window.what == "clicked" and self.off != "preview" and seen != w.preview:
            yield "show the newer Preview", w._replace(windows=change(w.windows, index, Window()))
            return
        following = NEXT.get(window.what)
        if following is not None:
            windows = change(w.windows, index, Window(following, seen))
            is_sent = following == "sent" and not w.approved
            approved = (seen, w.preview) if is_sent else w.approved
            after = w._replace(windows=windows, approved=approved)
            yield f"{following} (window {index + 1})", after

    def error(self, w: Desk) -> str | None:
        """Return what is wrong in a state, if anything is."""
        if w.approved and w.approved[0] != w.approved[1]:
            return "a Preview was approved that nobody has seen"
        return None

    def is_end(self, w: Desk) -> bool:
        """Return whether everything has come to its end."""
        return w.approved is not None
