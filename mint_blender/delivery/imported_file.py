# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain which of Mint's files of a model was imported."""

from __future__ import annotations

from pathlib import PurePath

from ..files.urls import same_file
from ..jobs.job import Job
from ..jobs.job_values import LocalFile, Role
from ..jobs.notes import NOT_OPTIMIZED_CODES, OPTIMIZED_CODES
from ..message import Message, message_of
from ..scene import notes as scene_notes

OPTIMIZED, ORIGINAL = "optimized", "original"

_ONLY_ORIGINAL = Message("The original file is used: there is no optimized one.")
_READABLE = Message("The optimized file is used: this Blender can read it.")


def variant(job: Job) -> str:
    """Return `optimized` or `original`; empty for a job without a model file."""
    model_file = job.file(Role.MODEL)
    if model_file is None:
        return ""
    assets = job.asset.assets if job.asset else None
    is_optimized = "optimized" in PurePath(model_file.path).name or (
        assets is not None and same_file(model_file.url, assets.optimized_glb_url)
    )
    return OPTIMIZED if is_optimized else ORIGINAL


def explanation(job: Job) -> str:
    """Return why this file was imported, as a sentence; empty without a model file."""
    model_file = job.file(Role.MODEL)
    if model_file is None:
        return ""
    not_optimized = next((note for note in job.notes if note.code in NOT_OPTIMIZED_CODES), None)
    reason = message_of(explain(model_file, variant(job), not_optimized))
    return reason if reason.code else reason.with_code("file_choice")


def note(job: Job) -> str:
    """Return the explanation if the user can do something about it or should know; else empty."""
    text = explanation(job)
    return "" if text in (_ONLY_ORIGINAL, _READABLE) else text


def faces_note(job: Job, before: int | None, after: int) -> Message | None:
    """Return how many faces an optimized model has, of those of the version that it replaces.

    Only once: what is placed again replaces itself.
    """
    if variant(job) != OPTIMIZED or job.has_note(*OPTIMIZED_CODES):
        return None
    if before is None:
        return scene_notes.note("optimized_alone", after=after)
    return scene_notes.note("optimized", after=after, before=before)


def explain(model_file: LocalFile, variant: str, note: str | None = None) -> str:
    """Return why a model file was chosen; `note` is the job's note about an original file."""
    if model_file.note:
        return model_file.note
    if variant == ORIGINAL:
        return note or _ONLY_ORIGINAL
    return _READABLE
