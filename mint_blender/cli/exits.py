# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit statuses, their meanings, and which error leads to which."""

from __future__ import annotations

import errno
import logging
from enum import IntEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..application.session import NotAllowedOnline, home
from ..jobs.diagnostics.log_file import NAME as LOG_FILE

if TYPE_CHECKING:
    from ..jobs.job import Job
    from ..message import Message

log = logging.getLogger(__name__)


class Exit(IntEnum):
    """Exit status of a command, fixed for scripts; `MEANINGS` describes each."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    KEY = 3
    CREDITS = 4
    UNREACHABLE = 5
    PREVIEW = 6
    IMPORT = 7
    BUSY = 8
    BROKEN = 9
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "the generation failed or was canceled, or Mint could not cancel it",
    Exit.USAGE: "wrong arguments",
    Exit.KEY: (
        "no key, or the key was refused or is not for the address in `MINT_API_BASE_URL`; the"
        " job or line belongs to another account"
    ),
    Exit.CREDITS: "more Credits are needed, or the price is above `--max-credits` or your limits",
    Exit.UNREACHABLE: (
        "Mint could not be reached for three minutes, or a download kept failing; the job is"
        " kept, and `resume` continues it. A batch stops as a whole; run the same command again"
        " to continue. Or Mint may have started something that is not certainly in your library:"
        " `resume` shows what to do; for lines of a batch, `--start-again` decides. Or the Dask"
        " cluster or its workers could not be reached"
    ),
    Exit.PREVIEW: "a Preview waits for approval",
    Exit.IMPORT: (
        "the result could not be imported into this Blender or written, or our own check"
        " refused the file; the files are always kept"
    ),
    Exit.BUSY: (
        "not now: another process or machine is working on the folder, the line or the job, or a"
        " line was not generated yet; run the command again later"
    ),
    Exit.BROKEN: (
        "something is wrong on this computer: the job journal or a file cannot be used, or"
        " `doctor` has found another problem than those above"
    ),
    Exit.INTERRUPTED: (
        "interrupted with Ctrl-C or SIGTERM; started jobs are kept, and `resume` continues them."
        " To continue a batch, run the same command again"
    ),
}
"""What each status means: for the help and the manual."""


class Refused(Exception):
    """Ends a command with a sentence; by default its arguments are wrong."""

    status = Exit.USAGE

    def __init__(self, sentence: str, status: Exit | None = None) -> None:
        super().__init__(sentence)
        self.status = self.status if status is None else status


def of_problem(problem: Message | None) -> Exit:
    """Return the exit status for a result that was written, or has a problem."""
    return Exit.DONE if problem is None else Exit.IMPORT


def of_job(job: Job) -> Exit:
    """Return the exit status for a job that has stopped."""
    from ..jobs.job_values import Cause
    from ..jobs.phases import BUSY, HAS_RESULT, Phase

    if job.phase in HAS_RESULT:
        return Exit.DONE
    if job.phase is Phase.REVIEW:
        return Exit.PREVIEW
    if job.phase is Phase.BILLING:
        return Exit.CREDITS
    if job.phase in BUSY:
        return Exit.BUSY
    if job.phase is Phase.PAUSED and job.problem is not None:
        by_cause = {
            Cause.KEY: Exit.KEY,
            Cause.CREDITS: Exit.CREDITS,
            Cause.UNREACHABLE: Exit.UNREACHABLE,
            Cause.FILE: Exit.UNREACHABLE,
            Cause.IMPORT: Exit.IMPORT,
        }
        return by_cause.get(job.problem.cause, Exit.FAILED)
    return Exit.FAILED


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def unusable_file(error: OSError) -> str:
    """Return what a person reads about a file that cannot be read or written."""
    advice = ""
    if error.errno in FULL:
        advice = " Free some space on its disk, then try again."
    elif error.errno in NOT_WRITABLE:
        advice = " Choose another place, or allow your user to write there, then try again."
    file = error.filename or "a file"
    reason = error.strerror or error
    return f"Cannot use {file}: {reason}.{advice} Jobs that were started are kept."


def sentence(error: Exception, what: str, resume: str) -> str:
    """Return what a person reads about an error of a command or tool; a bug is logged, too."""
    if is_expected(error):
        return str(error)
    log.error("%s", what, exc_info=error)
    if isinstance(error, OSError):
        return unusable_file(error)
    package = _missing_package(error)
    if package:
        return (
            f"This Python lacks the package {package}. Install it, then try again. Jobs that were"
            f" started are kept{resume}"
        )
    return (
        f"Unexpected error ({type(error).__name__}). The details are in"
        f" {home() / LOG_FILE}. Jobs that were started are kept{resume}"
    )


def _missing_package(error: Exception) -> str:
    """Return the name of the package that could not be imported; empty for any other error."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    package = (name or "").partition(".")[0]
    return package if package and find_spec(package) is None else ""


def is_expected(error: Exception) -> bool:
    """Return whether the message of an error says all that a person needs."""
    from ..jobs.service import NotPossible
    from ..jobs.storage.journal import JournalError
    from ..mint.errors import MintError

    expected = MintError | NotAllowedOnline | NotPossible | JournalError | Refused
    return isinstance(error, expected)


def of_error(error: Exception) -> Exit:
    """Return the exit status for an error that ended the command."""
    from ..jobs.service import NotPossible, OtherAccount, TooExpensive
    from ..mint import errors

    if isinstance(error, Refused):
        return error.status
    if isinstance(error, errors.KeyMissing | errors.KeyRefused | OtherAccount):
        return Exit.KEY
    if isinstance(error, errors.CreditsNeeded | TooExpensive):
        return Exit.CREDITS
    if isinstance(error, errors.Unreachable | errors.InvalidResponse | NotAllowedOnline) or getattr(
        error, "retryable", False
    ):
        return Exit.UNREACHABLE
    if isinstance(error, NotPossible) or type(error) is errors.MintError:
        return Exit.USAGE  # a malformed base URL raises a plain MintError
    return Exit.FAILED if isinstance(error, errors.MintError) else Exit.BROKEN
