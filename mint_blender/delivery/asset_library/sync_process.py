# SPDX-License-Identifier: GPL-3.0-or-later
"""A background Blender that saves into an asset library, so that this one does not freeze.

It runs this package's own command `library sync` and writes its events into a log file, which the
heartbeat polls. It ends with this Blender, or when the user stops it; the next run resumes.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ...files import disk
from ...jobs.storage.home import HOME_VARIABLE
from ...message import Message, sentences
from ...mint.account import BASE_URL_VARIABLE, KEY_VARIABLE, Account
from .. import blender_runtime

# Exits without Python's shutdown: everything is on disk by then, and other add-ons may be slow.
_CODE = """
import os, sys
from {package}.cli.commands import from_blender
status = from_blender({arguments!r})
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
"""


LISTING = "--listing"
"""The word with which `library sync` also writes the listing of a remote asset library."""


class SyncProcess:
    """The one child process of this Blender that syncs an asset library, or none."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._event: dict[str, Any] = {}  # the last one that was read
        self._saved: dict[str, Any] = {}  # the event after the last asset, before a listing
        self._has_listing = False
        self._partial_line = b""

    def start(self, arguments: Sequence[str], account: Account, home: Path) -> None:
        """Run `library` with these command-line words, and stop a run that has not ended.

        Raises:
            OSError: The log cannot be written or Blender cannot be started.
        """
        self.stop()
        code = _CODE.format(
            package=blender_runtime.PACKAGE, arguments=["library", *arguments, "--json"]
        )
        # Another Blender of the same user may sync too.
        log = home / f"library-sync-{os.getpid()}.log"
        disk.make_home(home)
        with open(log, "wb", opener=disk.opener) as stream:
            self._child = subprocess.Popen(
                blender_runtime.background_command(code, online=True),
                env={
                    **os.environ,
                    KEY_VARIABLE: account.key,
                    BASE_URL_VARIABLE: account.base_url,
                    HOME_VARIABLE: str(home),
                },
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        self._log, self._partial_line = log.open("rb"), b""
        self._event, self._has_listing = {}, LISTING in arguments

    @property
    def is_running(self) -> bool:
        """Whether the child process has not ended yet."""
        return self._child is not None

    @property
    def status(self) -> Message | None:
        """The progress or the outcome as a sentence; None before the first run."""
        event = self._event
        if self.is_running and event.get("event") == "library" and self._has_listing:
            return Message("Asset library: writing the listing…")
        if self.is_running and "done" not in event:
            return Message("Asset library: checking for new assets…")
        if self.is_running and event.get("event") in {"saved", "not_saved"}:
            return Message(
                "Asset library: {done} of {total}", done=event["done"], total=event["total"]
            )
        if event.get("event") == "listing":
            return _listing_words(event, self._saved)
        if event.get("event") == "library":
            return _library_words(event)
        return Message.from_json(event["message_details"]) if "message_details" in event else None

    def poll(self) -> bool:
        """Read the events written since the last call; return whether anything changed.

        Costs nothing while no child process runs.
        """
        if self._child is None or self._log is None:
            return False
        ended = self._child.poll() is not None
        *lines, self._partial_line = (self._partial_line + self._log.read()).split(b"\n")
        for line in lines:
            self._read_event(line)
        if ended:
            if self._event.get("event") not in self._last_events():
                self._fail(Message("The sync did not finish. Sync again to continue."))
            self._release()
        return ended or bool(lines)

    def stop(self) -> None:
        """End the child process, within 5 seconds. What it has saved stays."""
        if self._child is not None:
            self._child.kill()
            self._child.wait(5)
            self._fail(Message("Sync stopped. Sync again to continue."))
        self._release()

    def close(self) -> None:
        """End the child process: this Blender ends, or the add-on is being disabled."""
        self.stop()

    def _last_events(self) -> set[str]:
        """Return the events after which nothing more is to come."""
        return {"listing" if self._has_listing else "library", "error"}

    def _fail(self, message: Message) -> None:
        self._event = {"event": "error", "message_details": message.to_json()}

    def _release(self) -> None:
        if self._log is not None:
            self._log.close()
            disk.try_to_remove(Path(self._log.name))
        self._child = self._log = None

    def _read_event(self, line: bytes) -> None:
        """Read one line; ignore Blender's own output."""
        try:
            event = json.loads(line)
        except ValueError:
            return
        if isinstance(event, dict) and "event" in event:
            self._event = event
            if event["event"] == "library":
                self._saved = event


def _library_words(event: Mapping[str, Any]) -> Message:
    """Return what a person reads about assets that were saved."""
    failed = Message(", {count} failed", count=len(event["failed"])) if event["failed"] else ""
    return Message(
        "Asset library: {saved} saved, {unchanged} unchanged{failed}",
        saved=event["saved"],
        unchanged=event["unchanged"],
        failed=failed,
    )


def _listing_words(event: Mapping[str, Any], saved: Mapping[str, Any]) -> Message:
    """Return what a person reads about a listing that was written, after `saved`."""
    words = Message(
        "{result}, {count:,} in the listing {file}.",
        result=_library_words(saved),
        count=event["assets"],
        file=Path(event["file"]).name,
    )
    if not event["is_new"]:
        return words
    return sentences(
        words,
        Message(
            "Write the name of the library and a contact into it, then upload the folder to a web"
            " server."
        ),
    )
