# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips of a motion: which files they are in, and how they come to a character."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..files.glb.header import has_mesh
from ..jobs.job import Job
from ..jobs.job_values import Role
from ..message import Message, message_of
from ..scene import tags
from ..scene.animation import clips, tracks
from ..scene.errors import SceneImportError
from ..scene.notes import note


def files(job: Job) -> list[Path]:
    """Return the files with the clips of a motion, one with its character first.

    Raises:
        SceneImportError: None of them is on disk.
    """
    kept = [each for role in (Role.CLIP, Role.CHARACTER) for each in job.files if each.role is role]
    here = [each for each in kept if Path(each.path).is_file()]
    if not here:
        raise SceneImportError(
            Message(
                "The files of {title} are no longer on disk. Download them again; this is free.",
                title=job.title,
            )
        )
    first = next((each for each in here if has_mesh(Path(each.path))), here[0])
    others = [each for each in here if each.role is Role.CLIP and each is not first]
    return [Path(each.path) for each in (first, *others)]


def rig_in(root: bpy.types.Object) -> bpy.types.Object | None:
    """Return the armature of a model; None if it has none."""
    return next((each for each in tags.hierarchy(root) if each.type == "ARMATURE"), None)


def add(
    job: Job,
    rig: bpy.types.Object,
    paths: Sequence[Path],
    scene: bpy.types.Scene | None,
    *,
    is_new: bool = False,
) -> list[Message]:
    """Add the clips in these files to a character, and name all of the job; return notes.

    A single clip has the words of its motion, several have their own names. `is_new`: the
    character came with this job, and so did its clips. What cannot be used is a note.
    """
    own = clips.clips_of(rig) if is_new else []
    words = job.motion.words if job.motion and len(own) + len(paths) == 1 else ""
    names, notes = [tracks.rename(rig, each.name, words or each.name) for each in own], []
    for path in paths:
        try:
            added = clips.add_from_file(path, rig, words=words, scene=scene)
        except SceneImportError as error:
            notes.append(message_of(error))
        else:
            names += added.names
            notes += added.notes
    for name in names:
        if (clip := clips.clip_named(rig, name)) is not None:
            clip.action[tracks.JOB] = job.id
            if job.motion and job.motion.in_place:
                clips.set_in_place(rig, clip, True)
    if not (names or notes or job.has_note("motion_without_clip")):
        notes.append(note("no_motion", name=job.title))
    return notes
