# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Library holds in memory while Blender runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from ...jobs.job import Job
from ...jobs.library.view_model import Library
from ...mint.account import Account
from .. import session

MOST_PAGES = 100
"""Pages loaded automatically for one filter (10,000 entries); then the user is asked."""


@dataclass
class LibraryState:
    """The entries of one account, and what was fetched about them. Times are `time.monotonic`."""

    library: Library = field(default_factory=Library)
    account: Account | None = None
    """The account that the entries belong to."""
    pictures: dict[str, Path | None] = field(default_factory=dict)
    """Paths of thumbnails by URL, the most recent last; None if there is none."""
    jobs: dict[str | None, Job] = field(default_factory=dict)
    """The job that made each entry, by the entry's id, as far as they are in memory."""
    clips: dict[str, list[str]] = field(default_factory=dict)
    """The words of the clips that were made here, by the id of their model, likewise."""
    jobs_version: tuple[int, int] | None = None
    """The version of the list of jobs that `jobs` and `clips` were made from."""
    pages_left: int = MOST_PAGES
    """How many more pages may be loaded automatically."""
    filter_changed_at: float = 0.0
    news_at: float = 0.0
    """When a job last reported an entry that no list has yet."""

    def filter_changed(self) -> None:
        """Begin a new search after a change of the filter."""
        self.filter_changed_at = time.monotonic()
        self.resume_searching()

    def resume_searching(self) -> None:
        """Allow another `MOST_PAGES` pages to be loaded automatically."""
        self.pages_left = MOST_PAGES

    def use(self, account: Account) -> None:
        """Forget the entries of any other account."""
        if account != self.account:
            self.library, self.account = Library(), account
            self.resume_searching()


def library_state() -> LibraryState:
    """Return the state of this session."""
    return session.state(LibraryState)
