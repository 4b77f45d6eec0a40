# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a job, the moves between them, and what a user may decide in each.

A job moves only along `MOVES`. Phases outside `BUSY` need no thread: they wait for a user, or are
over. Nothing that was paid for ends in FAILED: when Mint has (or may have) a result that cannot be
fetched, the job is PAUSED.

    WAITING ──> SENDING ──> WORKING ──> FETCHING ──> READY ──> PLACED
       ^           │         │    ^
       └─ no slot ─┘         v    │ approve, revise, resume
                          REVIEW, BILLING

Any of these may also end CANCELED, FAILED or PAUSED. A conversion goes the same way, but needs no
slot, and is PLACED as soon as its files are saved.
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """How far a job is."""

    WAITING = "waiting"  # for a free slot: nothing was sent yet
    SENDING = "sending"  # the start was sent, or its answer was lost
    WORKING = "working"  # queued or running at Mint
    REVIEW = "review"  # the Preview waits for approval
    BILLING = "billing"  # Credits are needed
    FETCHING = "fetching"  # Mint is done; the files are being downloaded
    READY = "ready"  # the files are here
    PLACED = "placed"  # the result is in a scene or a file
    PAUSED = "paused"  # stopped here; can be resumed
    FAILED = "failed"
    CANCELED = "canceled"


_AT_MINT = {
    Phase.WORKING,
    Phase.REVIEW,
    Phase.BILLING,
    Phase.FETCHING,
    Phase.FAILED,
    Phase.CANCELED,
    Phase.PAUSED,
}

MOVES: dict[Phase, frozenset[Phase]] = {
    Phase.WAITING: frozenset(
        {Phase.SENDING, Phase.FETCHING, Phase.CANCELED, Phase.PAUSED, Phase.FAILED}
    ),
    Phase.SENDING: frozenset(_AT_MINT | {Phase.WAITING}),
    Phase.WORKING: frozenset(_AT_MINT),
    Phase.REVIEW: frozenset(_AT_MINT),
    Phase.BILLING: frozenset(_AT_MINT | {Phase.SENDING}),
    Phase.FETCHING: frozenset({Phase.READY, Phase.PLACED, Phase.PAUSED, Phase.FAILED}),
    Phase.READY: frozenset({Phase.PLACED, Phase.FETCHING}),
    Phase.PLACED: frozenset({Phase.FETCHING}),
    # PLACED: a file that our check refused was imported anyway
    Phase.PAUSED: frozenset(_AT_MINT | {Phase.WAITING, Phase.SENDING, Phase.PLACED}),
    Phase.FAILED: frozenset(_AT_MINT | {Phase.WAITING}),
    Phase.CANCELED: frozenset(),
}


BUSY = frozenset({Phase.WAITING, Phase.SENDING, Phase.WORKING, Phase.FETCHING})
NEEDS_PERSON = frozenset({Phase.REVIEW, Phase.BILLING, Phase.PAUSED})
HOLDS_SLOT = frozenset({Phase.SENDING, Phase.WORKING})
HAS_RESULT = frozenset({Phase.READY, Phase.PLACED})
UNSUCCESSFUL = frozenset({Phase.CANCELED, Phase.FAILED})
"""Phases in which a job has ended without a result: only a retry sends anything more."""
ENDED = frozenset({Phase.PLACED, Phase.CANCELED, Phase.FAILED})
"""Phases in which nothing is left to do, unless a decision waits; `storage.tables` agrees."""


class Verb(StrEnum):
    """What a user may decide about a job."""

    APPROVE = "approve"
    REVISE = "revise"
    RESUME = "resume"
    RETRY = "retry"
    CANCEL = "cancel"


VERBS: dict[Phase, tuple[Verb, ...]] = {
    Phase.WAITING: (Verb.CANCEL,),
    Phase.SENDING: (Verb.CANCEL,),
    Phase.WORKING: (Verb.CANCEL,),
    Phase.REVIEW: (Verb.APPROVE, Verb.REVISE, Verb.CANCEL),
    Phase.BILLING: (Verb.RESUME, Verb.CANCEL),
    Phase.PAUSED: (Verb.RESUME, Verb.RETRY, Verb.CANCEL),  # retry only if `job.is_unanswered`
    Phase.FAILED: (Verb.RETRY,),
}


def may_decide(verb: Verb, phase: Phase, pending: Verb | None) -> bool:
    """Return whether a decision is possible in a phase, with another one pending.

    Only a cancel may replace a pending decision.
    """
    if pending is not None and (verb is not Verb.CANCEL or pending is Verb.CANCEL):
        return False
    return verb in VERBS.get(phase, ())


class IllegalMove(Exception):
    """A move that `MOVES` does not allow: a bug in our code."""
