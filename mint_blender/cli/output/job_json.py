# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as the JSON object that `--json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...jobs.job import Job
from ...jobs.job_values import Hold
from ...jobs.presentation import presenter
from ...message import message_of


def job_record(job: Job, *, event: str = "job") -> dict[str, Any]:
    """Return a job as JSON values."""
    return {
        "event": event,
        "job": job.id,
        "kind": job.kind.value,
        "prompt": job.request.prompt,
        "name": job.request.name,
        "preset": job.request.preset.value,
        "mode": job.request.mode.value,
        "phase": job.phase.value,
        "state": presenter.state(job),
        "api": job.owner.origin if job.owner else None,
        "account": job.owner.account if job.owner else None,
        # null: there is no key, or its owner is unknown
        "mine": {None: True, Hold.FOREIGN: False, Hold.UNKNOWN: None}[job.hold],
        "operation": job.operation.id if job.operation else None,
        "mint_url": job.operation.mint_url if job.operation else None,
        "credits": job.cost,
        # the newest one is in `files`
        "previews": len(job.previews),
        # what a start without an answer may have made: `resume JOB --use ASSET`
        "candidates": [asdict(each) for each in job.candidates],
        "files": {file.role.value: file.path for file in job.files},
        "notes": list(job.notes),
        "note_details": [{"code": note.code, "params": note.params} for note in job.notes],
        "trouble": (
            {
                "cause": job.problem.cause.value,
                "code": job.problem.code,
                "message": job.problem.message,
                "params": message_of(job.problem.message).params,
            }
            if job.problem
            else None
        ),
    }
