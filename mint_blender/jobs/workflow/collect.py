# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the results of a job: choose and fetch its files, and note what is missing.

A fetched file is never fetched again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from ...files import file_choice
from ...files.download_folder import safe_name
from ...files.errors import FileError, InvalidFile, LinkExpired, TooLarge
from ...files.urls import same_file
from ...message import Message
from ...mint.schema import Assets, Format, Kind, Status
from .. import notes, rejected_files
from ..job_values import LocalFile, Role
from ..phases import Phase
from ..presentation import error_messages
from .context import Steps, WorkflowContext, WorkflowPart
from .effects import Fetch, Step
from .optimize import Optimizer, accepted_extensions
from .result import ResultReader

UrlOf = Callable[[Assets], str | None]


class Collector(WorkflowPart):
    """Fetches the files of a finished operation."""

    def __init__(self, context: WorkflowContext) -> None:
        super().__init__(context)
        self._readable = context.config.readable
        self._result = ResultReader(context)
        self._unusable: FileError | None = None

    def collect(self) -> Steps:
        """Read the result, fetch the files that are needed, and note what is missing.

        The job ends in READY, or in PAUSED if there is no file at all.
        """
        yield from self._result.find_asset()
        yield from self._result.read_asset()
        if self._job.convert:
            yield from self._fetch_converted()
            return
        if self._job.source_asset_id is not None:
            yield from self._result.wait_until_made()
            if self._job.phase is not Phase.FETCHING:
                return
        if self._job.kind is Kind.MODEL:
            if self._job.file(Role.MODEL) is None:
                self._job = self._job.without_notes(*notes.MODEL_FILE_CODES)
            yield from Optimizer(self._context, self._result).optimize()
            yield from self._fetch_model()
        else:
            yield from self._fetch_world()
        yield from self._fetch_part(Role.PICTURE, lambda assets: assets.picture_url, "picture")
        self._finish()

    def _finish(self) -> None:
        roles = (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS)
        if any(self._job.file(role) for role in roles):
            self._note_unused_parts()
            self._job = self._job.moved(Phase.READY, problem=None)
        elif self._unusable is not None:
            raise self._unusable
        else:
            self._job = self._job.moved(
                Phase.PAUSED,
                problem=error_messages.no_file(
                    Message("Mint has finished, but the result contains no file.")
                ),
            )

    def _note_unused_parts(self) -> None:
        """Add a note about a partial success if every part that is used here was fetched."""
        operation = self._job.operation
        self._job = self._job.without_notes("unused_parts_missing")
        if (
            operation is not None
            and operation.status is Status.PARTIALLY_SUCCEEDED
            and not any(notes.explains(self._job, part) for part in notes.PARTS)
        ):
            self._job = self._job.with_note(notes.note("unused_parts_missing"))

    # -- models

    def _fetch_model(self) -> Steps:
        """Fetch the optimized GLB if this Blender reads it or need not open it, else the original.

        Only the file itself says what it requires. If that is more than expected, the original is
        fetched too.
        """
        file = self._job.file(Role.MODEL)
        if file is None:
            file = yield from self._fetch_chosen_model()
        lacking = self._unreadable_extensions(file) if file is not None else ()
        original = self._result.assets.glb_url
        if file is None or not lacking or original is None or same_file(file.url, original):
            return
        reason = file_choice.explain_missing(lacking)
        note = Message("The original file is used. {reason}", reason=reason)
        yield from self._fetch(Role.MODEL, lambda assets: assets.glb_url, "model", note=note)

    def _fetch_chosen_model(self) -> Generator[Step, Any, LocalFile | None]:
        assets = self._result.assets
        chosen = file_choice.choose_model(
            optimized_url=assets.optimized_glb_url,
            original_url=assets.glb_url,
            readable=accepted_extensions(self._job, self._readable),
        )
        if chosen is None:
            return None
        is_optimized = chosen.which == "optimized"
        url_of: UrlOf = (
            (lambda assets: assets.optimized_glb_url)
            if is_optimized
            else (lambda assets: assets.glb_url)
        )
        name = "model-optimized" if is_optimized else "model"
        return (yield from self._fetch(Role.MODEL, url_of, name, note=chosen.reason))

    def _unreadable_extensions(self, file: LocalFile) -> tuple[str, ...]:
        """Return the glTF extensions that a file requires and this Blender cannot read."""
        is_opened = self._readable and not self._job.is_only_copied
        return tuple(sorted(set(file.needs) - self._readable)) if is_opened else ()

    # -- other formats

    def _fetch_converted(self) -> Steps:
        """Fetch each converted file to the user's folder, which ends the job."""
        for format in self._job.convert:
            if self._job.file(Role(format)) is None:
                yield from self._fetch_format(format)
        if any(self._job.file(Role(format)) for format in self._job.convert):
            self._job = self._job.moved(Phase.PLACED, problem=None)
        else:
            problem = error_messages.no_file(
                Message(
                    "Mint has finished the conversion, but the result contains no converted file."
                )
            )
            self._job = self._job.moved(Phase.PAUSED, problem=problem)

    def _fetch_format(self, format: Format) -> Steps:
        code = f"{format}_missing"
        self._job = self._job.without_notes(code)
        if self._result.assets.converted_url(format) is None:
            self._job = self._job.with_note(notes.note(code, format=format.upper()))
            return
        save_as = PurePath(
            self._job.delivery.folder or "", safe_name(self._job.title, fallback="model")
        )
        yield from self._fetch(
            Role(format), lambda assets: assets.converted_url(format), format, save_as=str(save_as)
        )

    # -- Worlds

    def _fetch_world(self) -> Steps:
        """Fetch the requested parts: panorama, collider, the splats of one tier.

        A part that Mint has not made is a note, not an error.
        """
        if self._job.delivery.collider != "NONE":
            yield from self._fetch_part(
                Role.COLLIDER, lambda assets: assets.collider_mesh_url, "collider"
            )
        yield from self._fetch_part(Role.PANORAMA, lambda assets: assets.pano_url, "panorama")
        tier = self._job.delivery.splats
        if tier is not None:
            # Named after its tier: another one, requested later, is another file.
            name = f"splats-{re.sub(r'[^A-Za-z0-9_]+', '-', tier)}"
            yield from self._fetch_part(
                Role.SPLATS, lambda assets: _splats_url(assets, tier), "splats", name
            )

    # -- single files

    def _fetch_part(self, role: Role, url_of: UrlOf, part: str, name: str = "") -> Steps:
        """Fetch a part that may be missing, damaged or unreachable.

        That stops neither the other parts nor, if it is the small picture, the job.
        """
        self._job = self._job.without_notes(*notes.part_codes(part))
        if self._job.file(role) is not None:
            return
        if url_of(self._result.assets) is None:
            self._job = self._job.with_note(notes.part_missing(self._job.kind, part))
            return
        try:
            yield from self._fetch(role, url_of, name or str(role))
        except FileError as error:
            if role is Role.PICTURE:
                self._job = self._job.with_note(
                    notes.note("picture_unreachable", part=notes.PARTS[part], reason=error)
                )
            elif isinstance(error, InvalidFile | TooLarge | LinkExpired):
                # Another fetch would give the same file, and the other parts are paid for and
                # usable.
                self._unusable = error
                self._job = self._job.with_note(notes.part_left_out(part, error))
            else:
                raise

    def _fetch(
        self,
        role: Role,
        url_of: UrlOf,
        name: str,
        note: str | None = None,
        save_as: str | None = None,
    ) -> Generator[Step, Any, LocalFile]:
        """Fetch one file; if its link has expired, read a fresh one, once."""
        url = url_of(self._result.assets)
        if url is None:
            raise AssertionError("Only a file with a link is fetched.")
        fetch = Fetch(
            role, url, name, note, save_as, only_copied=role is Role.MODEL and self._job.is_copied
        )
        try:
            file = yield from self._fetch_checked(fetch)
        except LinkExpired:
            yield from self._result.read_asset()
            fresh = url_of(self._result.assets) or url
            file = yield from self._fetch_checked(replace(fetch, url=fresh))
        self._job = replace(rejected_files.forget(self._job, role), files=(*self._job.files, file))
        return file

    def _fetch_checked(self, fetch: Fetch) -> Generator[Step, Any, LocalFile]:
        """Fetch one file; if our check rejects it, the job remembers where it is."""
        try:
            return (yield from self._perform(fetch))
        except InvalidFile as error:
            self._job = rejected_files.remember(self._job, fetch.role, fetch.url, error)
            raise


def _splats_url(assets: Assets, tier: str) -> str | None:
    chosen = file_choice.choose_splats(assets.spz_urls, tier)
    return chosen[1] if chosen else None
