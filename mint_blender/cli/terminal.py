# SPDX-License-Identifier: GPL-3.0-or-later
"""Print results to standard output, and progress and errors to standard error.

With `--json`, standard output holds one JSON object per line and nothing else. On a terminal,
progress is a live display where the `rich` library is installed (not inside Blender); elsewhere it
is one plain line per change. What people read has nothing that moves the cursor, changes colors or
the title, or reorders text; programs get the exact text, escaped as JSON.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Self, TextIO

from ..message import message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from ..mint.errors import MintError


# CSI ("ESC ["), OSC, DCS, PM, APC and SOS to their end, other ESC sequences, and the C1 forms.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]P^_X]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_BLANK = re.compile(r"[\r\t\v\f\x85\u2028\u2029]+")
# C0 except the line feed, DEL, C1; direction marks, embeddings, overrides and isolates.
_CONTROL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def safe_lines(text: str) -> str:
    """Return the text without control sequences; line feeds stay."""
    return _CONTROL.sub("", _BLANK.sub(" ", _SEQUENCE.sub("", text.replace("\r\n", "\n"))))


def safe_line(text: str) -> str:
    """Return the text without control sequences, in one line."""
    return " ".join(safe_lines(text).split("\n"))


def _print(text: str, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print, by default to standard output. Raises BrokenPipeError if nobody reads it any more."""
    try:
        print(text, file=stream, end=end, flush=True)
    except OSError as error:
        if error.errno == errno.EINVAL:  # what Windows says of a pipe that was closed
            raise BrokenPipeError from error
        raise


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

    def decision(self, verb: str, job_id: str) -> str:
        """Return what the user types to decide about a job, with an example of what it needs."""
        example = ['"what should change"'] if verb == "revise" else []
        return self.command(verb, job_id, *example)

    def result(self, record: dict[str, Any], *lines: str) -> None:
        """Print one result: the record for programs, or the lines for people."""
        self.event(record)
        if not self.as_json:
            for line in lines:
                _print(safe_lines(line))

    def table(self, text: str) -> None:
        """Print a whole table, for a spreadsheet or another program."""
        _print(text, end="")

    def event(self, record: dict[str, Any]) -> None:
        """Print a record for programs only."""
        if self.as_json:
            # ASCII is valid JSON in any encoding of the pipe.
            _print(json.dumps(record))

    def error(self, sentence: str, **record: Any) -> None:
        """Print an error: to standard error for people, and as a record for programs.

        The record also holds the parts of the sentence, so that a program can translate it.
        """
        self.note(sentence)
        details = message_of(sentence).to_json()
        self.event({"event": "error", "message": sentence, "message_details": details, **record})

    def note(self, line: str) -> None:
        """Print a line that only people need, to standard error."""
        _print(safe_lines(line), sys.stderr)

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked: not in a script, and not with `--json`."""
        has_person = sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()
        return bool(has_person) and not self.as_json

    def asks(self, question: str) -> bool:
        """Ask a person, and return whether the answer is yes; without a terminal it is no."""
        if not self.is_interactive:
            return False
        print(f"{safe_line(question)} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def wait(self, error: MintError, seconds: float) -> None:
        """Report that a call failed and will be retried."""
        self.note(f"{error} Retrying in {seconds:.0f} s.")

    def progress(self) -> AbstractContextManager[Display]:
        """Return a display to use while jobs are watched."""
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            with suppress(ImportError):
                return LiveDisplay()
        return nullcontext(Display())


class Listener(Terminal):
    """Gives the records to a function, and prints nothing: a script runs the command."""

    def __init__(self, listen: Callable[[dict[str, Any]], object]) -> None:
        super().__init__("mint-blender", as_json=True)
        self._listen = listen

    def event(self, record: dict[str, Any]) -> None:
        """Give the record to the function."""
        self._listen(record)

    def note(self, line: str) -> None:
        """Print nothing."""

    def progress(self) -> AbstractContextManager[Display]:
        """Return a display that shows nothing."""
        return nullcontext(Display(is_silent=True))


class Display:
    """Shows the progress of jobs: one line per change. Percentages would only fill a log."""

    def __init__(self, *, is_silent: bool = False) -> None:
        self._is_silent = is_silent
        self._last: dict[str, str] = {}

    def show(
        self, key: str, title: str, text: str, done: int | None = None, total: int | None = None
    ) -> None:
        """Show one job's state; during a download, `done` of `total` bytes."""
        if self._last.get(key) != text and not self._is_silent:
            self._last[key] = text
            _print(safe_line(f"{title}: {text}"), sys.stderr)

    def hide(self, key: str) -> None:
        """Show a job no longer: its result is printed. Lines stay."""

    def summarize(self, text: str) -> None:
        """Show how far all of them are, where that is no further line."""


class LiveDisplay(Display):
    """One line per job: title, state, time, and a bar that fills in a download. Last, a summary.

    Mint reports no progress of a generation, so the bar only pulses until the download starts.
    Raises ImportError without `rich`, which the pip package installs.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TaskID,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.text import Text

        class Bars(Progress):
            summary = ""

            def get_renderables(self) -> Iterator[RenderableType]:
                room = max(1, console.height - 2)
                yield self.make_tasks_table([task for task in self.tasks if task.visible][-room:])
                if self.summary:
                    yield Text(self.summary, no_wrap=True, overflow="ellipsis")

        console = Console(stderr=True)
        self._progress = Bars(
            SpinnerColumn(),
            TextColumn("{task.fields[title]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            # On the same terminal, results are printed above the bars; a pipe or a file gets them
            # unchanged.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._lines: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._lines.values():
            self._progress.update(line, total=1, completed=1)
        self._progress.summary = ""
        self._progress.stop()

    def show(
        self, key: str, title: str, text: str, done: int | None = None, total: int | None = None
    ) -> None:
        """Show or update the line of one job."""
        title = safe_line(title)
        text = safe_line(text)
        if key not in self._lines:
            self._lines[key] = self._progress.add_task(text, total=None, title=title)
        if done is None:
            self._progress.update(self._lines[key], description=text, total=None)
        else:
            self._progress.update(self._lines[key], description=text, completed=done, total=total)

    def hide(self, key: str) -> None:
        """Remove the line of one job."""
        if (line := self._lines.pop(key, None)) is not None:
            self._progress.remove_task(line)

    def summarize(self, text: str) -> None:
        """Show or update the last line."""
        self._progress.summary = safe_line(text)
