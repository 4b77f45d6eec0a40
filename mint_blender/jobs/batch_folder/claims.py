# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims on the lines of a batch, so that several machines never write the same one at once.

    <folder>/.mint-batch/claims/<job id>    a lease for each line that is being written

A claim of a dead process of this machine is free at once, that of another machine after a minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...files.file_lock import FileInUse, file_lock
from ..storage.batch_lease import UNKNOWN, Lease, renewing
from . import line_files

LOCK_TRIES, LOCK_INTERVAL = 50, 0.02
"""How often, and after how many seconds, the lock for taking over a claim is tried again."""


class Claims:
    """The claims of this process. For one thread, except `renew`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / line_files.FOLDER / "claims"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._held: dict[str, Lease] = {}

    def take(self, name: str) -> str | None:
        """Claim a line; return None, or the name of the machine that has claimed it already.

        Raises:
            OSError: The folder cannot be written.
        """
        lease = Lease(self._folder / name)
        try:
            holder = self._acquire(lease)
            if holder is None:
                self._held[name] = lease
        except BaseException:  # Ctrl+C, too: a claim that is in no list would stay
            lease.release()
            raise
        return holder

    def holds(self, name: str) -> bool:
        """Return whether the claim is still ours: another machine may have taken it over."""
        return name in self._held and not self._held[name].is_lost

    def release(self, name: str) -> None:
        """Give a claim back."""
        if (lease := self._held.get(name)) is not None:
            lease.release()
            self._held.pop(name)  # afterwards, so that Ctrl+C in between leaves no claim

    def release_all(self) -> None:
        """Give all claims back."""
        for name in list(self._held):
            self.release(name)

    def renew(self) -> None:
        """Show that this process is alive."""
        for lease in list(self._held.values()):
            lease.renew()

    def _acquire(self, lease: Lease) -> str | None:
        """Acquire a lease; return None, or the name of the machine that has it."""
        if lease.create():
            return None
        for _ in range(LOCK_TRIES):
            try:
                # two processes of this machine must not both take over the claim of a dead one
                with file_lock(self._folder / ".lock"):
                    lease.acquire()
            except FileInUse as error:
                if holder := str(error):
                    return holder
                time.sleep(LOCK_INTERVAL)
            else:
                return None
        return UNKNOWN


@contextmanager
def open_claims(folder: Path) -> Iterator[Claims]:
    """Yield the claims of this process, and renew them on a thread. Releases them at the end.

    Raises:
        OSError: The folder cannot be written.
    """
    claims = Claims(folder)
    try:
        with renewing(claims.renew, "mint-claims"):
            yield claims
    finally:
        claims.release_all()
