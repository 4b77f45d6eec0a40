# SPDX-License-Identifier: GPL-3.0-or-later
"""What applies to all lines of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...jobs.batch_lines import Line


@dataclass(frozen=True)
class Options:
    """How all lines are run and written."""

    folder: Path
    render: bool
    retry_failed: bool
    rewrite: bool = False
    """Write finished lines again."""
    writes: bool = True
    """Write the results; otherwise put Mint's files where other machines can read them."""
    start_again: bool = False
    """Start lines again that Mint may have started, and that are not in the library."""
    yes: bool = False
    """Start lines although the account has too few Credits for all."""
    skip_failed: bool = False
    """Let lines that failed at Mint, or wait for a person there, not count for the exit status."""

    def renders(self, line: Line) -> bool:
        """Return whether to render a picture; the line's own setting wins."""
        return self.render if line.render is None else line.render
