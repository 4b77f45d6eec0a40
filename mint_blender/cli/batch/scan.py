# SPDX-License-Identifier: GPL-3.0-or-later
"""Read Mint's lists before lines of an earlier batch are started for the first time here.

The folder and the journal may both have been restored from a backup, so that neither knows what was
started since.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...jobs.batch_folder.line_files import Batch
from ...jobs.paid_requests.record import CLOCK_DIFFERENCE
from ...jobs.service import JobService
from ...jobs.workflow import look
from ...mint.client import Client
from ...mint.schema import Asset, Kind
from .. import session
from ..exits import Exit
from .line_jobs import Refusal
from .lines import Line

_NEW = 60.0
"""Seconds for which a batch is so new that nothing can have been made for it before."""
_SENTENCE = (
    "Your library has a result that looks like this line ({id}), and this folder does not know it."
    " Nothing was started. To start the line all the same: --start-again (this costs Credits)."
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
    with session.open_client() as client:
        for kind in dict.fromkeys(line.request.kind for line in lines):
            made = list(_made_since(client, kind, since))
            for line in lines:
                if line.request.kind is kind and (found := _result(job_service, line, made)):
                    refused[line.tag] = Refusal(_SENTENCE.format(id=found.id), Exit.UNREACHABLE)
    return refused


def _made_since(client: Client, kind: Kind, since: float) -> Iterator[Asset]:
    cursor: str | None = None
    for _ in range(look.MAX_PAGES):
        page = session.call_mint(partial(client.page, kind, cursor=cursor, limit=100))
        recent = [each for each in page.data if look.created_at(each) >= since]
        yield from recent
        cursor = page.next_cursor
        if cursor is None or (page.data and not recent):
            return


def _result(job_service: JobService, line: Line, made: list[Asset]) -> Asset | None:
    """Return what looks like the result of a line, and belongs to no job here."""
    journal, body = job_service.journal, line.request.body(())
    known = journal.assets(exclude="")
    return next((each for each in made if look.matches(each, body) and each.id not in known), None)
