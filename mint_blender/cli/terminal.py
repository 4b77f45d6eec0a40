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
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from ..jobs import presenter
from ..jobs.engine.messages import Crashed, Event, JobChanged, Progress, RetryScheduled
from ..jobs.job import Cause, Hold, Job, Phase
from ..jobs.service import JobService
from ..mint.errors import MintError
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

    def progress_listener(
        self, job_service: JobService, display: Display
    ) -> Callable[[Event], None]:
        """Turns the worker's news into progress, and into JSON events for programs."""
        last: dict[str, str] = {}
        slow: set[str] = set()  # jobs of which it was said that they take longer than usual

        def listener(news: Event) -> None:
            if isinstance(news, JobChanged):
                text = presenter.state(news.job)
                if last.get(news.job.id) != text:
                    last[news.job.id] = text
                    display.show(
                        news.job.id, news.job.title, text + _usual_duration(job_service, news.job)
                    )
                    self.event(job_record(news.job, event="state"))
                if (
                    (trouble := news.job.trouble) is not None
                    and trouble.cause is Cause.PATIENCE
                    and news.job.id not in slow
                ):
                    slow.add(news.job.id)
                    self.note(f"{news.job.title}: {trouble.sentence}")
                    self.event(job_record(news.job, event="state"))
            elif isinstance(news, Progress):
                job = job_service.job(news.job_id)
                display.show(
                    news.job_id, job.title, f"Downloading the {news.role}", news.done, news.total
                )
            elif isinstance(news, RetryScheduled):
                display.show(
                    news.job_id,
                    job_service.job(news.job_id).title,
                    f"{news.sentence} Trying again in {news.seconds:.0f} s",
                )
                self.event(
                    {
                        "event": "hitch",
                        "job": news.job_id,
                        "message": news.sentence,
                        "seconds": round(news.seconds, 1),
                    }
                )
            elif isinstance(news, Crashed):
                self.error(news.sentence)

        return listener


def _usual_duration(job_service: JobService, job: Job) -> str:
    """How long Mint usually takes for this, as far as this machine has seen it before."""
    usual = job_service.outlook(job).usual if job.phase is Phase.WORKING else None
    if usual is None or usual < 1:
        return ""
    return f" (usually {usual:.0f} s)" if usual < 90 else f" (usually {usual / 60:.0f} min)"


def job_record(job: Job, *, event: str = "job") -> dict[str, Any]:
    """A job for programs."""
    return {
        "event": event,
        "job": job.id,
        "kind": job.kind.value,
        "prompt": job.request.prompt,
        "name": job.request.name,
        "preset": job.request.preset.value,
        "mode": job.request.mode.value,
        "phase": job.phase.value,
        "state": presenter.state(job),
        "api": job.owner.origin if job.owner else None,
        "account": job.owner.account if job.owner else None,
        # null: there is no key, or it is not known whose it is
        "mine": {None: True, Hold.FOREIGN: False, Hold.UNKNOWN: None}[job.hold],
        "operation": job.operation.id if job.operation else None,
        "mint_url": job.operation.mint_url if job.operation else None,
        "credits": job.cost,
        "files": {kept.role.value: kept.path for kept in job.files},
        "notes": list(job.notes),
        "trouble": (
            {
                "cause": job.trouble.cause.value,
                "code": job.trouble.code,
                "message": job.trouble.sentence,
            }
            if job.trouble
            else None
        ),
    }


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
