# SPDX-License-Identifier: GPL-3.0-or-later
"""Report the worker's events as progress for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...jobs.engine.thread_messages import Crashed, Event, JobChanged, Progress, RetryScheduled
from ...jobs.job import Job
from ...jobs.job_values import Cause
from ...jobs.phases import Phase
from ...jobs.presentation.job_view import JobView
from ...jobs.service import JobService
from .terminal import Display, Terminal


@contextmanager
def progress_listener(terminal: Terminal, job_service: JobService) -> Iterator[ProgressReporter]:
    """Yield a listener for the worker's events, and show progress while inside."""
    with terminal.progress() as display:
        yield ProgressReporter(terminal, job_service, display)


class ProgressReporter:
    """Shows each event of the worker: a changed state, a download, a retry, a crash."""

    def __init__(self, terminal: Terminal, job_service: JobService, display: Display) -> None:
        self._terminal = terminal
        self._job_service = job_service
        self.display = display
        self._shown: dict[str, str] = {}
        self._slow: set[str] = set()  # jobs reported as taking longer than usual

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, JobChanged):
            if job := self._job_service.cache.get(event.job_id):  # unless it was dismissed
                view = self._job_service.view(job)
                self._show_state(view)
                self._show_slow(view)
        elif isinstance(event, Progress):
            self._show_download(event)
        elif isinstance(event, RetryScheduled):
            self._show_retry(event)
        elif isinstance(event, Crashed):
            self._terminal.error(event.message)

    def _show_state(self, view: JobView) -> None:
        job = view.job
        if self._shown.get(job.id) == view.state:
            return
        self._shown[job.id] = view.state
        self.display.show(job.id, job.title, view.state + self._usual_duration(job))
        self._terminal.event(view.to_json(event="state"))

    def _show_slow(self, view: JobView) -> None:
        job, error = view.job, view.job.problem
        if error is None or error.cause is not Cause.PATIENCE or job.id in self._slow:
            return
        self._slow.add(job.id)
        self._terminal.note(f"{job.title}: {error.message}")
        self._terminal.event(view.to_json(event="state"))

    def _show_download(self, event: Progress) -> None:
        title = self._job_service.job(event.job_id).title
        text = f"Downloading the {event.role}"
        self.display.show(event.job_id, title, text, event.done, event.total)

    def _show_retry(self, event: RetryScheduled) -> None:
        title = self._job_service.job(event.job_id).title
        text = f"{event.message} Retrying in {event.seconds:.0f} s."
        self.display.show(event.job_id, title, text)
        self._terminal.event(
            {
                "event": "hitch",
                "job": event.job_id,
                "message": event.message,
                "seconds": round(event.seconds, 1),
            }
        )

    def _usual_duration(self, job: Job) -> str:
        """Return how long Mint usually takes for this, as far as earlier jobs show it."""
        usual = self._job_service.outlook(job).usual if job.phase is Phase.WORKING else None
        if usual is None or usual < 1:
            return ""
        return f" (usually {usual:.0f} s)" if usual < 90 else f" (usually {usual / 60:.0f} min)"
