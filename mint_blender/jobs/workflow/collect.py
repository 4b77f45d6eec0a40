# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a story: which of the offered files are fetched, and what is missing.

Told like `story`: yields steps, knows no disk and no network. A fetched file is never fetched
again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Protocol, TypeVar

from ...files import file_choice
from ...files.download_folder import safe_name
from ...files.errors import FileError, InvalidFile, LinkExpired, TooLarge
from ...files.urls import same_file
from ...message import Message
from ...mint import errors
from ...mint.polling import Polling, PollIntervals
from ...mint.schema import Asset, Assets, Format, Kind, Operation, OptimizationLevel, Status
from .. import notes, rejected_files
from ..budget import spending
from ..job import Job, is_being_made
from ..job_values import Cause, LocalFile, Problem, Role
from ..phases import Phase
from ..presentation import error_messages
from ..queries import OptimizationPrice
from . import job_limit, unknown_outcome
from .effects import Effect, Fetch, Optimize, Poll, ReadAsset, Step

Answer = TypeVar("Answer")
Steps = Generator[Step, Any, None]
UrlOf = Callable[[Assets], str | None]

# A fresh resource can be incomplete for some seconds after its operation succeeded (contract,
# 13.16).
SETTLING_TRIES = 3
SETTLING_WAIT = 3.0
# times the usual patience (two hours) until the original is taken where somebody else's
# optimization does not end
FOREIGN_OPTIMIZATION = 4


class Runner(Protocol):
    """What is needed of the story: its job, and asking."""

    job: Job

    def ask(self, want: Effect[Answer]) -> Generator[Step, Any, Answer]: ...

    def pay(self, want: Optimize, since: float) -> Generator[Step, Any, Operation]: ...

    def now(self) -> float: ...

    def is_old(self, since: float | None) -> bool: ...


