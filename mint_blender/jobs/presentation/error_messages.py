# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems of jobs, as messages for the user: what happened, and what to do."""

from __future__ import annotations

from dataclasses import replace

from ...files.errors import DownloadFailed, FileError, InvalidFile, LinkExpired, TooLarge
from ...message import Message, sentences
from ...mint import errors
from ...mint.retry import Polling
from ...mint.schema import Operation, OperationError
from ..job import Job
from ..job_values import LOOKING, UNANSWERED, Cause, Problem
from ..phases import Phase

# Mint's error codes (an open list) and what a user can do about each. Source: the contract,
# section 4.
_ADVICE = {
    "moderation_blocked": (
        Message(
            "Mint's moderation rejected the prompt or an image. Change it, then generate again."
        )
    ),
    "quota_blocked": (
        Message(
            "The account's quota is used up. Buy Credits or wait for the next period, then retry."
        )
    ),
    "invalid_generation_input": (
        Message("Mint could not use the prompt or an image. Change it, then generate again.")
    ),
    "transient_generation_failure": Message("Mint had a temporary problem. Retry."),
    "generation_interrupted": Message("The generation was interrupted at Mint. Retry."),
    "start_failed": Message("Mint could not start the generation. Retry."),
    "generation_failed": Message("The generation failed at Mint. Retry, or change the prompt."),
    "optimization_not_started": (
        Message("Mint could not start the optimization. Retry, or use the original file.")
    ),
    "optimization_failed": Message(
        "The optimization failed at Mint. You can use the original file."
    ),
}

# Advice for a refused file, whose own message knows no jobs. The file is paid for, so it is
# downloaded again, never generated again.
_DOWNLOAD_AGAIN = Message(
    "Resume downloads it again, at no cost. If the problem persists, write to hello@mint.gg."
)

_GENERIC = {"failed", "generation failed", "error", "unknown error", "internal error"}


def failed_work(operation: Operation) -> Problem:
    """Return the problem of an operation that has failed at Mint, with Mint's own explanation."""
    is_conversion = operation.type == "model_conversion"
    code = (
        operation.error.code
        if operation.error
        else "conversion_failed"
        if is_conversion
        else "generation_failed"
    )
    explanation = _explanation(operation.error)
    if is_conversion:
        advice = Message(
            "Mint could not convert the model ({code}). Retry, or choose another format.", code=code
        )
    else:
        advice = _ADVICE.get(
            code,
            Message(
                "The generation failed at Mint ({code}). Retry, or change the prompt.", code=code
            ),
        )
    if explanation:
        advice = Message("{advice} Mint says: {words}", advice=advice, words=explanation)
    return Problem(Cause.WORK, advice, code=code)


def _explanation(error: OperationError | None) -> str:
    """Return Mint's message, reason, guidance and moderation categories, without repetitions.

    Texts that say no more than "failed" are left out.
    """
    if error is None:
        return ""
    texts = [
        text.strip().rstrip(".") for text in (error.message, error.reason, error.guidance) if text
    ]
    useful = [f"{text}." for text in dict.fromkeys(texts) if text.lower() not in _GENERIC | {""}]
    categories = ", ".join(error.categories)
    named = Message("Categories: {categories}.", categories=categories) if categories else ""
    return sentences(" ".join(useful), named)


def billing(operation: Operation) -> Problem:
    """Return the problem that the operation needs Credits: how many, and where to buy them."""
    billing = operation.billing
    missing = billing.missing_credits if billing else None
    amount = (
        Message("more Credits")
        if missing is None
        else Message("{credits:,.0f} more Credits", credits=missing)
    )
    where = (billing.action_url if billing else None) or "platform.mint.gg/billing"
    return Problem(
        Cause.CREDITS,
        Message(
            "Mint needs {amount} to continue. Buy them at {where}, then resume.",
            amount=amount,
            where=where,
        ),
        code=billing.reason if billing else None,
    )


def with_long_wait(job: Job, polling: Polling) -> Job:
    """Return the job, with the problem that it takes longer than usual if `polling` is long.

    It stays in its phase, and is polled less often.
    """
    if not polling.is_slow:
        return job
    minutes = round(polling.intervals.slow_after / 60)
    message = Message(
        "Still running at Mint after {minutes} minutes. Checking continues once a minute;"
        " this is free.",
        minutes=minutes,
    )
    return replace(job, problem=Problem(Cause.PATIENCE, message, code="taking_long"))


def awaits_person(job: Job) -> Problem:
    """Return the problem of an asset that waits at Mint for an approval or a payment.

    Its operation is not known here, so neither can be sent from here.
    """
    message = Message(
        "This {kind} waits at Mint for you. Approve its Preview or buy Credits at mint.gg, then"
        " resume.",
        kind=job.kind,
    )
    return Problem(Cause.WORK, message, code="awaits_person")


def looking(seconds: float) -> Problem:
    """Return the problem of a request without an answer, before Mint's list is read."""
    message = Message(
        "Mint may have started this. Looking in your library in {minutes} minutes.",
        minutes=max(1, round(seconds / 60)),
    )
    return Problem(Cause.UNREACHABLE, message, code=LOOKING)


