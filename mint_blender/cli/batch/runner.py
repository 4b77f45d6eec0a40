# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the lines of a batch, several at once, and write each result; `command` calls it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...application import results, session
from ...application.batch import line_jobs, result_files
from ...application.batch.line_jobs import RefusalCause
from ...application.batch.line_prices import LinePrices
from ...application.batch.made_elsewhere import (
    already_made,
    may_be_made_elsewhere,
    was_looked_for_in_vain,
)
from ...application.batch.options import Options
from ...application.offers import Offer
from ...jobs.batch_folder import finished_lines, line_files
from ...jobs.batch_lines import Line
from ...jobs.budget import batch_prices
from ...jobs.engine.task import StillUnreachable
from ...jobs.job import Job, asset_of, is_looking, is_unanswered
from ...jobs.job_values import Delivery, DeliveryResult
from ...jobs.paid_requests.record import of_line
from ...jobs.phases import HAS_RESULT, UNSUCCESSFUL, Phase
from ...jobs.presentation.job_view import duration
from ...jobs.service import JobService, NotPossible, TooExpensive
from ...mint.errors import MintError
from ...mint.schema import Asset, Kind
from .. import exits, reports
from ..exits import Exit
from ..jobs import was_interrupted
from ..prices import check_agreed
from ..terminal import Terminal
from . import contact_sheet
from .result_writer import ResultWriter

# statuses that `--skip-failed` leaves out
_SKIPPED = frozenset({Exit.FAILED, Exit.PREVIEW})
_STATUS = {
    RefusalCause.ACCOUNT: Exit.KEY,
    RefusalCause.ELSEWHERE: Exit.BUSY,
    RefusalCause.UNCLEAR: Exit.UNREACHABLE,
}
_UNFINISHED = "This line is not finished, and --rewrite starts nothing. Run the batch without it."
_LOST = "Another machine is now working on this folder. Nothing more is started here."


class LineReports:
    """Reports how each line has ended; its status counts for that of the command."""

    def __init__(self, options: Options, terminal: Terminal) -> None:
        self._options = options
        self._folder = options.folder
        self._terminal = terminal
        self._statuses: dict[int, Exit] = {}
        self._refusals: dict[int, str] = {}

    def _refuse(self, line: Line, sentence: str, status: Exit) -> None:
        self._terminal.error(f"line {line.number}: {sentence}", line=line.number)
        self._statuses[line.number] = status
        self._refusals[line.number] = sentence

    def _refuse_for(self, line: Line, error: Exception) -> None:
        has_status = isinstance(error, TooExpensive | MintError)
        self._refuse(line, str(error), exits.of_error(error) if has_status else Exit.FAILED)

    def _event(self, line: Line, job: Job) -> None:
        self._terminal.event(reports.result_record(job, line.number))

    def _write_record(self, line: Line, job: Job, motions: Sequence[Job] = ()) -> None:
        try:
            result_files.write_record(line, job, motions)
        except OSError as error:
            reason = error.strerror or error
            self._terminal.note(
                f"line {line.number}: Could not write its picture or record: {reason}."
            )

    def _is_done(self, line: Line) -> bool:
        return self._statuses.get(line.number) is Exit.DONE

    def _note_done(self, lines: list[Line], word: str) -> int:
        done = sum(map(self._is_done, lines))
        self._terminal.note(
            f"{done} of {len(lines)} lines are {word}. The files are in {self._folder}."
        )
        return done

    def _overall(self, lines: list[Line], job_of: Callable[[Line], Job | None]) -> Exit:
        """Return the first status that is not done.

        With `skip_failed`, what has failed at Mint or waits for a person there does not count.
        """
        for line in lines:
            status = self._statuses[line.number]
            job = job_of(line)
            is_stopped = job is not None and job.phase in UNSUCCESSFUL | {Phase.REVIEW}
            is_skipped = self._options.skip_failed and is_stopped
            if status not in ({Exit.DONE, *_SKIPPED} if is_skipped else {Exit.DONE}):
                return status
        return Exit.DONE


