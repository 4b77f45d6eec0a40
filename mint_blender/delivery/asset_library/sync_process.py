# SPDX-License-Identifier: GPL-3.0-or-later
"""A background Blender that saves into an asset library, so that this one does not freeze.

It runs this package's own command `library sync`, whose events the heartbeat reads. It ends when
the user stops it, and soon after this Blender has ended; the next run resumes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...jobs.child_process import ChildEnded, ChildProcess
from ...jobs.storage.home import HOME_VARIABLE
from ...message import Message, sentences
from ...mint.account import BASE_URL_VARIABLE, KEY_VARIABLE, Account
from .. import blender_runtime

_CODE = """
from {package}.cli.commands import from_blender
status = from_blender(ARGUMENTS)
"""

LISTING = "--listing"
"""The word with which `library sync` also writes the listing of a remote asset library."""


class SyncProcess:
    """The one child process of this Blender that syncs an asset library, or none."""

    def __init__(self) -> None:
        self._child: ChildProcess | None = None
        self._event: dict[str, Any] = {}  # the last one that was read
        self._saved: dict[str, Any] = {}  # the event after the last asset, before a listing
        self._has_listing = False

    def start(self, arguments: Sequence[str], account: Account, home: Path) -> None:
        """Run `library` with these command-line words, and stop a run that has not ended.

        Raises:
            OSError: Blender cannot be started.
        """
        self.stop()
        words = ["library", *arguments, "--json"]
        code = _CODE.replace("ARGUMENTS", repr(words))
        self._child = ChildProcess(
            blender_runtime.background_command(code, online=True),
            {
                KEY_VARIABLE: account.key,
                BASE_URL_VARIABLE: account.base_url,
                HOME_VARIABLE: str(home),
            },
        )
        self._event = {}
        self._has_listing = LISTING in arguments

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
        """Read the events since the last call; return whether anything changed.

        Costs nothing while no child process runs.
        """
        if self._child is None:
            return False
        changed = False
        try:
            while (event := self._child.poll()) is not None:
                changed = True
                if "event" in event:  # else it is Blender's own output
                    self._event = event
                if event.get("event") == "library":
                    self._saved = event
        except ChildEnded:
            last = "listing" if self._has_listing else "library"
            if self._event.get("event") not in {last, "error"}:
                self._fail(Message("The sync did not finish. Sync again to continue."))
            self._child.end()
            self._child, changed = None, True
        return changed

    def stop(self) -> None:
        """End the child process. What it has saved stays."""
        if self._child is not None:
            self._child.end()
            self._child = None
            self._fail(Message("Sync stopped. Sync again to continue."))

    def close(self) -> None:
        """End the child process: this Blender ends, or the add-on is being disabled."""
        self.stop()

    def _fail(self, message: Message) -> None:
        self._event = {"event": "error", "message_details": message.to_json()}


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