def unanswered(job: Job, is_complete: bool = True) -> Problem:
    """Return the problem of a request without an answer, of which nothing certain was found.

    Only a user can decide whether to pay for it again. `is_complete` is whether all of the library
    could be read.
    """
    if job.motion:
        message = Message(
            "Mint may have started this motion, and has no list that would show it. Starting it"
            " again costs Credits again if the first one was started."
        )
    elif job.candidates:
        message = Message(
            "Mint may have started this. If one of these is it, use it. Starting again costs"
            " Credits again."
        )
    elif not is_complete:
        message = Message(
            "Mint may have started this, but a part of your library could not be read. Look for it"
            " at mint.gg. Starting it again costs Credits again."
        )
    else:
        message = Message(
            "Mint may have started this, but it is not in your library. Looking again costs nothing"
            " more. Starting it again costs Credits again if the first one appears."
        )
    return Problem(Cause.UNREACHABLE, message, code=UNANSWERED)


def other_key(job: Job) -> Problem:
    """Return the problem of a request in doubt for which only another key's library was read."""
    message = Message(
        "Mint may have started this with another API key, so this library may not show it. Set"
        " that key and resume, or cancel this job."
    )
    if job.candidates:
        message = Message(
            "Mint may have started this with another API key, so this library may not show it. If"
            " one of these is it, use it. Otherwise set that key and resume, or cancel this job."
        )
    return Problem(Cause.UNREACHABLE, message, code="other_key")


STARTED_ELSEWHERE = Problem(
    Cause.REFUSED,
    Message(
        "Another machine has started this line of the batch. Nothing was sent. Run the batch again "
        "to continue what was started."
    ),
    code="started_elsewhere",
)
"""The problem of a batch line that another machine has started since it was queued."""

NAMED_ELSEWHERE = Problem(
    Cause.UNREACHABLE,
    Message(
        "The batch folder names a result for this line that is not its own, or that this account"
        " does not have. Look in your library. Retry starts the line, which costs Credits."
    ),
    code=UNANSWERED,
)
"""The problem of a batch line for which the folder names something else."""


def cannot_cancel(job: Job) -> str:
    """Return the note that Mint cannot cancel a job now, and what that costs."""
    if job.phase is Phase.REVIEW:
        return Message(
            "Mint cannot cancel this. It stays at its Preview and costs nothing more unless you "
            "approve it."
        )
    if job.phase is Phase.BILLING:
        return Message(
            "Mint cannot cancel this. It stays paused and costs nothing more unless you resume it."
        )
    return Message(
        "Mint cannot cancel this now. It continues, is paid for, and its result will be kept."
    )


def no_file(message: str) -> Problem:
    """Return the problem of a result without files, which is paid for and can be read again."""
    return Problem(
        Cause.FILE,
        Message(
            "{problem} Resume checks again, at no cost. If the problem persists, write to "
            "hello@mint.gg.",
            problem=message,
        ),
        code="no_file",
    )


def problem_of(error: errors.MintError | FileError) -> Problem:
    """Return the problem of a call or download that finally failed."""
    if isinstance(error, FileError):
        cause = (
            Cause.IMPORT
            if isinstance(error, InvalidFile) and error.kept is not None
            else Cause.FILE
        )
        return Problem(cause, sentences(str(error), *_file_advice(error)), code=error.code)
    code = error.problem.slug if isinstance(error, errors.ProblemError) else None
    return Problem(_cause(error), str(error), code=code, request_id=error.request_id)


def _file_advice(error: FileError) -> tuple[str, ...]:
    if isinstance(error, LinkExpired):
        return (Message("Resume does that."),)
    is_kept = isinstance(error, InvalidFile) and error.kept is not None
    is_refused = isinstance(error, DownloadFailed | TooLarge) and not error.retryable
    return (_DOWNLOAD_AGAIN,) if is_kept or is_refused else ()


def internal(error: Exception) -> Problem:
    """Return the problem of a bug in the add-on. The details are in the log."""
    kind = type(error).__name__
    return Problem(
        Cause.INTERNAL,
        Message(
            "The add-on failed unexpectedly ({error}). Nothing is lost. Resume; if it happens "
            "again, copy the report.",
            error=kind,
        ),
    )


def key_problem(error: errors.MintError) -> str | None:
    """Return why the API key is of no use, in a short sentence; None for any other error."""
    if isinstance(error, errors.KeyRefused):
        return Message("Mint does not accept this API key.")
    return str(error) if isinstance(error, errors.KeyMissing) else None


def _cause(error: errors.MintError) -> Cause:
    if isinstance(error, errors.KeyMissing | errors.KeyRefused):
        return Cause.KEY
    if isinstance(error, errors.CreditsNeeded):
        return Cause.CREDITS
    if error.retryable or isinstance(error, errors.Unreachable | errors.InvalidResponse):
        return Cause.UNREACHABLE
    return Cause.REFUSED
