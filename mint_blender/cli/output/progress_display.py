# SPDX-License-Identifier: GPL-3.0-or-later
"""A live progress display for terminals.

It needs `rich`, which the pip package installs.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from . import safe_text


class LiveDisplay:
    """One line per job: title, state, time, and a bar that fills during a download.

    Mint reports no progress of a generation, so the bar only pulses until the download starts.
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

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[title]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            # On the same terminal, results are printed above the bars; a pipe or a file gets them
            # unchanged.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._lines: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for line in self._lines.values():
            self._progress.update(line, total=1, completed=1)
        self._progress.stop()

    def show(
        self, key: str, title: str, text: str, done: int | None = None, total: int | None = None
    ) -> None:
        """Show or update the line of one job."""
        title, text = safe_text.line(title), safe_text.line(text)
        if key not in self._lines:
            self._lines[key] = self._progress.add_task(text, total=None, title=title)
        if done is None:
            self._progress.update(self._lines[key], description=text, total=None)
        else:
            self._progress.update(self._lines[key], description=text, completed=done, total=total)
