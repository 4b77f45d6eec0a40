# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that are made on purpose, each of which a judge of the simulation must find.

What is written to the record of paid requests is judged by `tests/specification`, whose broken
histories show that.
"""

from __future__ import annotations

import math
import uuid
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from mint_blender.files import download
from mint_blender.files.file_identity import identity
from mint_blender.jobs import new_jobs
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.budget import spending
from mint_blender.jobs.paid_requests import journal_id
from mint_blender.jobs.paid_requests import send as sending
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import collect
from mint_blender.jobs.workflow.effects import ReadFirst

_post, _read_first = sending._post, ReadFirst.apply
_record = PaidRequests._record


def _post_with_a_new_key(client: Any, call: Any, body: Any) -> Any:
    """Give a start a new idempotency key each time it is sent."""
    is_start = call.verb is PaidVerb.START
    return _post(client, replace(call, key=str(uuid.uuid4())) if is_start else call, body)


def _go_on_at_once(self: Any, journal: Any, job: Any) -> Any:
    """Let a motion not wait until the first one has succeeded."""
    first = journal.job(self.job_id)
    has_model = first is not None and first.source_asset_id is not None
    return replace(first, phase=Phase.READY) if has_model else _read_first(self, journal, job)


def _take_for_original(database: Any, file: str) -> str | None:
    """Let a copy keep the id of its original."""
    row = database.row("SELECT id FROM this_journal")
    return str(row[0]) if row is not None else None


def _record_as_looked_for(self: Any, row: Any) -> PaidRequest:
    """Let a copy count the look of its original as its own."""
    return replace(_record(self, row), is_looked_for=True)


MUTATIONS: dict[str, AbstractContextManager[Any]] = {
    "a new key at each try": patch.object(sending, "_post", _post_with_a_new_key),
    # although another machine has the file of the line
    "shares lines": patch.object(line_files.LineFile, "take", lambda *values, **more: True),
    "ignores own limits": patch.object(spending, "_own_limit_error", lambda expense: None),
    "shows the key to the file host": patch.dict(
        download._HEADERS, {"Authorization": "Bearer key-of-owner-1-secret"}
    ),
    # an asset that waits for an approval is polled for ever
    "waits for nobody": patch.object(collect, "AWAITS_PERSON", frozenset()),
    # the user's own pictures are uploaded, as they are when it is their turn
    "keeps no pictures": patch.object(new_jobs, "keep", lambda home, job: job),
    "sends all motions": patch.object(ReadFirst, "apply", _go_on_at_once),
    "takes a copy for the original": patch.object(journal_id, "_known", _take_for_original),
    "counts the device": patch.object(
        journal_id, "identity", lambda path: f"{identity(path)}-{path.stat().st_dev}"
    ),
    "needs no look of its own": patch.object(PaidRequests, "_record", _record_as_looked_for),
    "asks no price again": patch.object(spending, "PRICE_LIFETIME", math.inf),
    # although the journal knows its clip
    "pays motions again": patch.object(JobService, "paid_motions", lambda self, asset_id: []),
}
