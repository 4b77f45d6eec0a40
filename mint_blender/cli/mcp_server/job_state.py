# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as tools return it, with its newest Preview as a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import BaseModel, Field

from ...jobs.budget import spending
from ...jobs.job import Job
from ...jobs.job_values import Role
from ...jobs.phases import BUSY, Phase, Verb
from ...jobs.presentation import presenter
from ...jobs.service import JobService
from ...mint.schema import Mode
from .pictures import picture_content

NEXT = {
    Phase.REVIEW: (
        "Look at the Preview and show it to the person. Then call approve, revise or cancel with"
        " this revision."
    ),
    Phase.BILLING: "The person buys Credits at platform.mint.gg/billing. Then call resume.",
    Phase.READY: "The files are here. Call place to put the result into Blender or into a file.",
    Phase.PAUSED: "Read the problem. Call resume when it is solved, or ask the person.",
    Phase.FAILED: "Read the problem. Another attempt costs Credits: ask the person.",
}
HELD_BACK = (
    "It was never sent. Call generate with the same request_id to send it, or continue it in"
    " Blender."
)


class Preview(BaseModel):
    """The newest Preview."""

    number: Annotated[int, Field(description="1 for the first Preview of a job")]
    path: Annotated[str, Field(description="The original file on this computer")]


class JobState(BaseModel):
    """A job: how far it is, what it costs, and what is possible now."""

    job: Annotated[str, Field(description="The id of the job")]
    title: str
    kind: str
    prompt: str
    preset: str
    mode: str
    phase: Annotated[str, Field(description=f"One of: {', '.join(Phase)}")]
    state: Annotated[str, Field(description="The same for a person")]
    is_waiting_for_somebody: Annotated[
        bool, Field(description="Nothing more happens until somebody acts, or it is over")
    ]
    revision: Annotated[
        str, Field(description="What approve, revise and cancel take: the state that was seen")
    ]
    possible: Annotated[list[str], Field(description="Decisions that are possible now")]
    next: Annotated[str | None, Field(description="What to do now")] = None
    progress: Annotated[float | None, Field(description="0 to 1, estimated")] = None
    preview: Preview | None = None
    credits: Annotated[float | None, Field(description="Spent or reserved; null: unknown")] = None
    expected_credits: Annotated[float, Field(description="In total, as far as it is known")] = 0.0
    approved_credits: Annotated[
        float | None, Field(description="The most that it may cost in total; null: no such limit")
    ] = None
    problem: str | None = None
    notes: list[str] = []
    files: Annotated[dict[str, str], Field(description="Paths of the downloaded files")] = {}
    asset: Annotated[str | None, Field(description="The id of the Model or World at Mint")] = None
    mint_url: str | None = None
    request_id: Annotated[str | None, Field(description="Of the call that has started it")] = None

    @property
    def change_key(self) -> str:
        """A text that changes with everything that somebody may have to know at once."""
        return f"{self.phase} {self.revision} {self.is_waiting_for_somebody}"


def job_state(job_service: JobService, job: Job) -> JobState:
    """Return the state of a job."""
    asset = job.operation.resource if job.operation else None
    request = job.client_request
    return JobState(
        job=job.id,
        title=job.title,
        kind=job.kind.value,
        prompt=job.request.prompt,
        preset=job.request.preset.value,
        mode=job.request.mode.value,
        state=_state_text(job_service, job),
        phase=job.phase.value,
        is_waiting_for_somebody=is_waiting_for_somebody(job_service, job),
        revision=revision_of(job),
        possible=[verb.value for verb in presenter.verbs(job)],
        next=_next(job_service, job),
        progress=job_service.outlook(job).fraction if job.phase is Phase.WORKING else None,
        preview=_preview(job),
        credits=job.cost,
        expected_credits=spending.committed(job),
        approved_credits=job.max_credits,
        problem=job.problem.message if job.problem else None,
        notes=[str(note) for note in job.notes],
        files={file.role.value: file.path for file in job.files if file.role is not Role.PREVIEW},
        asset=job.source_asset_id or (asset.id if asset else None),
        mint_url=job.operation.mint_url if job.operation else None,
        request_id=request.id if request else None,
    )


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
    decided, operation = job.decided_preview, job.operation
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
    if job.hold is not None or job_service.unsent_jobs.holds_back(job):
        return True
    return job.phase not in BUSY and job.decision is None


def _state_text(job_service: JobService, job: Job) -> str:
    return presenter.state(
        job,
        is_slot_free=job_service.is_slot_free(job.kind),
        is_held_back=job_service.unfinished.is_held_back(job.id),
    )


def _next(job_service: JobService, job: Job) -> str | None:
    if job.hold is not None or job.decision is not None:
        return None
    if job.phase is Phase.WAITING and job_service.unsent_jobs.holds_back(job):
        return None if job_service.is_driven_elsewhere(job) else HELD_BACK
    if job.phase in BUSY:
        then = "Preview" if job.request.mode is Mode.REVIEW and not job.has_preview else "result"
        return f"Call wait until the {then} is there."
    return NEXT.get(job.phase)


def _preview(job: Job) -> Preview | None:
    if not job.previews:
        return None
    return Preview(number=len(job.previews), path=job.previews[-1].path)


async def result_with_pictures(
    answer: BaseModel, jobs: Iterable[JobState], *, is_error: bool = False, text: str = ""
) -> CallToolResult:
    """Return a result with the newest Previews of jobs as pictures, each after its caption."""
    content: list[ContentBlock] = [
        TextContent(type="text", text=text or answer.model_dump_json(exclude_none=True))
    ]
    for job in jobs:
        content += await _with_caption(job)
    structured: dict[str, Any] = answer.model_dump(mode="json")
    return CallToolResult(content=content, structured_content=structured, is_error=is_error)


async def _with_caption(job: JobState) -> list[ContentBlock]:
    if job.preview is None:
        return []
    caption = f"Preview {job.preview.number} of {job.title} ({job.job}): {job.preview.path}"
    picture = await picture_content(job.preview.path)
    if picture is None:
        return [TextContent(type="text", text=f"{caption}. It cannot be shown here.")]
    return [TextContent(type="text", text=caption), picture]
