# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the results of a job: choose and fetch its files, and note what is missing.

A fetched file is never fetched again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from operator import attrgetter
from pathlib import PurePath
from typing import Any

from ...files import file_choice
from ...files.download_folder import safe_name
from ...files.errors import FileError, InvalidFile, LinkExpired, TooLarge
from ...files.urls import same_file
from ...message import Message
from ...mint import errors
from ...mint.retry import Polling
from ...mint.schema import (
    AnimationFile,
    AnimationType,
    Assets,
    Kind,
    OptimizationLevel,
    ResourceRef,
    Status,
)
from .. import notes, rejected_files
from ..budget.spending import Expense, at_prices, limit_error
from ..job import Job, asset_of, has_failed_at_mint, is_being_made, operation_of
from ..job_values import Cause, LocalFile, Problem, Role
from ..paid_requests.record import PaidRequest, PaidVerb, of_job
from ..paid_requests.send import PaidCall
from ..phases import Phase
from ..presentation import error_messages
from ..queries import OptimizationPrice
from . import context, look
from .context import Run, Steps
from .effects import Adopt, Close, Fetch, Order, Poll, ReadAnimation, ReadAsset, ReadFileUrl, Step

UrlOf = Callable[[Assets], str | None]


def collect(run: Run) -> Steps:
    """Read the result, fetch the files that are needed, and note what is missing.

    The job ends in READY, or in PAUSED if there is no file at all.
    """
    yield from _find_asset(run)
    yield from _read_asset(run)
    if run.job.convert:
        yield from _fetch_converted(run)
        return
    if run.job.source_asset_id is not None:
        yield from _wait_until_made(run)
        if run.job.phase is not Phase.FETCHING:
            return
    if run.job.kind is Kind.MODEL:
        if run.job.file(Role.MODEL) is None:
            run.job = run.job.without_notes(*notes.MODEL_FILE_CODES)
        yield from _optimize(run)
        yield from _fetch_model(run)
    else:
        yield from _fetch_world(run)
    yield from _fetch_part(run, Role.PICTURE, lambda assets: assets.picture_url, "picture")
    if any(map(run.job.file, (Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS))):
        _note_unused_parts(run)
        run.job = run.job.moved(Phase.READY, problem=None)
    elif run.error is not None:
        raise run.error
    else:
        missing = Message("Mint has finished, but the result contains no file.")
        run.pause(error_messages.no_file(missing))


def _note_unused_parts(run: Run) -> None:
    """Add a note about a partial success if every part that is used here was fetched."""
    operation = run.job.operation
    run.job = run.job.without_notes("unused_parts_missing")
    if (
        operation is not None
        and operation.status is Status.PARTIALLY_SUCCEEDED
        and not any(notes.explains(run.job, part) for part in notes.PARTS)
    ):
        run.note("unused_parts_missing")


# -- models


def _fetch_model(run: Run) -> Steps:
    """Fetch the optimized GLB if this Blender reads it or need not open it, else the original.

    Only the file itself says what it requires. If that is more than expected, the original is
    fetched too.
    """
    file = run.job.file(Role.MODEL)
    readable = run.config.readable
    if file is None:
        chosen = file_choice.choose_model(
            optimized_url=assets_of(run).optimized_glb_url,
            original_url=assets_of(run).glb_url,
            readable=accepted_extensions(run.job, readable),
        )
        if chosen is None:
            return
        is_optimized = chosen.which == "optimized"
        url_of: UrlOf = attrgetter("optimized_glb_url" if is_optimized else "glb_url")
        name = "model-optimized" if is_optimized else "model"
        file = yield from _fetch(run, Role.MODEL, url_of, name, note=chosen.reason)
    is_opened = readable and not run.job.is_only_copied
    lacking = tuple(sorted(set(file.needs) - readable)) if is_opened else ()
    original = assets_of(run).glb_url
    if lacking and original is not None and not same_file(file.url, original):
        reason = file_choice.explain_missing(lacking)
        note = Message("The original file is used. {reason}", reason=reason)
        yield from _fetch(run, Role.MODEL, attrgetter("glb_url"), "model", note=note)


