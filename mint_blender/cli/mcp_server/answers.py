# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools return: JSON values, jobs among them, and pictures small enough to look at."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import anyio.to_thread
from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent
from PIL import Image

from ...files import pictures
from ...files.errors import InvalidPicture
from ...jobs.budget import spending
from ...jobs.job import Job, asset_of, is_unanswered
from ...jobs.phases import BUSY, Phase, Verb
from ...jobs.presentation.job_view import JobView
from ...jobs.service import JobService
from ...jobs.storage.job_cache import holds_back
from ...mint.schema import Mode
from .tools import ToolContext, state_of

LONGEST_SIDE = 768
"""Pixels: enough to judge a Preview, and about 800 tokens of a model's context."""
MAX_BYTES = 300_000
"""A picture within both limits is sent as it is."""
MAX_PIXELS = 2**26
"""Larger pictures are not decoded: 8192 × 8192."""
READABLE = frozenset({"png", "jpeg", "webp"})


def answer(
    values: dict[str, Any], *content: ContentBlock, is_error: bool = False, text: str = ""
) -> CallToolResult:
    """Return JSON values as the result of a tool, with more content after them.

    A model reads the text, by default the values without what is null; programs read the values.
    """
    text = text or json.dumps(_known(values), ensure_ascii=False)
    return CallToolResult(
        content=[TextContent(type="text", text=text), *content],
        structured_content=values,
        is_error=is_error,
    )


def _known(value: Any) -> Any:
    """Return JSON values without members that are null."""
    if isinstance(value, dict):
        return {name: _known(member) for name, member in value.items() if member is not None}
    return [_known(member) for member in value] if isinstance(value, list | tuple) else value


async def picture_content(path: str | Path) -> ImageContent | None:
    """Return a picture for an agent; None if it cannot be shown."""
    return await anyio.to_thread.run_sync(partial(_read, Path(path)))


def _read(path: Path) -> ImageContent | None:
    try:
        picture = pictures.inspect_sized(path)
        width = picture.width or 0
        height = picture.height or 0
        if picture.format not in READABLE or width * height > MAX_PIXELS:
            return None
        if max(width, height) <= LONGEST_SIDE and path.stat().st_size <= MAX_BYTES:
            pictures.check_complete(path, picture)
            return _content(path.read_bytes(), picture.media_type)
        return _content(_scaled(path), "image/jpeg")
    except (InvalidPicture, OSError, ValueError, Image.DecompressionBombError):
        return None


def _scaled(path: Path) -> bytes:
    """Return a JPEG of at most `LONGEST_SIDE` pixels; what is transparent becomes gray."""
    with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as source:
        source.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        picture = source.convert("RGBA")
    flat = Image.new("RGBA", picture.size, (128, 128, 128, 255))
    flat.alpha_composite(picture)
    buffer = io.BytesIO()
    flat.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _content(data: bytes, media_type: str) -> ImageContent:
    return ImageContent(type="image", data=base64.b64encode(data).decode(), mime_type=media_type)


NEXT = {
    Phase.REVIEW: (
        "Look at the Preview and show it to the person. Then call approve, revise or cancel with"
        " this revision."
    ),
    Phase.BILLING: "The person buys Credits at platform.mint.gg/billing. Then call resume.",
    Phase.READY: "The files are here. Call place to put the result into Blender or into a file.",
    Phase.PAUSED: "Read the trouble. Call resume when it is solved, or ask the person.",
    Phase.FAILED: "Read the trouble. Another attempt costs Credits: ask the person.",
}
HELD_BACK = (
    "It was never sent. Call generate with the same request_id to send it, or continue it in"
    " Blender."
)

JobState: TypeAlias = dict[str, Any]
"""A job as JSON values; docs/agents.md says what they mean."""

LEFT_OUT = ("event", "name", "api", "account", "mine", "operation", "note_details")
"""Of what `--json` prints: what says nothing more to an agent."""


