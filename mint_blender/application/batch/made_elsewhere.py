# SPDX-License-Identifier: GPL-3.0-or-later
"""Look in the library for what another machine has made of a line, before it is started."""

from __future__ import annotations

from functools import partial

from ...jobs.batch_folder.line_files import Batch
from ...jobs.batch_lines import Line
from ...jobs.job import Job, is_unanswered
from ...jobs.paid_requests.record import CLOCK_DIFFERENCE
from ...jobs.phases import UNSUCCESSFUL
from ...jobs.queries import LARGEST_PAGE
from ...jobs.service import JobService
from ...jobs.workflow import look
from .. import session
from .line_jobs import Refusal, RefusalCause


def was_looked_for_in_vain(job: Job) -> bool:
    """Return whether Mint may have started a line, and its list has nothing that looks like it."""
    return is_unanswered(job) and not any(candidate.looks_alike for candidate in job.candidates)


def may_be_made_elsewhere(job: Job | None) -> bool:
    """Return whether a line has started nothing here, and is ordered now.

    A job that another machine may have sent, and that nobody has given up, looks for itself.
    """
    request = job.start_request if job is not None and job.phase in UNSUCCESSFUL else None
    return job is None or (request is not None and request.may_be_reopened)


_NEW = 60.0
"""Seconds for which a batch is so new that nothing can have been made for it before."""
_SENTENCE = (
    "Your library has a result that looks like this line ({id}), and this folder does not know it."
    " Nothing was started. To start the line all the same: --start-again (this costs Credits)."
)
_UNCLEAR = (
    "Your library could not be read in full, so it is unclear whether another machine has made this"
    " line. Nothing was started. To start it all the same: --start-again (this costs Credits)."
)


def already_made(job_service: JobService, batch: Batch, lines: list[Line]) -> dict[str, Refusal]:
    """Return the lines of which Mint's lists show what looks like their result, by tag.

    Raises:
        MintError: Mint cannot be asked.
    """
    if not lines or job_service.journal.mint_now() - batch.created < _NEW:
        return {}
    refused = {}
    since = batch.created - CLOCK_DIFFERENCE
    ours = job_service.journal.assets(exclude="")
    with session.open_client() as client:
        for kind in dict.fromkeys(line.request.kind for line in lines):
            made = look.MadeSince(since)
            while not made.is_over:
                page = partial(client.page, kind, cursor=made.cursor, limit=LARGEST_PAGE)
                made.add(session.call_mint(page))
            others = [asset for asset in made.assets.values() if asset.id not in ours]
            for line in (line for line in lines if line.request.kind is kind):
                body = line.request.body(())
                lookalike = next((asset for asset in others if look.matches(asset, body)), None)
                if lookalike is not None:
                    sentence = _SENTENCE.format(id=lookalike.id)
                    refused[line.tag] = Refusal(sentence, RefusalCause.UNCLEAR)
                elif not made.is_complete:
                    refused[line.tag] = Refusal(_UNCLEAR, RefusalCause.UNCLEAR)
    return refused
