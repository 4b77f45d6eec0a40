# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the files of a motion: the rigged character, and a file for each clip.

Few sources describe them, so each part is optional: what is there is kept, and what is missing or
unusable is a note. Nothing here costs Credits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from ...files.errors import FileError, InvalidFile, LinkExpired, TooLarge
from ...message import Message
from ...mint import errors
from ...mint.schema import AnimationFile, AnimationType, ResourceRef
from .. import notes
from ..job import operation_of
from ..job_values import LocalFile, Role
from ..phases import Phase
from ..presentation import error_messages
from .collect import SETTLING_TRIES, SETTLING_WAIT
from .context import Steps, WorkflowContext, WorkflowPart
from .effects import Fetch, Poll, ReadAnimation, ReadFileUrl, Step


class MotionCollector(WorkflowPart):
    """Fetches the files of a motion that Mint has finished."""

    def __init__(self, context: WorkflowContext) -> None:
        super().__init__(context)
        self._type = AnimationType.BATCH
        self._error: errors.MintError | FileError | None = None

    def collect(self) -> Steps:
        """Fetch all files. The job ends in READY, or in PAUSED if a clip could not be had.

        Raises:
            MintError, FileError: There is no clip, and this is the reason.
        """
        self._job = self._job.without_notes("clip_unreadable", "motion_without_clip")
        animation = yield from self._find_animation()
        files = (yield from self._read_files(animation)) if animation else ()
        for file in files:
            if file.is_glb and animation is not None:
                yield from self._fetch_file(animation, file)
        if self._job.file(Role.CLIP) is None and self._error is not None:
            raise self._error
        if not {Role.CLIP, Role.CHARACTER} & {each.role for each in self._job.files}:
            missing = Message("Mint has finished, but the motion has no file.")
            self._job = self._job.moved(Phase.PAUSED, problem=error_messages.no_file(missing))
            return
        if self._job.file(Role.CLIP) is None:
            self._job = self._job.with_note(notes.note("motion_without_clip"))
        self._job = self._job.moved(Phase.READY, problem=None)

    def _find_animation(self) -> Generator[Step, Any, ResourceRef | None]:
        """Return what Mint has made. Just after the end it may not say that yet."""
        for _ in range(SETTLING_TRIES):
            operation = operation_of(self._job)
            if operation.resource is not None:
                return operation.resource
            result = yield from self._perform(Poll(operation.id, after=SETTLING_WAIT))
            if result.operation.succeeded:
                self._job = replace(self._job, operation=result.operation)
        return operation_of(self._job).resource

    def _read_files(
        self, animation: ResourceRef
    ) -> Generator[Step, Any, tuple[AnimationFile, ...]]:
        """Return the files. Which type the animation has is found out; they may follow later."""
        types = sorted(AnimationType, key=lambda each: each != animation.type.lower())
        for attempt in range(SETTLING_TRIES):
            for type_ in types:
                after = SETTLING_WAIT if attempt and type_ is types[0] else 0.0
                effect = ReadAnimation(type_, animation.id, after=after)
                try:
                    found = yield from self._perform(effect)
                except errors.NotFound as error:
                    self._error = self._error or error  # perhaps the key is of another project
                    continue
                self._error = None
                if found:
                    self._type = type_
                    return found
        return ()

    def _fetch_file(self, animation: ResourceRef, file: AnimationFile) -> Steps:
        """Fetch one file that is not here yet. One that cannot be had does not stop the others."""
        role = Role.CHARACTER if file.is_character else Role.CLIP
        name = f"{role}-{hashlib.sha256(file.id.encode()).hexdigest()[:10]}"
        if any(PurePath(each.path).stem == name for each in self._job.files):
            return
        try:
            fetched = yield from self._fetch(
                ReadFileUrl(self._type, animation.id, file.id), role, name
            )
        except (errors.NotFound, InvalidFile, TooLarge, LinkExpired) as error:
            self._error = error
            self._job = self._job.with_note(notes.note("clip_unreadable", reason=error))
        else:
            self._job = replace(self._job, files=(*self._job.files, fetched))

    def _fetch(
        self, address: ReadFileUrl, role: Role, name: str
    ) -> Generator[Step, Any, LocalFile]:
        """Fetch a file; if its link has expired, read a fresh one, once."""
        fetch = Fetch(role, (yield from self._perform(address)), name)
        try:
            return (yield from self._fetch_checked(fetch))
        except LinkExpired:
            fresh = yield from self._perform(address)
            return (yield from self._fetch_checked(replace(fetch, url=fresh)))
