# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes on an imported result: what the user should know about it. Each has a code.

Programs recognize a note by its code, as those of a job (`jobs/notes.py`). A note about a missing
or unusable part of a World has the code and the words of the job's note on the same subject, since
the job keeps both.
"""

from __future__ import annotations

from typing import Any

from ..message import Message

TEMPLATES: dict[str, Message] = {
    # where the result was placed
    "collection_disabled": Message(
        "The result is hidden: the collection “{name}” is disabled. Enable it in the Outliner to"
        " see the result."
    ),
    "local_view": Message(
        "The result is hidden: the 3D Viewport is in Local View. Leave it with View > Local View."
    ),
    # the parts of a World
    "collider_missing": Message("This {kind} has no {part}."),
    "panorama_missing": Message("This {kind} has no {part}."),
    "splats_missing": Message("This world has no splats."),
    "collider_unusable": Message("The {part} cannot be used. {reason}"),
    "panorama_unusable": Message("The {part} cannot be used. {reason}"),
    "splats_unusable": Message("The {part} cannot be used. {reason}"),
    "splats_left_out": Message(
        "The splats of this World were not imported. Choose a splat quality to import them:"
        " {tiers}."
    ),
    "collider_side_unknown": Message(
        "Could not detect which way is up for the collider. If it is upside down, use Turn"
        " Collider Upright."
    ),
    "collider_not_flipped": Message(
        "The collider was already upright, so it was not turned. If it is upside down, use Turn"
        " Collider Upright."
    ),
    # what an optimization has brought
    "optimized": Message("Optimized: {after:,} of {before:,} faces"),
    "optimized_alone": Message("Optimized: {after:,} faces"),
    # replacing an earlier version
    "part_removed": Message(
        "The {what} of the earlier version was removed: the new version has none."
    ),
    "earlier_kept": Message("The earlier version is the hidden copy “{copy}”."),
    "only_on_copy": Message("What you added to “{name}” is now only in the hidden copy: {lost}."),
    "modifiers_without_effect": Message(
        "“{name}” is now only the parent of several moving parts, so its modifiers have no effect."
        " Add them to the parts."
    ),
    # clips of other files
    "fitted": Message("Fitted to this skeleton."),
    "bone_missing": Message("One bone is missing in the clip and does not move: {name}."),
    "bones_missing": Message("{count} bones are missing in the clip and do not move: {names}."),
    "other_skeleton": Message(
        "This clip has another skeleton ({found} of {count} bones). It is saved, not applied."
    ),
    "no_motion": Message("“{name}” contains no motion."),
}


def note(code: str, **params: Any) -> Message:
    """Return the note with this code."""
    return Message.build(TEMPLATES[code].template, params, code)
