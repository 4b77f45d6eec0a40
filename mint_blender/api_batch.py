# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions for scripts that do what a whole command does: a batch, and an asset library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .api_checks import check_blender
from .api_values import KindName
from .application import option_values, session
from .application.batch.options import Options
from .jobs.service import NotPossible
from .mint.schema import Kind

if TYPE_CHECKING:
    from .delivery.asset_library.sync import SyncResult

T = TypeVar("T")

OnEvent = Callable[[dict[str, Any]], object]
"""Called with what `batch --json` prints, one line at a time."""


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """How a line of a batch has ended.

    Attributes:
        number: Its line in the file: 2 for the first one below the head of a table.
        job_id: Its job; None if none was started.
        phase: Where the job is; "placed" if the file is written. None without a job.
        output: The file that was written, or will be.
        credits: What it has cost so far; None if Mint has not said.
        problem: Why it is not done; empty if it is.
    """

    number: int
    job_id: str | None = None
    phase: str | None = None
    output: Path | None = None
    credits: float | None = None
    problem: str = ""


def batch(
    file: str | PathLike[str],
    folder: str | PathLike[str],
    *,
    lines: str | None = None,
    jobs: int | None = None,
    workers: int | None = None,
    max_credits: float | None = None,
    retry_failed: bool = False,
    start_again: bool = False,
    rewrite: bool = False,
    timeout: float | None = None,
    progress: OnEvent | None = None,
) -> list[BatchLine]:
    """Generate each line of a file, and return how each has ended. A repeated call continues.

    This is the command `batch`: no line is paid for twice, by whatever process.

    Args:
        file: A .jsonl, .csv or .txt.
        folder: Where the results are written.
        lines: Only these, such as "1-20,25".
        jobs: How many run at once.
        workers: How many background Blenders write.
        max_credits: No line is started that would cost more than what is left of it.
        retry_failed: Start lines again that failed, which costs Credits again.
        start_again: Start lines again that Mint may have started already.
        rewrite: Write finished lines again, for free; nothing is started.
        timeout: How many seconds Mint may be unreachable; None: 180.
        progress: Called with what `batch --json` prints.

    Raises:
        ValueError: An argument is wrong; nothing was started.
        NotPossible: The file or the folder cannot be used; nothing was started.
        TooExpensive: It would cost more than a limit, or than the account has.
        MintError: A call to Mint has failed, for all lines.
    """
    options = Options.of(
        {
            "file": Path(file),
            "output": Path(folder),
            "lines": _checked("lines", lines, option_values.ranges),
            "jobs": _checked("jobs", jobs, option_values.count),
            "workers": _checked("workers", workers, option_values.count),
            "max_credits": _checked("max_credits", max_credits, option_values.credits),
            "retry_failed": retry_failed,
            "start_again": start_again,
            "rewrite": rewrite,
        }
    )
    with session.timeout(timeout):
        return _run(options, progress)


def _checked(name: str, value: object, check: Callable[[Any], T]) -> T | None:
    """Return the value of an argument, checked; None stays. Raises ValueError."""
    try:
        return None if value is None else check(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}.") from None


def _run(options: Options, progress: OnEvent | None) -> list[BatchLine]:
    """Run a batch as the command does, and return how each line has ended. Raises as `batch`."""
    from .cli.batch.command import run_batch
    from .cli.exits import Refused
    from .cli.terminal import Listener

    ended: dict[int, BatchLine] = {}

    def listen(event: dict[str, Any]) -> None:
        if "line" in event:
            line = _line(event)
            ended[line.number] = line
        if progress is not None:
            progress(event)

    try:
        run_batch(options, Listener(listen))
    except Refused as error:
        raise NotPossible(str(error)) from error
    return [ended[number] for number in sorted(ended)]


def _line(event: dict[str, Any]) -> BatchLine:
    """Return a line of an event about it."""
    if event["event"] == "error":
        return BatchLine(number=event["line"], problem=event["message"])
    is_written = event["output"] is not None
    return BatchLine(
        number=event["line"],
        job_id=event["job"],
        phase=event["phase"],
        output=Path(event["output"]) if is_written else None,
        credits=event["credits"],
        problem="" if is_written else event["state"],
    )


def sync_library(
    folder: str | PathLike[str],
    *,
    kind: KindName | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> SyncResult:
    """Write each new model and World of the library as a .blend with an asset in it. Free.

    The folder is an asset library of Blender: each asset has its preview, its tags and its catalog.

    Args:
        folder: The folder of the asset library.
        kind: Only "model" or "world".
        progress: Called with the file name or what is wrong, how many are done, and of how many.

    Raises:
        NotPossible: There is no Blender here.
        ValueError: There is no such kind.
        MintError: Mint refused a call or cannot be reached.
        OutputError: The folder cannot be used, or another process writes into it.
    """
    check_blender("Nothing was written.")
    from .delivery.asset_library import sync

    def tell(step: sync.SyncProgress) -> None:
        if progress is not None:
            name = step.file.name if step.file else step.sentence
            progress(name, step.done, step.total)

    with session.open_client() as client:
        return sync.sync_from_mint(
            client,
            Path(folder).absolute(),
            session.home(),
            tell,
            kind=None if kind is None else Kind(kind),
            local_files=session.account().is_local,
        )
