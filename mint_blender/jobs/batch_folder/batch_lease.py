# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a folder across machines with a lease: a file that names its holder and is renewed.

A lock of the operating system (`files.file_lock`) holds on one machine, and over a network only
where the file system supports it. The lease of a dead process of this machine is taken over at
once; that of another machine when it was not renewed for a minute. Ages are measured by the file
system's clock, which both machines see.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from ... import json_text
from ...files import disk
from ...files.disk import naming
from ...files.file_lock import FileInUse

log = logging.getLogger(__name__)

UNKNOWN = "?"
"""In place of the machine's name where the holder does not say it."""
EXPIRES_AFTER = 60.0
"""Seconds without a renewal after which another machine may take over the lease."""
RENEW_INTERVAL = 10.0
"""Seconds between two renewals."""
CHECK_INTERVAL = 1.0
"""Seconds for which it is known that the lease is held."""
SETTLE_TIME = 1.0
"""Seconds after a takeover until the file shows which of two machines holds the lease."""


class Lease:
    """The lease of one holder.

    `is_lost`: another machine has taken it over, for example while this one was asleep. `on_lost`
    is called then, on the thread that renews it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_lost = False
        self.on_lost: Callable[[], None] = lambda: None
        self._id = uuid.uuid4().hex
        self._checked_at = 0.0  # seconds since the epoch: a clock that goes on while asleep

    def acquire(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Acquire the lease.

        Raises:
            FileInUse: Another machine, or another process of this one, holds it.
            OSError: The file cannot be written.
        """
        if self.create():
            return
        holder = self.holder()
        host = holder.get("host")
        is_here = _is_here(holder)
        if (not is_here or _is_alive(holder.get("pid"))) and self._age() < EXPIRES_AFTER:
            raise FileInUse(_shown(host))
        disk.remove(self.path)
        if not self.create():
            raise FileInUse(UNKNOWN)
        if not is_here:
            sleep(SETTLE_TIME)
        if not self._is_mine():
            raise FileInUse(_shown(self.holder().get("host")))

    def is_held(self) -> bool:
        """Return whether the lease is still ours. Looks at the file, at most once a second.

        After a machine was asleep, that is known before the next renewal.
        """
        if abs(time.time() - self._checked_at) > CHECK_INTERVAL:
            self.renew()
        return not self.is_lost

    def renew(self) -> None:
        """Show that the holder is alive, or note that the lease is lost."""
        self._checked_at = time.time()
        try:
            if self._is_mine():
                os.utime(self.path)
            elif not self.is_lost:
                self.is_lost = True
                self.on_lost()
        # no network: another machine cannot take over either, or only after a minute
        except OSError as error:
            log.warning("The lease %s could not be touched: %s", self.path, error)

    def release(self) -> None:
        """Release the lease."""
        with suppress(OSError):
            if self._is_mine():
                disk.remove(self.path)

    def holder(self) -> dict[str, Any]:
        """Return what the file says about its holder, or an empty dict if it cannot be read."""
        try:
            return self._read_holder()
        except OSError:
            return {}

    def _read_holder(self) -> dict[str, Any]:
        """Return what the file says about its holder; empty if there is none.

        Raises:
            OSError: The file is there, or may be, and cannot be read.
        """
        try:
            return json_text.members(self.path.read_bytes())
        except FileNotFoundError:
            return {}

    def create(self) -> bool:
        """Acquire the lease if nobody has it; return whether that was so. Raises OSError."""
        try:
            with naming(self.path), self.path.open("x", encoding="utf-8") as file:
                self._write_to(file)
        except FileExistsError:
            return False
        return True

    def _write_to(self, file: TextIO) -> None:
        """Write who holds the lease into its new file, or remove the file."""
        try:
            host = platform.node()
            system = sys.platform
            holder = {"host": host, "system": system, "pid": os.getpid(), "id": self._id}
            json.dump(holder, file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:  # Ctrl+C, too: a file without a holder is taken for another's
            file.close()
            disk.try_to_remove(self.path)
            raise

    def _is_mine(self) -> bool:
        return self._read_holder().get("id") == self._id

    def _age(self) -> float:
        """Return the seconds since the last renewal.

        Compared with a new file's time, since the clocks of two machines differ.
        """
        with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=".clock-") as now:
            return Path(now.name).stat().st_mtime - self.path.stat().st_mtime


def _shown(host: object) -> str:
    """Return the name of a machine for a message: others can write to the file."""
    return host[:100] if isinstance(host, str) and host and host.isprintable() else UNKNOWN


def _is_here(holder: dict[str, Any]) -> bool:
    """Return whether the holder is a process of this machine, whose locks and processes are seen.

    Windows and the Linux inside it (WSL) have the same name, and see neither of each other.
    """
    return (holder.get("host"), holder.get("system")) == (platform.node(), sys.platform)


def _is_alive(pid: object) -> bool:
    """Return whether this is another living process of this machine."""
    return isinstance(pid, int) and 0 < pid <= _LARGEST_PID and pid != os.getpid() and _exists(pid)


_LARGEST_PID = 2**31 - 1


if sys.platform == "win32":

    def _exists(pid: int) -> bool:
        """Return whether a process exists. `os.kill` would end it."""
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:  # one of another user can be seen, but not opened
            return ctypes.get_last_error() == _ACCESS_DENIED
        handle = wintypes.HANDLE(handle)
        has_ended = kernel.WaitForSingleObject(handle, 0) != _WAIT_TIMEOUT
        kernel.CloseHandle(handle)
        return not has_ended

    _SYNCHRONIZE, _ACCESS_DENIED, _WAIT_TIMEOUT = 0x100000, 5, 0x102

else:

    def _exists(pid: int) -> bool:
        """Return whether a process exists."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass  # it belongs to another user
        return True


@contextmanager
def held(path: Path) -> Iterator[Lease]:
    """Hold this lease, and renew it on a thread.

    Raises:
        FileInUse: Another machine holds it, whose name is in the error.
        OSError: The file cannot be written.
    """
    lease = Lease(path)
    lease.acquire()
    try:
        with renewing(lease.renew, "mint-lease"):
            yield lease
    finally:
        lease.release()


@contextmanager
def renewing(renew: Callable[[], None], name: str) -> Iterator[None]:
    """Call `renew` every `RENEW_INTERVAL` seconds, on a thread with this name."""
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(RENEW_INTERVAL):
            renew()

    thread = threading.Thread(target=keep, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(RENEW_INTERVAL)
