# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals of versions 1 and 2, and what the jobs of version 1 are.

`data/journal_1.sql` is real: its jobs were run against the stand-in with the code of that version.
Only paths, addresses, the salt and the hash of the key were replaced. `data/journal_2.sql` was
written with the code of version 2, which stored the jobs and said what they have cost.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal import Journal, journal_file
from mint_blender.mint.account import Account

from .engine_harness import KEY

DUMPS = Path(__file__).parent / "data"
ORIGIN, USER = "https://mint.example", "user:0x5a17d1e00000000000000000000000000000beef"
PROMPTS = {
    "a placed lamp": Phase.PLACED,
    "a failed lamp [moderation]": Phase.FAILED,
    "a retried lamp [transient]": Phase.WAITING,
    "an approved lamp": Phase.REVIEW,
    "a revised lamp": Phase.REVIEW,
    "a lamp that is being canceled": Phase.REVIEW,
    "a canceled lamp": Phase.CANCELED,
    "a lamp of a program": Phase.READY,
    "a lamp of a batch": Phase.READY,
    "an optimized lamp": Phase.FETCHING,
    "an unanswered lamp [lost-answer]": Phase.SENDING,
    "a queued lamp": Phase.WAITING,
    "a queued lamp of a program": Phase.WAITING,
}
WRITTEN = 1795912469.0
"""When the journals were written, in seconds since the epoch."""


def write(home: Path, *statements: str, version: int = 1) -> Path:
    """Write the journal of that version, changed by these statements; return its path."""
    text = (DUMPS / f"journal_{version}.sql").read_text(encoding="utf-8")
    text = text.replace(ORIGIN, Account(KEY).origin).replace(USER, "user:user-1")
    text = text.replace("https://files.example", "http://127.0.0.1:9")  # nobody listens there
    home.mkdir(parents=True)
    path = journal_file(home)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(text)
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def by_prompt(journal: Journal) -> dict[str, Job]:
    """Return the jobs by prompt, without the conversion, which has that of its model."""
    return {job.request.prompt: job for job in journal.jobs() if not job.convert}
