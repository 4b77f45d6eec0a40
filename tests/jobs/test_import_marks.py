# SPDX-License-Identifier: GPL-3.0-or-later
"""An import that crashed its process is detected later, and its job is paused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job_values import Cause
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import import_marks
from mint_blender.jobs.storage.journal import JournalError
from mint_blender.message import Message

from .workflow_harness import a_job

ROOT = Path(__file__).parents[2]
DYING = """
import os, pathlib, signal, sys
from mint_blender.jobs.storage import import_marks
log = pathlib.Path(sys.argv[3])
with import_marks.importing(pathlib.Path(sys.argv[1]), sys.argv[2], str(log)):
    {then}
    os._exit(1)
"""


def in_another_process(
    then: str, home: Path, job_id: str = "ready", log: Path = Path("none")
) -> subprocess.Popen[bytes]:
    """Run code in a process that is in the middle of an import, and dies there, as Blender does."""
    command = [sys.executable, "-c", DYING.format(then=then), str(home), job_id, str(log)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


@pytest.fixture
def job_service(offline_job_service: JobService) -> JobService:
    """Return a job service with a ready result and no Mint."""
    offline_job_service.cache.add(replace(a_job(), id="ready", phase=Phase.READY))
    return offline_job_service


def marks(job_service: JobService) -> list[Path]:
    """Return the import marks on disk."""
    return list((job_service.home / "importing").glob("*"))


def test_a_killed_import_pauses_its_job(job_service: JobService) -> None:
    """The job stays ready with a message, and the mark is removed."""
    killed = in_another_process("os.kill(os.getpid(), signal.SIGKILL)", job_service.home)
    assert killed.wait() == -signal.SIGKILL
    assert len(marks(job_service)) == 1
    import_marks.note_crashes(job_service)
    job = job_service.job("ready")
    assert job.phase is Phase.READY and job.problem is not None
    assert (job.problem.cause, job.problem.code) == (Cause.IMPORT, "import_crashed")
    assert job.problem.message == import_marks.CRASHED
    assert marks(job_service) == []


def test_an_import_in_a_living_process_has_not_crashed(job_service: JobService) -> None:
    """Another Blender may be importing right now."""
    other = in_another_process("print(flush=True); __import__('time').sleep(60)", job_service.home)
    other.stdout.readline()
    import_marks.note_crashes(job_service)
    assert job_service.job("ready").problem is None and len(marks(job_service)) == 1
    other.kill()
    other.wait()
    import_marks.note_crashes(job_service)
    assert job_service.job("ready").problem is not None


@pytest.mark.parametrize("error", [None, ValueError])
def test_a_finished_import_leaves_no_mark(
    job_service: JobService, error: type[Exception] | None
) -> None:
    """The mark is removed after success and after failure."""
    try:
        with import_marks.importing(job_service.home, "ready"):
            assert len(marks(job_service)) == 1
            if error:
                raise error
    except ValueError:
        pass
    assert marks(job_service) == []


def test_a_mark_without_its_job_is_removed(job_service: JobService) -> None:
    """The job was dismissed meanwhile, or the mark cannot be read."""
    in_another_process("pass", job_service.home, "dismissed").wait()
    (job_service.home / "importing" / "odd.json").write_bytes(b"\xff{")
    import_marks.note_crashes(job_service)
    assert marks(job_service) == [] and job_service.job("ready").problem is None


def test_a_crash_is_recorded_later_when_the_journal_is_locked(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked journal stops nobody, and the mark is kept."""
    in_another_process("pass", job_service.home).wait()

    def locked(*_: object, **more: object) -> None:
        raise JournalError("The job journal is locked.")

    with monkeypatch.context() as patched:
        patched.setattr(job_service, "mark_import_failed", locked)
        import_marks.note_crashes(job_service)
    assert len(marks(job_service)) == 1
    import_marks.note_crashes(job_service)
    assert job_service.job("ready").problem is not None and marks(job_service) == []


@pytest.mark.covers("R-crash-log")
def test_the_crash_log_of_blender_is_named(job_service: JobService, tmp_path: Path) -> None:
    """The job says where the log is that was written after the import had begun."""
    log = tmp_path / "my scene.crash.txt"
    in_another_process("log.write_text('# backtrace')", job_service.home, log=log).wait()
    import_marks.note_crashes(job_service)
    job = job_service.job("ready")
    assert import_marks.crash_log_of(job) == str(log)
    assert job.problem.code == import_marks.CRASHED_CODE
    assert job.problem.message == f"{import_marks.CRASHED} Blender's crash log: {log}"
    kept = job_service.journal.job("ready")  # as it is read after a restart
    assert kept is not None and import_marks.crash_log_of(kept) == str(log)


@pytest.mark.parametrize("case", ["none", "earlier"])
def test_only_a_log_of_this_crash_counts(
    job_service: JobService, tmp_path: Path, case: str
) -> None:
    """A killed process writes no log, and that of an earlier crash explains nothing."""
    log = tmp_path / "blender.crash.txt"
    if case == "earlier":
        log.write_text("# of yesterday")
        before = time.time() - 60
        os.utime(log, (before, before))
    in_another_process("pass", job_service.home, log=log).wait()
    import_marks.note_crashes(job_service)
    job = job_service.job("ready")
    assert job.problem.message == import_marks.CRASHED
    assert import_marks.crash_log_of(job) == ""


def test_another_problem_has_no_crash_log(job_service: JobService) -> None:
    """Only a crash has one, whatever the values of the message are called."""
    assert import_marks.crash_log_of(job_service.job("ready")) == ""
    job_service.mark_import_failed("ready", Message("{crash_log} is odd", crash_log="a lamp"))
    assert import_marks.crash_log_of(job_service.job("ready")) == ""
