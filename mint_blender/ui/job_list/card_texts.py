# SPDX-License-Identifier: GPL-3.0-or-later
"""What a card says of a job that depends on nothing but the job, in the user's language.

Jobs do not change (a changed one is another object), so each text is made once and not at each
drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from ...jobs.job import Job
from ...jobs.job_values import CONVERTED, Hold, Role
from ...jobs.phases import Phase, Verb
from ...jobs.presentation import presenter
from ...jobs.presentation.presenter import cached_by_identity
from ...jobs.service import JobService
from ...jobs.storage import import_marks
from ...message import Message
from ...scene.notes import OPTIMIZED_CODES
from ..translations import spoken, translated
from . import job_documents

# enough for a World with a note on each of its three parts, its RAD file and its orientation
_MOST_NOTES = 5
_SHORT_STATES = {Phase.PAUSED: Message("Paused"), Phase.FAILED: Message("Failed")}


@dataclass(frozen=True)
class CardTexts:
    """The texts of a job's card, and what else it shows of the job alone."""

    title: str
    state: str
    """Without its reason, which the card shows below."""
    cost: str
    problem: str
    notes: tuple[str, ...]
    """The latest notes, oldest first, without `version`."""
    version: str
    """How an optimized model differs from the original one, if it does."""
    picture: str | None
    """The path of the final picture, else of the newest Preview."""
    folder: str
    """Where the files of the result were saved; empty if it went into a scene."""
    saved: tuple[str, ...]
    """The names of these files."""
    crash_log: str
    """The path of the log that Blender wrote when it crashed while importing the result."""
    can_be_canceled: bool


def of(job: Job) -> CardTexts:
    """Return the texts of a job's card."""
    return _of(job, spoken())


def state(service: JobService, job: Job, texts: CardTexts) -> str:
    """Return the state without its reason, as it is with all other jobs in mind.

    Of a result that was made for another file, it names that file.
    """
    if job.phase is not Phase.WAITING or job.decision is not None or job.hold is not None:
        return made_for(job) or texts.state
    is_held_back = service.unfinished.is_held_back(job.id)
    is_slot_free = service.is_slot_free(job.kind)
    return translated(presenter.state(job, is_slot_free=is_slot_free, is_held_back=is_held_back))


def made_for(job: Job) -> str:
    """Return for which other file a result was made; empty if for the open or an unknown one."""
    file = job_documents.made_for(job) if job.phase is Phase.READY else ""
    return _made_for(file, spoken()) if file else ""


def with_time_left(state: str, seconds: float | None) -> str:
    """Return a state with the time that is left; None: it takes longer than usual."""
    return _with_time(state, _as_shown(seconds), spoken())


def time_left(seconds: float | None) -> str:
    """Return the time that is left alone."""
    return _time_alone(_as_shown(seconds), spoken())


def _as_shown(seconds: float | None) -> float | None:
    """Return a time as precise as it is shown, so that few texts are made."""
    if seconds is None:
        return None
    unit = 1 if seconds < 60 else 60
    return round(seconds / unit) * unit


def with_time_so_far(state: str, seconds: float) -> str:
    """Return a state with the time so far."""
    return translated(
        Message("{state}, {time}", state=state, time=presenter.duration(seconds)), spoken()
    )


@cached_by_identity
def _of(job: Job, language: str) -> CardTexts:
    verbs = presenter.verbs(job)
    version = next((note for note in job.notes if note.code in OPTIMIZED_CODES), "")
    notes = [note for note in job.notes if note.code not in OPTIMIZED_CODES]
    picture, saved = job.file(Role.PICTURE) or job.file(Role.PREVIEW), _saved(job)
    return CardTexts(
        title=_title(job, language),
        state=translated(_short_state(job), language),
        cost=translated(presenter.cost(job), language),
        problem=translated(job.problem.message, language) if job.problem else "",
        notes=tuple(translated(note, language) for note in notes[-_MOST_NOTES:]),
        version=translated(version, language),
        picture=picture.path if picture else None,
        folder=job.delivery.folder or str(PurePath(saved[0]).parent) if saved else "",
        saved=tuple(PurePath(path).name for path in saved),
        crash_log=import_marks.crash_log_of(job),
        can_be_canceled=Verb.CANCEL in verbs and job.decision is None,
    )


def _title(job: Job, language: str) -> str:
    """Return the title; a conversion has that of its model, so it names the formats too."""
    title = translated(job.title, language)
    formats = ", ".join(format.value.upper() for format in job.convert)
    return f"{title} ({formats})" if formats else title


def _saved(job: Job) -> list[str]:
    """Return the paths of the files that were saved for the user."""
    if job.phase is not Phase.PLACED:
        return []
    written = [each for each in (job.delivery.output, job.delivery.render) if each]
    return [kept.path for kept in job.files if kept.role in CONVERTED] or written


def _short_state(job: Job) -> str:
    if job.hold is Hold.FOREIGN:
        return Message("Other account")
    short = _SHORT_STATES.get(job.phase) if job.decision is None else None
    return short or presenter.state(job)


@lru_cache(maxsize=256)
def _made_for(file: str, language: str) -> str:
    return translated(Message("Ready: made for {file}", file=file), language)


@lru_cache(maxsize=256)
def _with_time(state: str, seconds: float | None, language: str) -> str:
    return translated(Message("{state}, {time}", state=state, time=_time_left(seconds)), language)


@lru_cache(maxsize=256)
def _time_alone(seconds: float | None, language: str) -> str:
    return translated(_time_left(seconds), language)


def _time_left(seconds: float | None) -> Message:
    if seconds is None:
        return Message("longer than usual")
    return Message("about {duration} left", duration=presenter.duration(seconds))
