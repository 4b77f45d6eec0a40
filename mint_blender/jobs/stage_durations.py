# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimate how long a stage takes, from earlier jobs on this computer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..mint.schema import Kind, Mode
from .job import Job
from .phases import Phase, Verb
from .presentation.presenter import cached_by_identity

Moves = Sequence[tuple[Phase, float]]

# Seconds from the start to the result, until there are jobs to measure: as measured in autumn 2026
# (Worlds 4 to 6 minutes, models about 4). How long a Preview takes is not known.
FIRST_GUESS: Mapping[str, float] = {Kind.WORLD.value: 300.0, Kind.MODEL.value: 240.0}
SAMPLES = 20  # the latest jobs show best how fast Mint is now


class Stage(NamedTuple):
    """A stage of the work at Mint: what is made, with which settings, and how it ends."""

    kind: str
    preset: str
    mode: str
    ends_in: Phase


class Outlook(NamedTuple):
    """How far the current stage is.

    `elapsed` are the seconds so far, `usual` the seconds that it usually takes (None: unknown).
    """

    elapsed: float
    usual: float | None

    @property
    def fraction(self) -> float | None:
        """0 to 0.97, since only Mint knows when it ends; None if unknown."""
        return None if not self.usual else min(0.97, self.elapsed / self.usual)

    @property
    def remaining(self) -> float | None:
        """Seconds left; None if unknown, or if it takes longer than usual."""
        return (
            None if self.usual is None or self.elapsed > self.usual else self.usual - self.elapsed
        )


@cached_by_identity
def stage_of(job: Job) -> Stage:
    """Return the stage that a job at Mint is in."""
    approved = job.decision is not None and job.decision.verb is Verb.APPROVE
    past_preview = approved or len(job.previews) > job.revision
    ends_in = Phase.FETCHING if job.request.mode is Mode.AUTO or past_preview else Phase.REVIEW
    return _stage(job, ends_in)


def usual_seconds(jobs: Sequence[Job], moves: Mapping[str, Moves]) -> dict[Stage, float]:
    """Return the median seconds of each stage over the latest jobs. `jobs` are newest first."""
    from statistics import median

    samples: dict[Stage, list[float]] = {}
    for job in jobs:
        for ends_in, seconds in _finished_stages(moves.get(job.id, ())):
            found = samples.setdefault(_stage(job, ends_in), [])
            if len(found) < SAMPLES:
                found.append(seconds)
    return {stage: median(found) for stage, found in samples.items()}


def outlook(job: Job, moves: Moves, usual: Mapping[Stage, float], *, now: float) -> Outlook:
    """Return how far a job at Mint is in its current stage. `now`: seconds since the epoch."""
    since = next((at for phase, at in reversed(moves) if phase is Phase.WORKING), job.created_at)
    stage = stage_of(job)
    guess = FIRST_GUESS.get(stage.kind) if stage.ends_in is Phase.FETCHING else None
    return Outlook(max(0.0, now - since), usual.get(stage, guess))


def _stage(job: Job, ends_in: Phase) -> Stage:
    return Stage(
        "conversion" if job.convert else job.kind.value,
        job.request.preset.value,
        job.request.mode.value,
        ends_in,
    )


def _finished_stages(moves: Moves) -> list[tuple[Phase, float]]:
    """Return how each stage at Mint ended, in a Preview or a result, and its seconds."""
    pairs = pairwise(moves)
    return [
        (ends, until - since)
        for (phase, since), (ends, until) in pairs
        if phase is Phase.WORKING and ends in {Phase.REVIEW, Phase.FETCHING}
    ]