# -- other formats


def _fetch_converted(run: Run) -> Steps:
    """Fetch each converted file to the user's folder, which ends the job."""
    name = safe_name(run.job.title, fallback="model")
    save_as = str(PurePath(run.job.delivery.folder or "", name))
    for format in run.job.convert:
        if run.job.file(Role(format)) is not None:
            continue
        url_of: UrlOf = partial(Assets.converted_url, format=format)
        run.job = run.job.without_notes(f"{format}_missing")
        if url_of(assets_of(run)) is None:
            run.note(f"{format}_missing", format=format.upper())
        else:
            yield from _fetch(run, Role(format), url_of, format, save_as=save_as)
    if any(run.job.file(Role(format)) for format in run.job.convert):
        run.job = run.job.moved(Phase.PLACED, problem=None)
    else:
        missing = Message(
            "Mint has finished the conversion, but the result contains no converted file."
        )
        run.pause(error_messages.no_file(missing))


# -- Worlds


def _fetch_world(run: Run) -> Steps:
    """Fetch the requested parts: panorama, collider, the splats of one tier.

    A part that Mint has not made is a note, not an error.
    """
    if run.job.delivery.collider != "NONE":
        yield from _fetch_part(
            run, Role.COLLIDER, lambda assets: assets.collider_mesh_url, "collider"
        )
    yield from _fetch_part(run, Role.PANORAMA, lambda assets: assets.pano_url, "panorama")
    tier = run.job.delivery.splats
    if tier is not None:
        # Named after its tier: another one, requested later, is another file.
        name = f"splats-{re.sub(r'[^A-Za-z0-9_]+', '-', tier)}"
        yield from _fetch_part(
            run, Role.SPLATS, lambda assets: _splats_url(assets, tier), "splats", name
        )


# -- single files


def _fetch_part(run: Run, role: Role, url_of: UrlOf, part: str, name: str = "") -> Steps:
    """Fetch a part that may be missing, damaged or unreachable.

    That stops neither the other parts nor, if it is the small picture, the job.
    """
    run.job = run.job.without_notes(*notes.part_codes(part))
    if run.job.file(role) is not None:
        return
    if url_of(assets_of(run)) is None:
        run.job = run.job.with_note(notes.part_missing(run.job.kind, part))
        return
    try:
        yield from _fetch(run, role, url_of, name or str(role))
    except FileError as error:
        if role is Role.PICTURE:
            run.note("picture_unreachable", part=notes.PARTS[part], reason=error)
        elif isinstance(error, InvalidFile | TooLarge | LinkExpired):
            # Another fetch would give the same file, and the other parts are paid for and
            # usable.
            run.error = error
            run.job = run.job.with_note(notes.part_left_out(part, error))
        else:
            raise


def _fetch(
    run: Run,
    role: Role,
    url_of: UrlOf,
    name: str,
    note: str | None = None,
    save_as: str | None = None,
) -> Generator[Step, Any, LocalFile]:
    """Fetch one file; if its link has expired, read a fresh one, once."""
    url = url_of(assets_of(run))
    if url is None:
        raise AssertionError("Only a file with a link is fetched.")
    fetch = Fetch(
        role, url, name, note, save_as, only_copied=role is Role.MODEL and run.job.is_copied
    )
    try:
        file = yield from run.fetch_checked(fetch)
    except LinkExpired:
        yield from _read_asset(run)
        fresh = url_of(assets_of(run)) or url
        file = yield from run.fetch_checked(replace(fetch, url=fresh))
    run.job = replace(rejected_files.forget(run.job, role), files=(*run.job.files, file))
    return file


def _splats_url(assets: Assets, tier: str) -> str | None:
    chosen = file_choice.choose_splats(assets.spz_urls, tier)
    return chosen[1] if chosen else None


FOREIGN_OPTIMIZATION_PATIENCE = 4
"""An optimization of another program may take this many times the usual 30 minutes."""


