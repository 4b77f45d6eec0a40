# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes on a job: what a user should know about its result. Each has a code.

Programs recognize a note by its code. Its words are made where it is shown, from the template here
and the values that the job keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..files.errors import FileError, LinkExpired
from ..message import Message
from ..mint.schema import Format, Kind
from .job import Job

PARTS = {
    "collider": Message("collider mesh"),
    "panorama": Message("panorama"),
    "splats": Message("splats"),
    "picture": Message("picture"),
}
"""What a result may come without, with its name for the user."""

PREVIEW_CODES = ("preview_missing", "preview_outdated", "preview_unreachable")
NOT_OPTIMIZED_CODES = ("not_optimized", "optimizing_unanswered", "still_optimizing")
"""Codes of the reasons why the original file was used."""

MODEL_FILE_CODES = (*NOT_OPTIMIZED_CODES, "optimizing_is_useless", "file_choice")
"""Codes of all notes about the choice between the files of a model."""

OPTIMIZED_CODES = ("optimized", "optimized_alone")
"""Codes of the notes of an import that say how many faces an optimized model has."""

TEMPLATES: dict[str, Message] = {
    "first_failed": Message(
        "Not sent, and nothing was charged: what has to be there first did not succeed."
    ),
    "clip_unreadable": Message("A file of the motion could not be downloaded. {reason}"),
    "motion_without_clip": Message("Mint rigged the model, but delivered no motion."),
    "start_found": Message(
        "Mint did not answer when this was started. The result was found in your library."
    ),
    "canceled_in_doubt": Message(
        "Mint may have started this before it was canceled. It is not in your library so far."
    ),
    "decide_again": Message(
        "Mint has not answered your decision, and it cannot be repeated. Please decide again."
    ),
    "decision_not_sent": Message("Your decision was not sent. Please decide again."),
    "newer_preview": Message(
        "Mint has a newer Preview, so nothing was approved. Look at it, then approve it."
    ),
    "too_late": Message("Too late to {verb}: the job had already finished."),
    "preview_missing": Message(
        "Mint sent no preview picture. View the Preview on mint.gg before you approve it."
    ),
    "preview_outdated": Message(
        "Mint still returns the previous Preview. View the new one on mint.gg before you "
        "approve it."
    ),
    "preview_unreachable": Message("The preview picture could not be downloaded. {reason}"),
    "details_unreadable": Message("The details of the result could not be read. {reason}"),
    "unused_parts_missing": Message(
        "Mint could not generate every part, but all parts that are used here are available."
    ),
    "optimizing_is_useless": Message("The model was not optimized. {reason}"),
    "not_optimized": Message("The model was not optimized, so the original file is used. {reason}"),
    "optimizing_unanswered": Message(
        "Mint did not answer the optimization request, so the original file is used. If Mint "
        "has optimized the model, you can import it later."
    ),
    "still_optimizing": Message(
        "Mint is still optimizing the model, so the original file is used. You can import the "
        "optimized one later."
    ),
    **{f"{format}_missing": Message("Mint did not create the {format} file.") for format in Format},
    "splats_missing": Message("This world has no splats."),
    **{
        f"{part}_missing": Message("This {kind} has no {part}.")
        for part in PARTS
        if part != "splats"
    },
    **{f"{part}_unusable": Message("The {part} cannot be used. {reason}") for part in PARTS},
    **{
        f"{part}_unreachable": Message("The {part} could not be downloaded. {reason}")
        for part in PARTS
    },
}


def note(code: str, **params: Any) -> Message:
    """Return the note with this code."""
    return Message.build(TEMPLATES[code].template, params, code)


def stored_note(record: Mapping[str, Any]) -> Message:
    """Return a note that the journal kept, in the words of this version.

    Raises:
        Exception: The record is damaged.
    """
    message = Message.from_json(record)
    known = TEMPLATES.get(message.code or "")
    return Message.build(known.template, message.params, message.code) if known else message


def part_missing(kind: Kind, part: str) -> Message:
    """Return the note that Mint has not made a part of a result."""
    if part == "splats":
        return note("splats_missing")
    return note(f"{part}_missing", kind=kind, part=PARTS[part])


def part_left_out(part: str, error: FileError) -> Message:
    """Return the note that a part cannot be used, or that its address leads nowhere."""
    why = "unreachable" if isinstance(error, LinkExpired) else "unusable"
    return note(f"{part}_{why}", part=PARTS[part], reason=error)


def part_codes(part: str) -> tuple[str, ...]:
    """Return the codes of all that can be said about a part that is not here."""
    return f"{part}_missing", f"{part}_unusable", f"{part}_unreachable"


def explains(job: Job, part: str) -> bool:
    """Return whether a note of the job says why this part is not here."""
    return job.has_note(*part_codes(part))
