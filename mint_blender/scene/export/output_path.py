# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a file is to be written, and what is said when that does not work."""

from __future__ import annotations

from pathlib import Path

from ...message import Message


class OutputError(Exception):
    """A file could not be written; the text is a sentence for a person."""


def ready(path: Path) -> Path:
    """The absolute path, its folder made. Raises OutputError."""
    path = path.expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    return path


def output_error(path: Path, error: Exception) -> OutputError:
    """The sentence for a path and what went wrong there."""
    lines = str(error).strip().removeprefix("Error: ").splitlines()
    reason = (lines[0] if lines else type(error).__name__).rstrip(".")
    return OutputError(
        Message(
            "“{path}” could not be written: {reason}. What was imported is unchanged.",
            path=path,
            reason=reason,
        )
    )
