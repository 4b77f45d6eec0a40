# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a running Blender place a result: the journal says in which open file.

There is no connection between the two. A Blender with a window holds a lock on a small file that
names what it has open (`jobs.storage.documents`). A job that names this document is placed there by
itself, as one that was started there.
"""

from __future__ import annotations

import time
from dataclasses import replace

import anyio
from mcp.server.mcpserver.exceptions import ToolError

from ....jobs.job import Job
from ....jobs.job_values import Delivery
from ....jobs.phases import Phase
from ....jobs.service import JobService, NotPossible
from ....jobs.storage.documents import OpenDocument, open_elsewhere
from ... import session
from ..state import ToolContext, with_jobs

INTERVAL = 0.2
"""Seconds between two looks at the journal."""
LONGEST = 20.0
"""Seconds to wait for Blender, which may be in the middle of something."""
ID_LENGTH = 8
"""Characters of a document's id that are shown: enough to tell running Blenders apart."""
HOW_TO_WAKE = (
    "Blender notices it when its Mint panel is drawn. Ask the person to open the tab Mint in the"
    " sidebar of the 3D View (N), or to move the mouse over it. Then call place again with the same"
    " arguments: it is placed once."
)


def choose(wanted: str | None) -> OpenDocument:
    """Return the document that is open in a running Blender.

    `wanted` is the beginning of its id, or the name or path of its file; None: the only one.

    Raises:
        ToolError: There is none, or more than one.
    """
    running = open_elsewhere(session.home())
    if not running:
        raise ToolError(
            "No running Blender with the Mint add-on was found. Ask the person to start Blender and"
            " open the tab Mint in the sidebar of the 3D View (N), or write a file: call place with"
            " path."
        )
    found = [each for each in running if wanted is None or _is_meant(each, wanted)]
    if len(found) == 1:
        return found[0]
    names = "".join(f"\n  {describe(each)}" for each in running)
    why = "No running Blender is meant by that" if not found else "Several Blenders are running"
    raise ToolError(f"{why}. Choose one with the argument blender:{names}")


def describe(document: OpenDocument) -> str:
    """Return the id and the file of a document."""
    return f"{document.id[:ID_LENGTH]}: {document.path or 'a file that was never saved'}"


def _is_meant(document: OpenDocument, wanted: str) -> bool:
    names = {str(document.path), document.path.name} if document.path else set[str]()
    return document.id.startswith(wanted) or wanted in names


def send(job_service: JobService, job_id: str, document: OpenDocument, *, again: bool) -> None:
    """Send a result to a document. Does nothing if it is there, unless `again` is set.

    In one commit with the check, so that what Blender has placed meanwhile is not sent again.

    Raises:
        NotPossible: It belongs to a batch, or its last import failed.
    """
    with job_service.cache.single_commit():
        job = job_service.job(job_id)
        if job.delivery.line is not None:
            raise NotPossible(
                f"{job.title} belongs to a batch, which writes it to a file. Place its model or"
                " World from the library: call place with asset."
            )
        if (is_placed(job, document) or _is_sent(job, document)) and not again:
            return
        if job.problem is not None and not again:
            raise NotPossible(
                f"{job.title} could not be placed: {job.problem.message} To try it again, ask the"
                " person, and use again=true."
            )
        job_service.save(replace(job, delivery=_delivery(job, document), problem=None))
        if job.phase is Phase.PLACED:
            job_service.fetch_again(job.id)


def _is_sent(job: Job, document: OpenDocument) -> bool:
    is_due = job.phase is Phase.READY and job.problem is None
    return is_due and job.delivery.document == document.id


def _delivery(job: Job, document: OpenDocument) -> Delivery:
    return replace(
        job.delivery,
        document=document.id,
        scene=None,  # the one that is open then
        at=None,
        rotation=None,
        output=None,
        render=None,
    )


def is_placed(job: Job, document: OpenDocument) -> bool:
    """Return whether a result was placed into this document."""
    return (
        job.phase is Phase.PLACED
        and job.delivery.document == document.id
        and job.placement is not None
    )


async def wait_until_placed(context: ToolContext, job_id: str, document: OpenDocument) -> Job:
    """Return the job when it is placed, or after some seconds as it is then.

    Raises:
        ToolError: It could not be placed, or that Blender was closed.
    """
    until = time.monotonic() + LONGEST
    while True:
        job = await with_jobs(context, lambda jobs: jobs.job(job_id))
        if is_placed(job, document):
            return job
        if job.problem is not None:
            raise ToolError(f"{job.title} could not be placed: {job.problem.message}")
        if document.id not in {each.id for each in open_elsewhere(session.home())}:
            raise ToolError(
                f"{job.title} was not placed: that Blender has closed the file. The result is kept."
                " Call place again, with another Blender or a path."
            )
        if time.monotonic() > until:
            return job
        await context.report_progress(max(0.0, LONGEST - (until - time.monotonic())), LONGEST)
        await anyio.sleep(INTERVAL)
