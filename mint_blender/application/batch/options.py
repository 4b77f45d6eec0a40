# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a batch: what applies to all of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ...jobs.batch_lines import Line


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which lines are run, and how; as a command or a script says it.

    Attributes:
        file: The batch file.
        output: The folder of the results, as it was named: a farm may have a link to it.
        lines: Only the lines with these numbers; None: all.
        jobs: How many lines run at once.
        workers: How many background Blenders write; None: as many as fit here.
        max_credits: The most that all lines may cost; None: no limit.
        retry_failed: Start lines again that failed.
        start_again: Start lines again that Mint may have started, and that are not in the library.
        rewrite: Write finished lines again; nothing is started.
        skip_failed: Let lines that failed at Mint, or wait for a person there, not count for the
            exit status.
        yes: Start lines although the account has too few Credits for all.
        dry_run: Only show the price.
        step: The part of the work that is done here; None: all of it.
        executor: The Dask scheduler whose workers write, such as tcp://10.0.0.5:8786.
        openjd: The folder for a job template, which is written in place of all else.
        render: Render a picture of each line that does not say otherwise itself.
        render_size: Its width and height.
        render_samples: Its samples.
        render_engine: What renders it.
    """

    file: Path
    output: Path
    lines: tuple[range, ...] | None = None
    jobs: int = 4
    workers: int | None = None
    max_credits: float | None = None
    retry_failed: bool = False
    start_again: bool = False
    rewrite: bool = False
    skip_failed: bool = False
    yes: bool = False
    dry_run: bool = False
    step: Literal["generate", "write", "sheet"] | None = None
    executor: str | None = None
    openjd: Path | None = None
    render: bool = False
    render_size: tuple[int, int] | None = None
    render_samples: int | None = None
    render_engine: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Options:
        """Return the options among these values, by name; None is what was not said."""
        names = {field.name for field in fields(cls)}
        given = {name: value for name, value in values.items() if value is not None}
        return cls(**{name: given[name] for name in given.keys() & names})

    @cached_property
    def folder(self) -> Path:
        """The folder itself. A job is found by it: one that is not found would be paid again."""
        return self.output.resolve()

    @property
    def writes(self) -> bool:
        """Whether this process writes results, and does not only put Mint's files in the folder."""
        return self.step != "generate" and self.executor is None

    def renders(self, line: Line) -> bool:
        """Return whether to render a picture; the line's own setting wins."""
        return self.render if line.render is None else line.render
