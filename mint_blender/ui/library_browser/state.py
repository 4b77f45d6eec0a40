# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Library panel holds in memory while Blender runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from ...jobs.engine.thread_messages import QueryAnswered
from ...jobs.job import Job
from ...jobs.library.view_model import Library
from ...mint.account import Account
from .. import session

MOST_PAGES = 100
"""Loaded automatically for one filter: ten thousand entries. Then the user is asked to go on."""


@dataclass
class LibraryState:
    """The entries of one account, and what was fetched about them. Times are `time.monotonic`."""

    library: Library = field(default_factory=Library)
    account: Account | None = None
    """Whose entries these are."""
    pictures: dict[str, Path | None] = field(default_factory=dict)
    """Thumbnails by address, the most recent last; None where there is none to be had."""
    facts: dict[str, QueryAnswered] = field(default_factory=dict)
    """What files say about themselves, by address."""
    jobs: dict[str | None, Job] = field(default_factory=dict)
    """The job that made each entry, by the entry's id."""
    jobs_version: tuple[int, int] | None = None
    """Which version of the list of jobs that is."""
    pages_left: int = MOST_PAGES
    """How many more pages may be loaded automatically."""
    filter_changed_at: float = 0.0
    news_at: float = 0.0
    """When a job last reported an entry that no list has yet."""
    looked_at: float = 0.0
    """When the journal was last read for what other processes wrote."""

    def filter_changed(self) -> None:
        """Begin to search for something else."""
        self.filter_changed_at = time.monotonic()
        self.resume_searching()

    def resume_searching(self) -> None:
        """Allow as many pages as at first."""
        self.pages_left = MOST_PAGES

    def use(self, account: Account) -> None:
        """Forget the entries of any other account."""
        if account != self.account:
            self.library, self.account = Library(), account
            self.facts.clear()
            self.resume_searching()


def library_state() -> LibraryState:
    """Return the state of this session."""
    return session.state(LibraryState)