def job_state(job_service: JobService, job: Job) -> JobState:
    """Return a job as `--json` prints it, with what an agent needs to decide."""
    view = job_service.view(job)
    request = job.client_request
    record = view.to_json()
    return {name: record[name] for name in record if name not in LEFT_OUT} | {
        "title": job.title,
        "is_waiting_for_somebody": is_waiting_for_somebody(job_service, job),
        "revision": revision_of(job),
        "possible": [verb.value for verb in view.verbs],
        "next": _next(job_service, job),
        "progress": job_service.outlook(job).fraction if job.phase is Phase.WORKING else None,
        "expected_credits": spending.committed(job),
        "approved_credits": job.max_credits,
        "asset": asset_of(job),
        "request_id": request.id if request else None,
    }


def change_key(state: JobState) -> str:
    """Return a text that changes with everything that somebody may have to know at once."""
    return f"{state['phase']} {state['revision']} {state['is_waiting_for_somebody']}"


def revision_of(job: Job) -> str:
    """Return a word for what a person decides about: another one after each change of that.

    What Mint does by itself while it works does not change it.
    """
    number = job.revision + 1
    verb = job.decision.verb if job.decision else None
    if job.phase is Phase.REVIEW and verb is None:
        return f"preview-{number}"
    if verb is Verb.REVISE:
        return f"preview-{number + 1}-requested"
    if verb is Verb.RETRY:
        return f"{job.phase.value}-{number}-retried"
    if job.phase in {Phase.BILLING, Phase.FAILED, Phase.CANCELED}:
        return f"{job.phase.value}-{number}"
    if verb is Verb.APPROVE or _is_approved(job):
        return f"preview-{number}-approved"
    return f"preview-{number}-requested"


def _is_approved(job: Job) -> bool:
    decided = job.decided_preview
    operation = job.operation
    return (
        decided is not None
        and decided.verb is Verb.APPROVE
        and operation is not None
        and decided.operation_id == operation.id
    )


def is_waiting_for_somebody(job_service: JobService, job: Job) -> bool:
    """Return whether a job stays as it is until somebody acts, or is over."""
    if job_service.is_active(job.id) or job_service.is_driven_elsewhere(job):
        return False
    if job.hold is not None or holds_back(job):
        return True
    return job.phase not in BUSY and job.decision is None


def _next(job_service: JobService, job: Job) -> str | None:
    if job.hold is not None or job.decision is not None:
        return None
    if job.phase is Phase.WAITING and holds_back(job):
        return None if job_service.is_driven_elsewhere(job) else HELD_BACK
    if job.phase in BUSY:
        then = "Preview" if job.request.mode is Mode.REVIEW and not job.has_preview else "result"
        return f"Call wait until the {then} is there."
    is_decided_by_person = is_unanswered(job) or job.candidates
    return _unanswered(job) if is_decided_by_person else NEXT.get(job.phase)


def _unanswered(job: Job) -> str:
    """Return how to go on with a job that Mint may have started."""
    ways = []
    if job.candidates:
        ways.append(f"mint-blender resume {job.id} --use ASSET (one of the candidates, for free)")
    if JobView(job).may_be_sent_once_more:
        ways.append(f"mint-blender resume {job.id} --once-more (the same request once more)")
    again = " retry starts it again, which costs Credits again." if is_unanswered(job) else ""
    return f"Ask the person. resume looks in the library again, for free.{again}" + (
        f" The person can also decide in Blender, or with {' or '.join(ways)}." if ways else ""
    )


async def answer_with_jobs(
    context: ToolContext,
    values: dict[str, Any],
    jobs: Sequence[JobState],
    shown: Sequence[JobState] = (),
    *,
    is_error: bool = False,
    text: str = "",
) -> CallToolResult:
    """Return values that contain jobs, and the newest Previews of some as pictures.

    Notes that the agent has seen these states, so that `wait` waits for the next change.
    """
    state_of(context).seen.update({job["job"]: change_key(job) for job in jobs})
    content: list[ContentBlock] = []
    for job in shown:
        if (path := job["files"].get("preview")) is not None:
            picture = await picture_content(path)
            caption = f"Preview {job['previews']} of {job['title']} ({job['job']}): {path}"
            if picture is None:
                caption = f"{caption}. It cannot be shown here."
            content += [TextContent(type="text", text=caption), *filter(None, [picture])]
    return answer(values, *content, is_error=is_error, text=text)
