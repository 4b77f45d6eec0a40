# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job says of what has not come of its result, or has come and cannot be used: one sentence
for each part at most.

What was true the last time may be no longer when the files are fetched again, or the story is told
again.
"""

from __future__ import annotations

from ...files.errors import FileError, LinkExpired
from ...message import Message, sentences
from ...mint.schema import Kind
from ..job import Job

PARTS = (Message("collider mesh"), "panorama", "splats", "picture")
"""What a person calls what a result may come without."""


SAME_PREVIEW = Message(
    "Mint still shows the earlier Preview: look at it at mint.gg before you approve."
)


def missing(kind: Kind, what: str) -> str:
    """Mint has not made that part."""
    return (
        Message("This {kind} came without a {part}.", kind=kind, part=what)
        if what != "splats"
        else Message("This world came without splats.")
    )


def left_out(what: str, error: FileError) -> str:
    """That part has come and is not what it should be, or its address leads nowhere."""
    begins = _unreachable(what) if isinstance(error, LinkExpired) else _unusable(what)
    return sentences(begins, str(error))


def without(job: Job, what: str) -> Job:
    """The job before it is decided anew what there is to say of that part."""
    return job.unnoted(*_beginnings(job, what))


def without_preview(job: Job) -> Job:
    """The job before it is said, or no longer to be said, that a preview has not come."""
    return job.unnoted(
        "The preview picture could not be fetched.", "Mint sent no preview picture", SAME_PREVIEW
    )


def without_reasons(job: Job) -> Job:
    """The job before it is decided anew which file of a model is taken."""
    return job.unnoted(
        "The model was not optimized",
        "The model is still being optimized",
        "The original file",
        "The optimized file",
    )


def is_explained(job: Job, what: str) -> bool:
    """Has the job said why that part is not here?"""
    return any(note.startswith(_beginnings(job, what)) for note in job.notes)


def name_any(job: Job) -> bool:
    """Is a part of any kind said not to be here?"""
    return any(is_explained(job, what) for what in PARTS)


def _beginnings(job: Job, what: str) -> tuple[str, ...]:
    return missing(job.kind, what), _unusable(what), _unreachable(what)


def _unusable(what: str) -> str:
    return Message("The {what} cannot be used.", what=what)


def _unreachable(what: str) -> str:
    return Message("The {what} could not be fetched.", what=what)
