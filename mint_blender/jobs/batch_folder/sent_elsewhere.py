# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a batch another journal has started, as the ledger in its folder says.

A line that was queued here may be done elsewhere when this machine continues. Mint knows its
idempotency key for a day; after that, to send it would pay for it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..phases import Phase
from .ledger_lines import Unparsed, by_tag, tag_at_start

_OVER = (Phase.FAILED.value, Phase.CANCELED.value)


class SentLine(NamedTuple):
    """The job that another journal has sent for a line.

    `is_over`: it has failed or was canceled, so that a person may start the line again.
    """

    job: str
    is_over: bool


class SentElsewhere:
    """Knows these lines of one ledger. Reads only what was appended since the last time."""

    def __init__(self, ledger: Path, journal_name: str) -> None:
        self._ledger = ledger
        self._own_mark = f'"by": "{journal_name}"'.encode()
        self._lines: dict[str, SentLine] = {}
        self._read_until = 0

    def lines(self) -> Mapping[str, SentLine]:
        """Return the lines whose latest entry is of another journal, and was sent, by tag.

        Raises:
            OSError: The ledger cannot be read, or its folder is not there: a network drive may be
                missing, and nobody knows what was started.
        """
        try:
            size = self._ledger.stat().st_size
        except FileNotFoundError:
            self._ledger.parent.stat()  # nothing was noted yet, unless the folder is gone, too
            return {}
        if size < self._read_until:  # another file
            self._lines.clear()
            self._read_until = 0
        if size > self._read_until:
            self._read_on()
        return self._lines

    def _read_on(self) -> None:
        with self._ledger.open("rb") as file:
            file.seek(self._read_until)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # it is being written
                self._note(line)
                self._read_until += len(line)

    def _note(self, line: bytes) -> None:
        if self._own_mark in line:
            self._lines.pop(tag_at_start(line) or "", None)
            return
        for tag, entry in by_tag(line).items():
            self._lines.pop(tag, None)
            if _was_sent(entry):
                self._lines[tag] = SentLine(entry["job"], entry.get("state") in _OVER)


def _was_sent(entry: Unparsed) -> bool:
    """Return whether something was sent for a line; true if that cannot be read."""
    record = entry.get("record")
    if entry.get("operation") is not None or not isinstance(record, dict):
        return True
    return record.get("first_sent_at") is not None