def accepted_extensions(job: Job, readable: frozenset[str]) -> frozenset[str]:
    """Return the glTF extensions that the job's model file may require.

    A requested optimization is accepted where nothing here opens the file: without Blender, or when
    it is only copied.
    """
    is_unopened = not readable or job.is_only_copied
    return readable | file_choice.OPTIMIZED_NEEDS if job.optimize and is_unopened else readable


def _optimize(run: Run) -> Steps:
    """Have the model optimized, if that was requested and is not done yet."""
    asset_id = asset_of(run.job)
    level = run.job.optimize
    if level is None or asset_id is None:
        return
    if assets_of(run).optimized_glb_url is not None:
        yield from _end_request(run, asset_id)
        return
    lacking = file_choice.OPTIMIZED_NEEDS - accepted_extensions(run.job, run.config.readable)
    if lacking:
        # Nothing is paid for a file that could not be opened here.
        run.note("optimizing_is_useless", reason=file_choice.explain_missing(lacking))
        yield from _end_request(run, asset_id)
        return
    request = _ordered_optimization(run.job)
    if request is None or request.is_open:
        is_begun = request is not None and request.attempts > 0
        if is_begun or (yield from _is_optimizing_affordable(run, asset_id)):
            yield from _order_optimization(run, asset_id, level)
        else:
            yield from _end_request(run, asset_id)
    yield from _watch_optimization(run)


def _ordered_optimization(job: Job) -> PaidRequest | None:
    """Return the request to optimize the model; None if none was sent, and none waits."""
    request = job.paid_request(PaidVerb.OPTIMIZE)
    is_given_up = request is not None and request.is_unsent and not request.is_open
    return None if is_given_up else request


def _order_optimization(run: Run, asset_id: str, level: OptimizationLevel) -> Steps:
    """Order the optimization and send it. Without one, the original file is used."""
    request = _ordered_optimization(run.job)
    body = {"optimizationLevel": level.value}
    if request is None:
        order = Order(of_job(run.job.id), PaidVerb.OPTIMIZE, json.dumps(body))
        request = yield from run.perform(order)
        run.job = run.job.with_request(request)
    call = PaidCall(request.key, PaidVerb.OPTIMIZE, asset_id, Kind.MODEL, body)
    sent = yield from run.pay_when_free(call)
    if sent.operation is not None:
        run.job = replace(run.job, problem=None)
    elif isinstance(sent.refusal, errors.KeyRefused):
        raise sent.refusal
    else:
        request = run.job.paid_request(PaidVerb.OPTIMIZE) or request
        is_shown = errors.AlreadyOptimized | errors.OptimizationInProgress
        if not isinstance(sent.refusal, is_shown):  # otherwise the model shows what becomes of it
            yield from look.settle(run, request)
        if isinstance(sent.refusal, errors.OptimizationInProgress):
            yield from _wait_for_file(run, asset_id)
        else:  # perhaps the model is optimized all the same
            yield from _read_asset(run)
            if assets_of(run).optimized_glb_url is None:
                if sent.refusal is not None and not request.has_unclear_attempt:
                    run.note("not_optimized", reason=sent.refusal)
                else:
                    run.note("optimizing_unanswered")
        yield from _end_request(run, asset_id)


def _end_request(run: Run, asset_id: str) -> Steps:
    """Store what became of a request without an answer, as the model shows it if it was read.

    Somebody else may have optimized the model; but a limit that counts too much is better than
    one that counts too little.
    """
    request = run.job.paid_request(PaidVerb.OPTIMIZE)
    if request is None or not request.is_open or run.job.has_note("details_unreadable"):
        return
    is_adopted = request.has_unclear_attempt and assets_of(run).optimized_glb_url is not None
    ending = Adopt(request.key, asset_id) if is_adopted else Close(request.key)
    run.job = run.job.with_request((yield from run.perform(ending)))


def _is_optimizing_affordable(run: Run, asset_id: str) -> Generator[Step, Any, bool]:
    """Return whether the optimization fits the job's own limit; otherwise add a note."""
    if run.job.max_credits is None:
        return True
    price = (yield from context.current_price(run, OptimizationPrice(asset_id))).estimated_total
    is_known = price is not None or run.job.optimize_estimate is not None
    total = at_prices(run.job, None, price) if is_known else None
    error = limit_error([Expense(total, total, most=run.job.max_credits)])
    if error is not None:
        run.note("not_optimized", reason=error)
    return error is None


