# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job the review card shows, and the feedback that the user is writing about each job.

The card is a popup, so there is only one. Its text field needs a property; the texts themselves are
kept here, where neither an undo nor another file takes them away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...jobs.phases import Phase
from .. import session

if TYPE_CHECKING:
    from ...jobs.job import Job


class _State:
    job_id: str = ""
    number: int = 0
    window: int = 0
    """A key of the window in which a card is open; 0: none that closes by itself."""

    def __init__(self) -> None:
        self.drafts: dict[str, str] = {}


def _state() -> _State:
    return session.state(_State)


def show(job_id: str, number: int = 0) -> None:
    """Turn the card to a Preview of a job, by its number from 1; 0: always the newest."""
    state = _state()
    state.job_id = job_id
    state.number = number


def opened(window: int) -> None:
    """Note in which window a card is open that closes when its result arrives; 0: none is."""
    _state().window = window


def window() -> int:
    """Return the key that was noted last."""
    return _state().window


def shown_id() -> str:
    """Return the id of the job on the card."""
    return _state().job_id


def shown_number(job: Job) -> int:
    """Return the number of the Preview on the card, from 1; 0 if the job has no picture."""
    return min(_state().number or len(job.previews), len(job.previews))


def newest(job: Job) -> int:
    """Return the number of the Preview that can be approved; 0 if its picture is missing."""
    return len(job.previews) if job.has_preview else 0


def is_undecided(job: Job) -> bool:
    """Return whether a job waits for a decision about its Preview."""
    return job.phase is Phase.REVIEW and job.decision is None and job.hold is None


def draft(job_id: str) -> str:
    """Return the unsent feedback on the Preview of a job."""
    return _state().drafts.get(job_id, "")


def write(job_id: str, text: str) -> None:
    """Keep the unsent feedback on the Preview of a job."""
    _state().drafts[job_id] = text


def drop(job_id: str) -> None:
    """Forget the feedback on the Preview of a job: it was sent, or the job was canceled."""
    _state().drafts.pop(job_id, None)


def feedback_property() -> Any:
    """Return the property behind the text field of the card."""
    from ...mint.limits import MAX_FEEDBACK_LENGTH

    return bpy.props.StringProperty(
        name="Change",
        description="What to change in the next Preview",
        maxlen=MAX_FEEDBACK_LENGTH,
        options={"SKIP_SAVE", "TEXTEDIT_UPDATE"},
        get=lambda _owner: draft(shown_id()),
        set=lambda _owner, text: write(shown_id(), text),
    )