class Collector:
    """Brings a finished operation's files to disk."""

    def __init__(self, runner: Runner, readable: frozenset[str], pace: PollIntervals) -> None:
        self._runner = runner
        self._unusable: FileError | None = None
        self._readable = readable
        self._pace = pace

    def collect(self) -> Steps:
        """Read the result, fetch what is wanted of it, say what is missing; ends in READY, or
        PAUSED when there is nothing at all.
        """
        yield from self._find_resource()
        yield from self._read_asset()
        if self._job.convert:
            yield from self._converted()
            return
        if self._job.source_asset_id is not None:
            yield from self._await_end()
            if self._job.phase is not Phase.FETCHING:
                return
        if self._job.kind is Kind.MODEL:
            if self._job.file(Role.MODEL) is None:
                self._job = self._job.without_notes(*notes.MODEL_FILE_CODES)
            yield from self._optimize()
            yield from self._model()
        else:
            yield from self._world()
        yield from self._optional(Role.PICTURE, lambda assets: assets.picture_url, "picture")
        if any(
            self._job.file(role) for role in (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS)
        ):
            self._say_what_is_missing()
            self._job = self._job.moved(Phase.READY, problem=None)
        elif self._unusable is not None:
            raise self._unusable
        else:
            self._job = self._job.moved(
                Phase.PAUSED,
                problem=error_messages.no_file(
                    Message("Mint says it is done, but there is no file in the result.")
                ),
            )

    def _say_what_is_missing(self) -> None:
        """A partial success names the parts that are not here; where none of them is used here,
        that is said instead.
        """
        operation = self._job.operation
        self._job = self._job.without_notes("unused_parts_missing")
        if (
            operation is not None
            and operation.status is Status.PARTIALLY_SUCCEEDED
            and not any(notes.explains(self._job, part) for part in notes.PARTS)
        ):
            self._job = self._job.noted(notes.note("unused_parts_missing"))

    @property
    def _job(self) -> Job:
        return self._runner.job

    @_job.setter
    def _job(self, job: Job) -> None:
        self._runner.job = job

    @property
    def _assets(self) -> Assets:
        """What the resource says, else what the operation said: the one of them that has a result."""  # noqa: E501
        job = self._job
        told = [
            job.asset.assets if job.asset else None,
            job.operation.assets if job.operation else None,
        ]
        known = [assets for assets in told if assets is not None]
        return next(
            (assets for assets in known if assets.has_result), known[0] if known else Assets()
        )

    def _find_resource(self) -> Steps:
        """Where Mint does not say what it has made, the operation is asked again for some seconds,
        and then the list is looked through.
        """
        seen = self._job.operation
        enough = self._assets.has_result and self._job.optimize is None
        if seen is None or self._resource_id() is not None or enough:
            return
        for _ in range(SETTLING_TRIES):
            again = yield from self._runner.ask(Poll(seen.id, after=SETTLING_WAIT))
            if again.operation.succeeded:
                self._job = replace(
                    self._job, operation=again.operation.with_mode(self._job.request.mode)
                )
            if self._resource_id() is not None:
                return
        since = (
            seen.created_at.timestamp()
            if seen.created_at
            else self._job.first_sent_at or self._job.created_at
        )
        if found := (yield from unknown_outcome.find_made(self._runner, since)):
            self._job = replace(self._job, asset=found)

    def _read_asset(self) -> Steps:
        """The resource knows more than the operation.

        While it settles it is asked again; without it the operation's files do.
        """
        resource_id = self._resource_id()
        if resource_id is None:
            return
        self._job = self._job.without_notes("details_unreadable")
        for attempt in range(SETTLING_TRIES):
            try:
                # Of the job's own kind, whatever Mint calls it: another one was not asked for.
                asset = yield from self._runner.ask(
                    ReadAsset(self._job.kind, resource_id, after=SETTLING_WAIT if attempt else 0.0)
                )
            except (errors.NotFound, errors.Forbidden) as error:
                if self._job.source_asset_id is not None:
                    raise
                self._job = self._job.noted(notes.note("details_unreadable", reason=error))
                return
            self._job = replace(self._job, asset=asset)
            if self._has_settled(asset):
                return

    def _has_settled(self, asset: Asset) -> bool:
        """Is everything there that is wanted?"""
        assets = asset.assets
        return (
            assets is not None
            and assets.has_result
            and all(assets.converted_url(format) for format in self._job.convert)
        )

    def _await_end(self) -> Steps:
        """Somebody else's generation may still be running: its operation is not known here, so the
        model or world itself is watched.
        """
        polling = Polling(self._pace)
        while is_being_made(self._job):
            asset = yield from self._runner.ask(
                ReadAsset(self._job.kind, self._job.source_asset_id or "", after=polling.wait())
            )
            self._job = error_messages.when_long(
                replace(self._job, asset=asset, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        status = self._job.asset.status if self._job.asset else None
        if status in {Status.FAILED.value, Status.CANCELED.value} and not self._assets.has_result:
            self._job = self._job.moved(
                Phase.FAILED,
                problem=Problem(
                    Cause.WORK,
                    Message(
                        "Mint has not made this {kind}: {status}.",
                        kind=self._job.kind,
                        status=status,
                    ),
                ),
            )

    def _resource_id(self) -> str | None:
        """The model or world that it is about, as Mint names it or as it was found."""
        job = self._job
        made = job.operation.resource if job.operation else None
        return (
            job.source_asset_id
            or (made.id if made else None)
            or (job.asset.id if job.asset else None)
        )

    # -- optimizing first
    # ---------------------------------------------------------------------------------------------

    def _optimize(self) -> Steps:
        """Have the model optimized, if that was asked for.

        Whatever goes wrong with it is a note: the original is there already.
        """
        resource_id, level = self._resource_id(), self._job.optimize
        if level is None or resource_id is None or self._assets.optimized_glb_url is not None:
            return
        if lacking := file_choice.OPTIMIZED_NEEDS - self._opens:
            # Nothing is paid for a file that could not be opened here.
            self._job = self._job.noted(
                notes.note("optimizing_is_useless", reason=file_choice.explain_missing(lacking))
            )
            return
        if self._job.optimization is None and self._runner.is_old(self._job.optimize_sent_at):
            # the model itself, read just now, is not optimized
            self._job = self._job.noted(notes.note("optimizing_unanswered"))
            return
        try:
            if self._job.optimization is None:
                if not (yield from self._may_optimize(resource_id)):
                    return
                yield from self._start_optimizing(resource_id, level)
            yield from self._watch_optimization()
        except errors.AlreadyOptimized:
            yield from self._read_asset()
        except errors.OptimizationInProgress:
            yield from self._await_optimized_file()
        except errors.ProblemError as error:
            if not error.proves_nothing_started and type(error) is not errors.Conflict:
                raise
            self._job = self._job.noted(
                notes.note(
                    "not_optimized",
                    reason=error,
                )
            )

    def _may_optimize(self, model_id: str) -> Generator[Step, Any, bool]:
        """Is there room for it in the job's own limit?

        Else the original is taken, and that is said.
        """
        if self._job.max_credits is None:
            return True
        price = yield from job_limit.price(self._runner, OptimizationPrice(model_id))
        price = self._job.optimize_estimate if price is None else price
        total = (
            None
            if price is None
            else spending.at_prices(self._job, self._job.estimate or 0.0, price)
        )
        sentence = spending.objection_of_job(total, self._job.max_credits)
        if sentence is not None:
            self._job = self._job.noted(
                notes.note(
                    "not_optimized",
                    reason=sentence,
                )
            )
        return sentence is None

    def _start_optimizing(self, resource_id: str, level: OptimizationLevel) -> Steps:
        sent = self._job.optimize_sent_at
        sent = self._runner.now() if sent is None else sent
        self._job = replace(self._job, optimize_sent_at=sent)
        answer = yield from self._runner.pay(
            Optimize(resource_id, level, key=f"{self._job.key}-optimize"), sent
        )
        self._job = replace(self._job, optimization=answer, problem=None)

    def _watch_optimization(self) -> Steps:
        polling = Polling(self._pace)
        while (operation := self._job.optimization) is not None and operation.is_busy:
            seen = yield from self._runner.ask(Poll(operation.id, after=polling.wait()))
            self._job = error_messages.when_long(
                replace(self._job, optimization=seen.operation, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        if operation is not None and operation.succeeded:
            yield from self._read_asset()
        elif operation is not None:
            trouble = (
                error_messages.billing(operation)
                if operation.awaits_payment
                else error_messages.failed_work(operation)
            )
            self._job = self._job.noted(
                notes.note(
                    "not_optimized",
                    reason=trouble.sentence,
                )
            )

    def _await_optimized_file(self) -> Steps:
        """Somebody else has it optimized just now: the model itself says when the file is there.

        It does not say when that has failed. So this wait has an end, other than that for an
        operation of our own.
        """
        resource_id, polling = self._resource_id(), Polling(self._pace)
        if resource_id is None:
            return
        while (
            self._assets.optimized_glb_url is None
            and polling.watched < FOREIGN_OPTIMIZATION * self._pace.patience
        ):
            asset = yield from self._runner.ask(
                ReadAsset(Kind.MODEL, resource_id, after=polling.wait() / 2)
            )
            self._job = error_messages.when_long(
                replace(self._job, asset=asset, problem=None), polling
            )
        self._job = replace(self._job, problem=None)
        if self._assets.optimized_glb_url is None:
            self._job = self._job.noted(notes.note("still_optimizing"))

    # -- a model
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def _model(self) -> Steps:
        """The optimized GLB where this Blender reads it, or where it was asked for and need not be
        opened here; else the original.
        """
        taken = self._job.file(Role.MODEL)
        if taken is None:
            taken = yield from self._fetch_model(self._opens)
        if (
            taken is not None
            and self._unreadable(taken)
            and not same_file(taken.url, self._assets.glb_url)
        ):
            # Only the file itself says what it needs, and it needs more than expected: fall back on
            # the original.
            note = file_choice.explain_missing(self._unreadable(taken))
            if self._assets.glb_url is not None:
                yield from self._fetch(
                    Role.MODEL,
                    lambda assets: assets.glb_url,
                    "model",
                    note=Message("The original file was taken. {reason}", reason=note),
                )

    def _fetch_model(self, readable: frozenset[str]) -> Generator[Step, Any, LocalFile | None]:
        assets = self._assets
        chosen = file_choice.choose_model(
            optimized_url=assets.optimized_glb_url, original_url=assets.glb_url, readable=readable
        )
        if chosen is None:
            return None
        optimized = chosen.which == "optimized"
        url_of: UrlOf = (
            (lambda found: found.optimized_glb_url) if optimized else (lambda found: found.glb_url)
        )
        return (
            yield from self._fetch(
                Role.MODEL, url_of, "model-optimized" if optimized else "model", note=chosen.reason
            )
        )

    @property
    def _opens(self) -> frozenset[str]:
        """What a file may require.

        Where nobody here opens it (no Blender, or only a copy), what was optimized is wanted.
        """
        unopened = not self._readable or self._job.is_only_copied
        return (
            self._readable | file_choice.OPTIMIZED_NEEDS
            if self._job.optimize and unopened
            else self._readable
        )

    def _unreadable(self, kept: LocalFile) -> tuple[str, ...]:
        opens = self._readable and not self._job.is_only_copied
        return tuple(sorted(set(kept.needs) - self._readable)) if opens else ()

    # -- other formats
    # --------------------------------------------------------------------------------------------------  # noqa: E501

    def _converted(self) -> Steps:
        """Each file to the folder that the user chose.

        They are all that was wanted: the job is over then.
        """
        for format in self._job.convert:
            if self._job.file(Role(format)) is None:
                yield from self._save(format)
        if any(self._job.file(Role(format)) for format in self._job.convert):
            self._job = self._job.moved(Phase.PLACED, problem=None)
        else:
            trouble = error_messages.no_file(
                Message("Mint says it is converted, but there is no such file in the result.")
            )
            self._job = self._job.moved(Phase.PAUSED, problem=trouble)

    def _save(self, format: Format) -> Steps:
        lacking = notes.note(f"{format}_missing", format=format.upper())
        self._job = self._job.without_notes(f"{format}_missing")
        if self._assets.converted_url(format) is None:
            self._job = self._job.noted(lacking)
            return
        save_as = PurePath(
            self._job.target.folder or "", safe_name(self._job.title, fallback="model")
        )
        yield from self._fetch(
            Role(format), lambda assets: assets.converted_url(format), format, save_as=str(save_as)
        )

    # -- a world
    # ------------------------------------------------------------------------------------------------------  # noqa: E501

    def _world(self) -> Steps:
        """The parts that were asked for: panorama, collider, the splats of one tier.

        What Mint has not made is said, not an error.
        """
        if self._job.target.collider != "NONE":
            yield from self._optional(
                Role.COLLIDER, lambda assets: assets.collider_mesh_url, "collider"
            )
        yield from self._optional(Role.PANORAMA, lambda assets: assets.pano_url, "panorama")
        wanted = self._job.target.splats
        if wanted is not None:
            # Named after its tier: another one, asked for later, is another file.
            name = f"splats-{re.sub(r'[^A-Za-z0-9_]+', '-', wanted)}"
            yield from self._optional(
                Role.SPLATS, lambda assets: _splats_url(assets, wanted), "splats", name
            )

    # -- one file
    # -----------------------------------------------------------------------------------------------------  # noqa: E501

    def _optional(self, role: Role, url_of: UrlOf, part: str, name: str = "") -> Steps:
        """A part that may be missing, bad, or not where it should be: that holds up neither the
        other parts nor, if it is the small picture, anything at all.
        """
        self._job = self._job.without_notes(*notes.part_codes(part))
        if self._job.file(role) is not None:
            return
        if url_of(self._assets) is None:
            self._job = self._job.noted(notes.part_missing(self._job.kind, part))
            return
        try:
            yield from self._fetch(role, url_of, name or str(role))
        except FileError as error:
            if role is Role.PICTURE:
                self._job = self._job.noted(
                    notes.note("picture_unreachable", part=notes.PARTS[part], reason=error)
                )
            elif isinstance(error, InvalidFile | TooLarge | LinkExpired):
                # it would be the same again, and the others, paid for with it, are good
                self._unusable = error
                self._job = self._job.noted(notes.part_left_out(part, error))
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
        """Fetch one file; when its address has expired, ask for a fresh one, once."""
        url = url_of(self._assets)
        if url is None:
            raise AssertionError("Only a file with an address is fetched.")
        want = Fetch(
            role, url, name, note, save_as, only_copied=role is Role.MODEL and self._job.is_copied
        )
        try:
            kept = yield from self._ask_for(want)
        except LinkExpired:
            yield from self._read_asset()
            kept = yield from self._ask_for(replace(want, url=url_of(self._assets) or url))
        self._job = replace(rejected_files.forget(self._job, role), files=(*self._job.files, kept))
        return kept

    def _ask_for(self, want: Fetch) -> Generator[Step, Any, LocalFile]:
        """One file; where the check refuses it, the job remembers that it is here."""
        try:
            return (yield from self._runner.ask(want))
        except InvalidFile as refusal:
            self._job = rejected_files.remember(self._job, want.role, want.url, refusal)
            raise


def _splats_url(assets: Assets, wanted: str) -> str | None:
    chosen = file_choice.choose_splats(assets.spz_urls, wanted)
    return chosen[1] if chosen else None
