# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person or a program reads: results on standard output, progress on standard error.

With `--json`, standard output is one JSON object a line and nothing else. On a terminal progress is
a live display (the `rich` library, where it is installed: inside Blender it is not); elsewhere it
is plain lines, one for each change.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from ...mint.errors import MintError
from . import safe_text


class Display(Protocol):
    """Shows how far jobs are."""

    def show(
        self, key: str, title: str, text: str, done: int | None = None, total: int | None = None
    ) -> None:
        """One job's line: `done` of `total` bytes while it downloads."""


class Terminal:
    """Where a command writes."""

    def __init__(self, program: str, *, as_json: bool) -> None:
        self._program = program
        self.as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A prompt may hold signs that this terminal cannot show: better an escape than no
                # line at all.
                stream.reconfigure(errors="backslashreplace")

    def command(self, *words: str) -> str:
        """What to type for another command."""
        return " ".join([self._program, *words])

    def result(self, record: dict[str, Any], *lines: str) -> None:
        """One result: the record for programs, or the lines for people."""
        self.event(record)
        if not self.as_json:
            for line in lines:
                print(safe_text.lines(line), flush=True)

    def event(self, record: dict[str, Any]) -> None:
        """One line for programs only."""
        if self.as_json:
            # ASCII, so that it is valid JSON whatever the encoding of the pipe is.
            print(json.dumps(record), flush=True)

    def error(self, sentence: str, **record: Any) -> None:
        """What went wrong: always for people on standard error, and for programs on standard
        output.
        """
        self.note(sentence)
        self.event({"event": "error", "message": sentence, **record})

    def note(self, line: str) -> None:
        """A line for people that programs do not need."""
        print(safe_text.lines(line), file=sys.stderr, flush=True)

    def wait(self, error: MintError, seconds: float) -> None:
        """A single call failed and is tried again."""
        self.note(f"{error} Trying again in {seconds:.0f} s")

    def progress(self) -> AbstractContextManager[Display]:
        """A display for as long as jobs are watched."""
        if (
            sys.stderr.isatty()
            and os.environ.get("TERM") != "dumb"
            and (live := _live_display()) is not None
        ):
            return live
        return nullcontext(_PlainDisplay())


class _PlainDisplay:
    """One plain line for each change; download percentages would only fill a log."""

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