class BatchRun(LineReports):
    """One run over all lines of a batch."""

    def __init__(
        self,
        job_service: JobService,
        options: Options,
        terminal: Terminal,
        lines: list[Line],
        writer: ResultWriter,
    ) -> None:
        super().__init__(options, terminal)
        self._job_service = job_service
        self._writer = writer
        self._lines = self._chosen = lines
        self._batch = line_files.open_batch(options.folder, job_service.journal.mint_now())
        self._jobs, self._refused = line_jobs.load_jobs(job_service, options.folder, lines)
        if options.retry_failed:
            line_jobs.look_for_given_up(job_service, self._jobs)
        outputs = {
            job.id: Path(job.delivery.output) for job in self._jobs.values() if job.delivery.output
        }
        self._names = {path.stem for path in (*options.folder.iterdir(), *outputs.values())}
        self._written = {
            job.id
            for job in self._jobs.values()
            if job.phase is Phase.PLACED and job.id in outputs and outputs[job.id].is_file()
        }
        self._prices = LinePrices(job_service, options, self._job)
        self._budget = batch_prices.BatchBudget(None, batch_prices.Prices())
        self._total: float | None = None
        """The Credits that the lines of this run are expected to cost."""
        self._began = time.monotonic()
        self._active: dict[str, Line] = {}
        self._motions: dict[str, list[Job]] = {}  # of the lines whose model is here, by tag
        self._outdated = 0  # finished lines whose settings in the file have changed
        self._again = set[int]()  # lines that Mint may have started, and that were started again
        # returns whether another machine has taken over the folder
        self.is_lost: Callable[[], bool] = lambda: False

    def run(self, chosen: list[Line]) -> Exit:
        """Check the price of the chosen lines, run them, and return the exit status.

        `options.jobs` of them run at a time; results that are being written do not count.
        """
        limit = self._options.max_credits
        self._chosen = chosen
        again = self._options.rewrite
        unpaid = [] if again else self._prices.unpaid(self._allowed(chosen))
        if not self._options.start_again:
            new = [line for line in unpaid if may_be_made_elsewhere(self._job(line))]
            self._refused |= already_made(self._job_service, self._batch, new)
            unpaid = list(self._allowed(unpaid))
        bill = self._prices.bill(unpaid)
        if bill.lines:
            self._total = total = bill.total
            self._terminal.note(bill.summary)
            price = {"credits": bill.shown_total, "is_complete": total is not None}
            self._terminal.event({"event": "price", "lines": len(bill.lines), **price})
            if self._terminal.is_interactive and not self._options.yes:
                title = f"{len(bill.lines)} of {len(chosen)} lines to pay"
                available = session.available_credits(self._terminal.wait)
                check_agreed(Offer(title, total, available), self._terminal)
            elif limit is None:
                self._check_balance(total)
            self._prices.check(bill, limit)
        self._budget = batch_prices.BatchBudget(limit, bill.prices)
        self._follow()
        return self._conclude()

    def _allowed(self, lines: Iterable[Line]) -> Iterator[Line]:
        return (line for line in lines if line.tag not in self._refused)

    def _check_balance(self, total: float | None) -> None:
        """Say so if the account has too few Credits for all lines.

        Raises:
            TooExpensive: Nobody has decided that what can be paid is started.
        """
        if total is None:
            return
        available = session.available_credits(self._terminal.wait)
        if available is None or total <= available:
            return
        sentence = (
            f"The lines cost about {total:,.0f} Credits, and the account has {available:,.0f}."
        )
        if not self._options.yes:
            raise TooExpensive(
                f"{sentence} To start what can be paid: --yes, or a limit with --max-credits."
            )
        self._terminal.note(f"{sentence} Lines that cannot be paid wait.")

    def write_sheet(self, name: str) -> None:
        """Write the contact sheet if any line has a job; `name` is the batch file's name."""
        self._job_service.catch_up()
        if not self._jobs:
            return
        entries = []
        for line in self._lines:
            job = self._job(line)
            why = self._refusals.get(line.number)
            motions = self._known_motions(line, job)
            entry = result_files.report(line, job, why, motions, self._terminal.decision)
            entries.append(entry)
        contact_sheet.report_sheet(self._folder, name, entries, self._terminal, self._chosen)

    def _follow(self) -> None:
        waiting = iter(self._chosen)
        at_once = self._options.jobs
        with reports.progress_listener(self._terminal, self._job_service) as listener:
            while True:
                while self._busy() < at_once and (line := next(waiting, None)) is not None:
                    self._start_line(line)
                    self._take_written()
                self._take_written()
                if not self._active and not self._writer.is_busy:
                    return
                listener.display.summarize(self._summary())
                try:
                    listener(self._job_service.next_event())
                except StillUnreachable as error:
                    self._mark_unreachable(error)
                    return
                for job_id in [job_id for job_id in self._active if not self._runs(job_id)]:
                    self._end_active(job_id)
                    listener.display.hide(job_id)

    def _summary(self) -> str:
        """Return how far all lines are, in one line."""
        lines = len(self._chosen)
        running = self._busy()
        ended = [self._statuses.get(line.number) for line in self._chosen]
        done = ended.count(Exit.DONE)
        waiting = ended.count(Exit.PREVIEW) + ended.count(Exit.CREDITS)
        parts = [f"{done} of {lines} done", f"{running} running"]
        if waiting:
            parts.append(f"{waiting} waiting for you")
        spent = self._budget.spent(self._running_jobs())
        of = "" if self._total is None else f" of about {self._total:,.0f}"
        parts.append(f"{spent:,.0f}{of} Credits")
        passed = time.monotonic() - self._began
        over = len(ended) - ended.count(None)
        if over > 0 and None in ended:
            left = passed / over * ended.count(None)
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def _busy(self) -> int:
        """Return how many lines run; one that only waits to look into Mint's list hinders none."""
        jobs = map(self._job_service.job, self._active)
        return len({self._active[job.id].tag for job in jobs if not is_looking(job)})

    def _runs(self, job_id: str) -> bool:
        return self._job_service.is_active(job_id) and not self._job_service.is_stuck(job_id)

    def _mark_unreachable(self, error: StillUnreachable) -> None:
        """Stop the run: without the network no line can finish. Every job is kept."""
        self._terminal.error(str(error))
        for written in self._writer.rest():
            self._end_written(*written)
        for line in self._chosen:
            self._statuses.setdefault(line.number, Exit.UNREACHABLE)

    def _conclude(self) -> Exit:
        self._note_done(self._chosen, "done" if self._options.writes else "generated")
        if self._budget.is_exhausted:
            self._terminal.error(
                "The next line would have exceeded --max-credits. No more lines were started."
            )
            return Exit.CREDITS
        if self._outdated:
            lines = "line has" if self._outdated == 1 else "lines have"
            self._terminal.note(
                f"{self._outdated} finished {lines} other settings now. --rewrite applies them;"
                " this is free."
            )
        stopped = [self._job(line) for line in self._chosen if not self._is_done(line)]
        if any(job is not None and job.phase is Phase.BILLING for job in stopped):
            self._terminal.note(
                "Credits were missing. Buy some at platform.mint.gg/billing, then run the same"
                " command again."
            )
        elif stopped:
            self._terminal.note("Run the same command again to continue.")
        if any(job is not None and job.phase in UNSUCCESSFUL for job in stopped):
            self._terminal.note(
                "Failed lines are not retried automatically. Use --retry-failed (this costs Credits"
                " again)."
            )
        return self._overall(self._chosen, self._job)

    def _job(self, line: Line) -> Job | None:
        """Return the line's job in its current state, or None."""
        known = self._jobs.get(line.tag)
        return line_jobs.current_job(self._job_service, known) if known else None

    def _running_jobs(self) -> list[Job]:
        """Return the jobs of the lines that run, whose motions may be what runs of them."""
        lines = {line.tag: line for line in self._active.values()}
        return [job for line in lines.values() if (job := self._job(line)) is not None]

    def _start_line(self, line: Line) -> None:
        """Start a line, or resume the job of an earlier run."""
        if (refusal := self._refused.get(line.tag)) is not None:
            self._refuse(line, refusal.sentence, _STATUS[refusal.cause])
            return
        if self.is_lost():
            self._refuse(line, _LOST, Exit.BUSY)
            return
        if self._options.rewrite and not results.is_finished(self._job(line)):
            self._refuse(line, _UNFINISHED, Exit.BUSY)
            return
        needs_credits = self._prices.needs_credits(line)
        resumable = self._prices.resumable_job(line)
        priced = self._prices.to_pay(line)
        if needs_credits and not self._budget.allows(priced, self._running_jobs(), resumable):
            self._statuses[line.number] = Exit.CREDITS
            return
        before = self._job(line)
        try:
            job = self._start_or_resume(line)
        # A picture may be gone since the file was checked, or Mint cannot be asked for a price; the
        # other lines continue.
        except (NotPossible, MintError) as error:
            self._refuse_for(line, error)
            return
        if needs_credits:
            is_same = before is not None and before.id == job.id
            self._budget.begin(priced, job, before if is_same else None)
        if self._job_service.is_active(job.id):
            self._active[job.id] = line
        else:
            self._go_on(line, job)

    def _start_or_resume(self, line: Line) -> Job:
        job = self._job(line)
        if job is None or (job.phase is Phase.CANCELED and self._options.retry_failed):
            job = self._jobs[line.tag] = self._job_service.start(
                line.request,
                self._target(line),
                optimize=line.optimize,
                max_credits=line.max_credits,
                subject=of_line(self._batch.id, line.tag),
            )
            reports.note_line(job, self._terminal)
            return job
        job = self._with_files(line, job)
        if self._options.start_again and was_looked_for_in_vain(job):
            self._job_service.retry(job.id)
        elif was_interrupted(job) or job.phase is Phase.BILLING:
            self._job_service.resume(job.id)
        elif job.phase is Phase.REVIEW:
            self._job_service.look_again(job.id)
        elif job.phase is Phase.FAILED and self._options.retry_failed:
            self._job_service.retry(job.id)
        elif job.phase in HAS_RESULT and self._lacks_files(job):
            self._job_service.fetch_again(job.id)
        return job

    def _lacks_files(self, job: Job) -> bool:
        """Return whether Mint's files are needed, and gone or with another journal."""
        if finished_lines.are_on_disk(job) or (
            result_files.is_written(job) and not self._options.rewrite
        ):
            return False
        return self._options.writes or finished_lines.published(job, self._folder) is None

    def _target(self, line: Line) -> Delivery:
        """Return where a new line's files go: under a name not used in the folder."""
        title = line.title
        number = 1
        while title in self._names:
            title = f"{line.title}-{number + 1}"
            number = number + 1
        self._names.add(title)
        path = str(self._folder / title)
        render = f"{path}.png" if self._options.renders(line) else None
        return replace(
            line.delivery,
            output=f"{path}{line.suffix}",
            render=render,
            line=line_files.line_id(self._folder, line.tag),
        )

    def _with_files(self, line: Line, job: Job) -> Job:
        """Return the job of a line with its file, and with a picture if one is wanted now.

        Of what another machine started, no file is known. Both are free.
        """
        delivery = job.delivery
        if self._job_service.is_active(job.id):
            return job
        if delivery.output is None:
            delivery = self._target(line)
        elif self._options.renders(line) and not delivery.render:
            picture = replace(line.delivery, render=str(Path(delivery.output).with_suffix(".png")))
            delivery = result_files.with_picture_of(picture, delivery)
        if delivery == job.delivery:
            return job
        try:
            return self._job_service.set_delivery(job.id, delivery)
        except NotPossible:  # another process is working on it
            return job

    def _end_active(self, job_id: str) -> None:
        line = self._active.pop(job_id)
        job = line_jobs.current_job(self._job_service, self._jobs[line.tag])
        is_order = self._options.start_again and line.number not in self._again
        if is_order and was_looked_for_in_vain(job):
            self._again.add(line.number)
            self._budget.end(job)
            self._start_line(line)
        else:
            self._go_on(line, job)

    def _go_on(self, line: Line, job: Job) -> None:
        """End a line that has stopped, unless it has motions that are to follow, or run."""
        is_new = self._options.rewrite or not result_files.is_written(job)
        if line.motions and results.is_finished(job) and is_new and line.tag not in self._motions:
            try:
                self._motions[line.tag] = self._animate(line, job)
            except (NotPossible, MintError) as error:
                self._budget.end(job)
                self._refuse_for(line, error)
                return
            running = [motion for motion in self._motions[line.tag] if self._runs(motion.id)]
            self._active |= {each.id: line for each in running}
        if line.tag not in {each.tag for each in self._active.values()}:
            self._end(line, job)

    def _animate(self, line: Line, job: Job) -> list[Job]:
        """Return the motions of a line, ordered or continued; failed ones only if that is wanted.

        Raises:
            NotPossible: Another machine may have ordered them, or it is above a limit.
        """
        request = job.start_request
        service = self._job_service
        known = line_jobs.motions_of(service, self._options.folder, line, job)
        if all(map(results.is_finished, known)):
            return line_jobs.with_files(service, self._options.folder, filter(None, known))
        if self._options.rewrite:
            raise NotPossible(_UNFINISHED)
        if request is None or not request.attempts or request.is_copied:
            raise NotPossible(line_jobs.MOTIONS_ELSEWHERE)
        stopped = [each for each in known if each is not None and each.phase in UNSUCCESSFUL]
        if stopped and not self._options.retry_failed:
            return stopped
        asset = job.asset or Asset.from_json(Kind.MODEL, {"id": asset_of(job)})
        limit = self._prices.left_for_motions(line, job, asset.id)
        motions = service.animate(asset, line.motions, max_credits=limit)
        for motion in motions:
            if was_interrupted(motion) or motion.phase is Phase.BILLING:
                service.resume(motion.id)
        results.fetch_files_again(service, motions)
        return motions

    def _known_motions(self, line: Line, job: Job | None) -> list[Job]:
        return line_jobs.known_motions(self._job_service, self._options.folder, line, job)

    def _current_motions(self, line: Line) -> list[Job]:
        known = self._job_service.cache.get
        return [known(job.id) or job for job in self._motions.get(line.tag, ())]

    def _end(self, line: Line, job: Job) -> None:
        """End a line that has stopped at Mint, or have its files written."""
        self._budget.end(job)
        job = line_jobs.as_written_elsewhere(self._job_service, self._folder, job)
        motions = self._current_motions(line)
        stopped = next((motion for motion in motions if not results.is_finished(motion)), None)
        if stopped is None and not self._options.writes:
            self._publish(line, job)
        elif result_files.is_written(job):
            self._outdated += result_files.has_other_settings(line, job)
            self._event(line, job)
            self._conclude_line(line, job, Exit.DONE)
        elif is_unanswered(job):
            self._event(line, job)
            self._refuse(line, _started_perhaps(job), Exit.UNREACHABLE)
            reports.note_line(job, self._terminal)
        elif not reports.is_to_write(job):
            self._conclude_line(
                line, job, reports.report_job(job, self._terminal, line=line.number)
            )
        elif stopped is not None:
            status = reports.report_job(stopped, self._terminal, line=line.number)
            self._conclude_line(line, job, status)
        elif self.is_lost():
            self._refuse(line, _LOST, Exit.BUSY)
        else:
            if job.id in self._written:
                # the user may have changed that file since; only the picture is missing
                job = replace(job, delivery=replace(job.delivery, output=None))
            self._writer.add(line, job, motions)

    def _publish(self, line: Line, job: Job) -> None:
        """End a line by putting Mint's files where other machines can read them."""
        status = exits.of_job(job)
        if status is Exit.DONE and finished_lines.are_on_disk(job):
            try:
                finished_lines.publish(job, self._folder)
                if motions := self._current_motions(line):
                    finished_lines.publish_motions(job, motions, self._folder)
            except OSError as error:
                where = error.filename or "its files"
                self._refuse(
                    line, f"{where} cannot be copied: {error.strerror or error}.", Exit.IMPORT
                )
                return
        reports.report_job(job, self._terminal, line=line.number)
        self._conclude_line(line, job, status)

    def _take_written(self) -> None:
        if self.is_lost():
            for line in self._writer.drop_waiting():
                self._refuse(line, _LOST, Exit.BUSY)
        for line, job, result in self._writer.take():
            self._end_written(line, job, result)

    def _end_written(self, line: Line, job: Job, result: DeliveryResult) -> None:
        line_jobs.current_job(self._job_service, job)  # it may have been dismissed
        status = reports.report_written(
            self._job_service, job, self._terminal, result, line=line.number
        )
        self._conclude_line(line, job, status)

    def _conclude_line(self, line: Line, job: Job, status: Exit) -> None:
        self._statuses[line.number] = status
        current = line_jobs.current_job(self._job_service, job)
        reports.note_line(current, self._terminal)
        self._write_record(line, current, self._known_motions(line, current))


def _started_perhaps(job: Job) -> str:
    """Return what a person reads about a line that Mint may have started, and what to do."""
    found = "".join(f"\n  {reports.candidate_text(candidate)}" for candidate in job.candidates)
    is_missing = was_looked_for_in_vain(job)
    what = "nothing that is certainly its result" if is_missing else "something that looks like it"
    use = f" To use a result: resume {job.id} --use ID." if found else ""
    again = "--start-again" if is_missing else f"retry {job.id}"
    return (
        f"Mint may have started this line, and your library has {what}. The other lines go on."
        f"{use} To start the line again: {again} (this costs Credits again).{found}"
    )
