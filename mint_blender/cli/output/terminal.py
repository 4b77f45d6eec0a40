# SPDX-License-Identifier: GPL-3.0-or-later
"""Print results to standard output, and progress and errors to standard error.

With `--json`, standard output holds one JSON object per line and nothing else. On a terminal,
progress is a live display where the `rich` library is installed (not inside Blender); elsewhere it
is one plain line per change.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from ...message import message_of
from . import safe_text

if TYPE_CHECKING:
    from ...mint.errors import MintError


class Display(Protocol):
    """Shows the progress of jobs."""

    def show(
        self, key: str, title: str, text: str, done: int | None = None, total: int | None = None
    ) -> None:
        """Show one job's state; during a download, `done` of `total` bytes."""


class Terminal:
    """Prints for one command."""

    def __init__(self, program: str, *, as_json: bool) -> None:
        self._program = program
        self.as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A prompt may hold characters that this terminal cannot show: escape them.
                stream.reconfigure(errors="backslashreplace")

    def command(self, *words: str) -> str:
        """Return what the user types to run another command."""
        return " ".join([self._program, *words])

    def result(self, record: dict[str, Any], *lines: str) -> None:
        """Print one result: the record for programs, or the lines for people."""
        self.event(record)
        if not self.as_json:
            for line in lines:
                print(safe_text.lines(line), flush=True)

    def event(self, record: dict[str, Any]) -> None:
        """Print a record for programs only."""
        if self.as_json:
            # ASCII is valid JSON in any encoding of the pipe.
            print(json.dumps(record), flush=True)

    def error(self, sentence: str, **record: Any) -> None:
        """Print an error: to standard error for people, and as a record for programs.

        The record also holds the parts of the sentence, so that a program can translate it.
        """
        self.note(sentence)
        details = message_of(sentence).to_json()
        self.event({"event": "error", "message": sentence, "message_details": details, **record})

    def note(self, line: str) -> None:
        """Print a line that only people need, to standard error."""
        print(safe_text.lines(line), file=sys.stderr, flush=True)

    def wait(self, error: MintError, seconds: float) -> None:
        """Report that a call failed and will be retried."""
        self.note(f"{error} Retrying in {seconds:.0f} s.")

    def progress(self) -> AbstractContextManager[Display]:
        """Return a display to use while jobs are watched."""
        if (
            sys.stderr.isatty()
            and os.environ.get("TERM") != "dumb"
            and (live := _live_display()) is not None
        ):
            return live
        return nullcontext(_PlainDisplay())


class _PlainDisplay:
    """Prints one line per change. Download percentages would only fill a log."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def show(
        self, key: str, title: str, text: str, done: int | None = None, total: int | None = None
    ) -> None:
        if self._last.get(key) != text:
            self._last[key] = text
            print(safe_text.line(f"{title}: {text}"), file=sys.stderr, flush=True)


def _live_display() -> AbstractContextManager[Display] | None:
    from .progress_display import LiveDisplay

    try:
        return LiveDisplay()
    except ImportError:
        return None
