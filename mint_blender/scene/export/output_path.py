# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare the path of an output file, and describe why it could not be written."""

from __future__ import annotations

from pathlib import Path

from ...message import MessageError


class OutputError(MessageError):
    """A file could not be written; the text is a sentence for the user."""


def ready(path: Path) -> Path:
    """Return the absolute path after creating its folder. Raises OutputError."""
    path = path.expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    return path


def output_error(path: Path, error: Exception) -> OutputError:
    """Return the error for a file that could not be written, with the reason."""
    lines = str(error).strip().removeprefix("Error: ").splitlines()
    reason = (lines[0] if lines else type(error).__name__).rstrip(".")
    return OutputError(
        "“{path}” could not be written: {reason}. The imported result is unchanged.",
        path=path,
        reason=reason,
    )