def _watch_optimization(run: Run) -> Steps:
    """Poll the optimization until it has ended or needs Credits."""
    polling = Polling(run.config.pace)
    while (operation := run.job.optimization) is not None and operation.is_busy:
        result = yield from run.perform(Poll(operation.id, after=polling.wait()))
        run.job = error_messages.with_long_wait(
            replace(run.job.with_answer(result.operation), problem=None), polling
        )
    run.job = replace(run.job, problem=None)
    if operation is not None and operation.succeeded:
        yield from _read_asset(run)
    elif operation is not None:
        problem = (
            error_messages.billing(operation)
            if operation.awaits_payment
            else error_messages.failed_work(operation)
        )
        run.note("not_optimized", reason=problem.message)


def _wait_for_file(run: Run, asset_id: str) -> Steps:
    """Wait for an optimization that another program has started.

    The model shows when the file is there, but not when the optimization has failed. So this
    wait has an end, unlike that for an operation of our own.
    """
    polling = Polling(run.config.pace)
    end = FOREIGN_OPTIMIZATION_PATIENCE * run.config.pace.slow_after
    while assets_of(run).optimized_glb_url is None and polling.waited < end:
        asset = yield from run.perform(ReadAsset(Kind.MODEL, asset_id, after=polling.wait() / 2))
        run.job = error_messages.with_long_wait(
            replace(run.job, asset=asset, problem=None), polling
        )
    run.job = replace(run.job, problem=None)
    if assets_of(run).optimized_glb_url is None:
        run.note("still_optimizing")


# A fresh asset can be incomplete for some seconds after its operation succeeded (contract, 13.16).
SETTLING_TRIES = 3
SETTLING_WAIT = 3.0  # seconds
AWAITS_PERSON = frozenset({Status.PREVIEW_READY.value, Status.BILLING_REQUIRED.value})


def assets_of(run: Run) -> Assets:
    """Return the files of the asset, else of the operation: whichever has a result."""
    job = run.job
    of_asset = job.asset.assets if job.asset else None
    of_operation = job.operation.assets if job.operation else None
    if of_asset is None or (of_operation and of_operation.has_result and not of_asset.has_result):
        return of_operation or Assets()
    return of_asset


def _find_asset(run: Run) -> Steps:
    """Poll the operation again for some seconds, if Mint does not say what it has made."""
    is_enough = assets_of(run).has_result and run.job.optimize is None
    if run.job.operation is None or asset_of(run.job) is not None or is_enough:
        return
    yield from _await_name(run)


def _await_name(run: Run) -> Steps:
    """Poll until Mint names what it has made: just after the end it may not say that yet."""
    for _ in range(SETTLING_TRIES):
        operation = operation_of(run.job)
        if operation.resource is not None:
            return
        result = yield from run.perform(Poll(operation.id, after=SETTLING_WAIT))
        if result.operation.succeeded:
            run.job = run.job.with_answer(result.operation)


def _read_asset(run: Run) -> Steps:
    """Read the asset, which knows more than the operation.

    It is read again while it settles. If it cannot be read, the operation's files are used.
    """
    asset_id = asset_of(run.job)
    if asset_id is None:
        return
    run.job = run.job.without_notes("details_unreadable")
    for attempt in range(SETTLING_TRIES):
        try:
            # Of the job's own kind, whatever Mint calls it: no other was requested.
            asset = yield from run.perform(
                ReadAsset(run.job.kind, asset_id, after=SETTLING_WAIT if attempt else 0.0)
            )
        except (errors.NotFound, errors.Forbidden) as error:
            if run.job.source_asset_id is not None:
                raise
            run.note("details_unreadable", reason=error)
            return
        run.job = replace(run.job, asset=asset)
        files = asset.assets or Assets()
        if files.has_result and all(map(files.converted_url, run.job.convert)):
            return


def _wait_until_made(run: Run) -> Steps:
    """Wait while another job or program generates the asset.

    Its operation is not known here, so the Model or World itself is polled. One that has waited
    for a person for half an hour pauses the job: it can only be approved or paid at Mint.
    """
    polling = Polling(run.config.pace)
    was_made = not is_being_made(run.job)
    while is_being_made(run.job):
        asset = yield from run.perform(
            ReadAsset(run.job.kind, run.job.source_asset_id or "", after=polling.wait())
        )
        run.job = error_messages.with_long_wait(
            replace(run.job, asset=asset, problem=None), polling
        )
        if polling.is_slow and asset.status in AWAITS_PERSON:
            run.pause(error_messages.awaits_person(run.job))
            return
    run.job = replace(run.job, problem=None)
    status = run.job.asset.status if run.job.asset else None
    finished = {Status.SUCCEEDED.value, Status.PARTIALLY_SUCCEEDED.value}
    if not was_made and status in finished and not assets_of(run).has_result:
        yield from _read_asset(run)  # its files may follow some seconds later
    if has_failed_at_mint(run.job) and not assets_of(run).has_result:
        message = Message(
            "Mint did not finish this {kind} ({status}).", kind=run.job.kind, status=status
        )
        run.job = run.job.moved(Phase.FAILED, problem=Problem(Cause.WORK, message))


def collect_motion(run: Run) -> Steps:
    """Fetch the rigged character and the clips of a motion that Mint has finished.

    Few sources describe these files, so each is optional: what is there is kept, and what is
    missing or unusable is a note. The job ends in READY, or in PAUSED without any file.

    Raises:
        MintError, FileError: There is no clip, and this is the reason.
    """
    run.job = run.job.without_notes("clip_unreadable", "motion_without_clip")
    yield from _await_name(run)
    animation = operation_of(run.job).resource
    if animation is not None:
        type_, files = yield from _read_animation(run, animation)
        for file in files:
            if file.is_glb:
                yield from _fetch_clip(run, ReadFileUrl(type_, animation.id, file.id), file)
    if run.job.file(Role.CLIP) is None and run.error is not None:
        raise run.error
    if not {Role.CLIP, Role.CHARACTER} & {file.role for file in run.job.files}:
        missing = Message("Mint has finished, but the motion has no file.")
        run.pause(error_messages.no_file(missing))
        return
    if run.job.file(Role.CLIP) is None:
        run.note("motion_without_clip")
    run.job = run.job.moved(Phase.READY, problem=None)


def _read_animation(
    run: Run, animation: ResourceRef
) -> Generator[Step, Any, tuple[AnimationType, tuple[AnimationFile, ...]]]:
    """Return the type and the files, which may follow later. The type is found out."""
    types = sorted(AnimationType, key=lambda each: each != animation.type.lower())
    for attempt in range(SETTLING_TRIES):
        for type_ in types:
            after = SETTLING_WAIT if attempt and type_ is types[0] else 0.0
            effect = ReadAnimation(type_, animation.id, after=after)
            try:
                found = yield from run.perform(effect)
            except errors.NotFound as error:
                run.error = run.error or error  # perhaps the key is of another project
                continue
            run.error = None
            if found:
                return type_, found
    return types[0], ()


def _fetch_clip(run: Run, address: ReadFileUrl, file: AnimationFile) -> Steps:
    """Fetch one file that is not here yet. One that cannot be had does not stop the others.

    If its link has expired, a fresh one is read, once.
    """
    role = Role.CHARACTER if file.is_character else Role.CLIP
    name = f"{role}-{hashlib.sha256(file.id.encode()).hexdigest()[:10]}"
    if any(PurePath(fetched.path).stem == name for fetched in run.job.files):
        return
    try:
        fetch = Fetch(role, (yield from run.perform(address)), name)
        try:
            fetched = yield from run.fetch_checked(fetch)
        except LinkExpired:
            fresh = yield from run.perform(address)
            fetched = yield from run.fetch_checked(replace(fetch, url=fresh))
    except (errors.NotFound, InvalidFile, TooLarge, LinkExpired) as error:
        run.error = error
        run.note("clip_unreadable", reason=error)
    else:
        run.job = replace(run.job, files=(*run.job.files, fetched))
